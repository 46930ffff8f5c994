"""A faulty mdm.toml: mdmd and radiusd go on with the one before, and what they do has to stay in sight.

Of the file only the place of the store is believed, and only where it is beyond doubt.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from ..config.model import Config, Mode, NetworkDevices, Policy, Service
from ..profiles.family import FAMILIES

_STATE_DIRECTORY = Path("/var/lib/freeradius-mdm")  # as in config/reader.py
_LISTEN = ("127.0.0.1", 8650)
_WAIT = 2.0
_KEY = re.compile(r"^\s*(?:service\s*\.\s*)?state_directory\s*=\s*(.*)$", re.MULTILINE)
_VALUE = re.compile(r"""(?:"([^"\\]+)"|'([^']+)')\s*(?:#.*)?""")


@dataclass(frozen=True, slots=True)
class FaultyConfig(Config):
    """Only `file` and, of `service`, the state directory and the address are to be believed; nothing else is known."""


def faulty_config(file: Path) -> FaultyConfig | None:
    """What can be told of a configuration that has errors; None when the place of the store can't."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    directory = _state_directory(text)
    if directory is None:
        return None
    host, port = _listen(text)
    family = next(iter(FAMILIES.values()))
    return FaultyConfig(
        file=file,
        service=Service(host, port, file.parent / directory, _WAIT, audit_required=False),
        servers=(),
        identity=(),
        policy=Policy(Mode.ENFORCE, None, "", ()),
        profiles={},
        dacls={},
        network_devices=NetworkDevices(family, None, {}),
    )


def _listen(text: str) -> tuple[str, int]:
    """Where mdmd may be asked whether it runs; the usual address in doubt."""
    try:
        host, _, number = str(tomllib.loads(text)["service"]["listen"]).rpartition(":")
        return (host.strip("[]"), int(number)) if host and 0 < int(number) < 65536 else _LISTEN
    except (ValueError, RecursionError, KeyError, TypeError):
        return _LISTEN


def _state_directory(text: str) -> Path | None:
    try:
        service = tomllib.loads(text).get("service", {})
    except (ValueError, RecursionError):
        return _by_its_line(text)
    named = service.get("state_directory", str(_STATE_DIRECTORY)) if isinstance(service, dict) else None
    return Path(named) if isinstance(named, str) and named.strip() else None


def _by_its_line(text: str) -> Path | None:
    """Of a text that is no TOML: a line that can be read by itself, or none at all, which means the usual place."""
    lines = _KEY.findall(text)
    if not lines:
        return _STATE_DIRECTORY if "state_directory" not in _without_comments(text) else None
    found = _VALUE.fullmatch(lines[0].strip())
    return Path(found[1] or found[2]) if found is not None and len(lines) == 1 else None


def _without_comments(text: str) -> str:
    return "\n".join(line.partition("#")[0] for line in text.splitlines())
