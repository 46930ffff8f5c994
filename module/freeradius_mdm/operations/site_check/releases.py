"""The release of FreeRADIUS and its traps: the data is in releases.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..codes import OperationCode
from .finding import Finding, Findings, State
from .freeradius import FreeRadius

DATA = Path(__file__).with_name("releases.toml")
RADSEC = "radsec"
_NEEDS = ("", RADSEC)


@dataclass(frozen=True, slots=True)
class Trap:
    """What some releases do. `since`, `before`: version numbers, () for no limit; `needs`: what of a site it is in."""

    name: str
    since: tuple[int, ...]
    before: tuple[int, ...]
    state: State
    text: str
    advice: str
    source: str
    needs: str = ""

    def is_in(self, version: tuple[int, ...]) -> bool:
        """Whether that release has it."""
        return self.since <= version and (not self.before or version < self.before)


def read(file: Path = DATA) -> tuple[Trap, ...]:
    """Every trap, in the file's order. Raises ValueError, naming the table, for data that can't be used."""
    found = []
    for name, table in tomllib.loads(file.read_text(encoding="utf-8")).items():
        try:
            found.append(_trap(name, table))
        except (KeyError, ValueError) as error:
            raise ValueError(f"{file}: [{name}]: {error}") from error
    return tuple(found)


def _trap(name: str, table: Mapping[str, Any]) -> Trap:
    unknown = set(table) - {"from", "before", "state", "text", "advice", "source", "needs"}
    if unknown:
        raise ValueError(f"{', '.join(sorted(unknown))} means nothing here")
    trap = Trap(
        name=name,
        since=_version(table.get("from", "")),
        before=_version(table.get("before", "")),
        state=State(table["state"]),
        text=table["text"],
        advice=table.get("advice", ""),
        source=table["source"],
        needs=table.get("needs", ""),
    )
    if (trap.state is not State.OK) is not bool(trap.advice):
        raise ValueError("a warning or an error has advice, and nothing else has")
    if trap.needs not in _NEEDS:
        raise ValueError(f"needs = {trap.needs!r}")
    return trap


def check(server: FreeRadius, *, radsec: bool) -> Iterator[Finding]:
    """The release, and each of its traps. `radsec`: a listener of this site uses TLS."""
    name = Findings("release.version", OperationCode.SITE_RELEASE)
    if not server.version:
        yield name.error(
            f"{' '.join(server.command)} -v does not tell its version: {server.banner or 'it says nothing'}",
            "name the program: mdmctl check --radiusd PROGRAM",
        )
        return
    yield name.ok(f"FreeRADIUS {server.release} ({' '.join(server.command)})")
    for trap in TRAPS:
        if trap.is_in(server.version) and (trap.needs != RADSEC or radsec):
            code = "" if trap.state is State.OK else OperationCode.SITE_RELEASE.value
            yield Finding(f"release.{trap.name}", trap.state, trap.text, "", trap.advice, code)


def _version(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split("."))) if text else ()


TRAPS = read()
