"""Vendor families: which results each can express, and by which attributes. The data is in families.toml.

Standard library only: radiusd imports this.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

from ..dacl import MaskStyle
from ..nas_kind import NasKind
from ..reply import Operator
from .model import Result

PROFILE_TAG = -1
DATA = Path(__file__).with_name("families.toml")
_LINE = re.compile(r"(?P<name>[A-Za-z0-9-]+)(?::(?P<tag>\{tag\}|0))? (?P<operator>:=|\+=) (?P<value>\S.*)")


@dataclass(frozen=True, slots=True)
class Template:
    """One attribute of a result: `value` holds placeholders in braces.

    `tag`: that of a tunnel attribute, PROFILE_TAG for the one the profile gives; None for an attribute without.
    """

    name: str
    tag: int | None
    operator: Operator
    value: str

    @classmethod
    def parse(cls, line: str) -> Template:
        """From `NAME := VALUE`, `NAME += VALUE` or `NAME:{tag} := VALUE`; raises ValueError for anything else."""
        found = _LINE.fullmatch(line)
        if found is None:
            raise ValueError(f"{line!r} is no attribute: NAME := VALUE, NAME += VALUE or NAME:{{tag}} := VALUE")
        tag = {None: None, "0": 0, "{tag}": PROFILE_TAG}[found["tag"]]
        return cls(found["name"], tag, Operator(found["operator"]), found["value"])


@dataclass(frozen=True)
class Family:
    """One vendor family.

    `verified`: its results were compared on the wire with a document or a capture; else they are data that waits for
    one. `masks`: how the family writes address ranges in an ACE, None when it takes no ACEs from RADIUS.
    `unified_acls`: one ACL is for IPv4 and IPv6 alike. `longest`: bytes of a result's name, where it is not the usual.
    """

    name: str
    title: str
    verified: bool
    source: str
    kinds: frozenset[NasKind]
    masks: MaskStyle | None
    unified_acls: bool
    results: Mapping[Result, tuple[Template, ...]]
    longest: Mapping[Result, int]

    @cached_property
    def is_vpn(self) -> bool:
        """True for a family that is nothing but VPN headends."""
        return self.kinds == {NasKind.VPN}


def read(file: Path = DATA) -> Mapping[str, Family]:
    """Every family by name. Raises ValueError, naming the table, for data that can't be used."""
    tables = tomllib.loads(file.read_text(encoding="utf-8"))
    families = {}
    for name, table in tables.items():
        try:
            families[name] = _family(name, table)
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{file}: [{name}]: {error}") from error
    return MappingProxyType(families)


def _family(name: str, table: Mapping[str, object]) -> Family:
    results = table["results"]
    if not isinstance(results, dict):
        raise TypeError("results is no table")
    kinds = table["kinds"]
    longest = table.get("longest", {})
    return Family(
        name=name,
        title=str(table["title"]),
        verified=table["verified"] is True,
        source=str(table["source"]),
        kinds=frozenset(NasKind(kind) for kind in kinds) if isinstance(kinds, list) else frozenset(),
        masks=MaskStyle(str(table["masks"])) if "masks" in table else None,
        unified_acls=table.get("unified_acls") is True,
        results={Result(key): tuple(map(Template.parse, lines)) for key, lines in results.items()},
        longest={Result(key): int(value) for key, value in longest.items()} if isinstance(longest, dict) else {},
    )


FAMILIES = read()
