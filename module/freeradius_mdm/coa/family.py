"""How each vendor family is told of a change. The data is in families.toml."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from .attributes import KNOWN, Attribute, PacketError, encode
from .packet import Code

DATA = Path(__file__).with_name("families.toml")
_LINE = re.compile(r"([A-Za-z0-9-]+) = (\S.*)")
_KEYS = {"packet", "attributes", "identify", "sends_profile", "takes", "bare_nak"}
_PACKETS = {"coa": Code.COA_REQUEST, "disconnect": Code.DISCONNECT_REQUEST}


class Action(StrEnum):
    """What a device can be asked to do with a session; the keys of families.toml."""

    REAUTHENTICATE = "reauthenticate"  # by the method used last, without interruption
    REAUTHENTICATE_RERUN = "reauthenticate_rerun"  # from the first method on
    PUSH = "push"  # the new attributes are in the request itself
    DISCONNECT = "disconnect"
    BOUNCE = "bounce"  # the port goes down for some seconds, so that the endpoint asks for an address again


class Identifier(StrEnum):
    """What names a session; `NAS` is one of several that name the network device."""

    USER_NAME = "user-name"
    NAS = "nas"
    NAS_IDENTIFIER = "nas-identifier"
    NAS_PORT = "nas-port"
    NAS_PORT_ID = "nas-port-id"
    CALLING_STATION_ID = "calling-station-id"
    CALLED_STATION_ID = "called-station-id"
    ACCT_SESSION_ID = "acct-session-id"
    AUDIT_SESSION_ID = "audit-session-id"
    FRAMED_IP_ADDRESS = "framed-ip-address"


@dataclass(frozen=True, slots=True)
class Way:
    """One way to name a session: all of `needed` must be known, `wanted` are sent where they are."""

    needed: tuple[Identifier, ...]
    wanted: tuple[Identifier, ...]


@dataclass(frozen=True, slots=True)
class Procedure:
    """How a device is asked for one action."""

    code: Code
    attributes: tuple[Attribute, ...]
    ways: tuple[Way, ...]
    sends_profile: bool = False
    takes: frozenset[str] | None = None  # None: every attribute of the new set
    bare_nak_is_gone: bool = False  # a NAK without Error-Cause can only mean that there is no such session


@dataclass(frozen=True, slots=True)
class CoaFamily:
    """One vendor family. `verified`: run against that device or its own software. `on_change`: best first."""

    name: str
    title: str
    verified: bool
    source: str
    port: int
    on_change: tuple[Action, ...]
    procedures: Mapping[Action, Procedure]


def read(file: Path = DATA) -> Mapping[str, CoaFamily]:
    """Every family by name. Raises ValueError, naming the table, for data that can't be used."""
    families = {}
    for name, table in tomllib.loads(file.read_text(encoding="utf-8")).items():
        try:
            families[name] = _family(name, dict(table))
        except (KeyError, TypeError, ValueError, PacketError) as error:
            raise ValueError(f"{file}: [{name}]: {error}") from error
    return MappingProxyType(families)


def _family(name: str, table: dict[str, object]) -> CoaFamily:
    procedures = {Action(key): _procedure(value) for key, value in table.items() if isinstance(value, dict)}
    port, on_change = table["port"], table["on_change"]
    if not isinstance(port, int) or not isinstance(on_change, list):
        raise TypeError("port is no number, or on_change no list")
    actions = tuple(map(Action, on_change))
    if missing := [action.value for action in actions if action not in procedures]:
        raise ValueError(f"on_change names {', '.join(missing)}, which is not described")
    allowed = {"title", "verified", "source", "port", "on_change", *procedures}
    if unknown := sorted(set(table) - allowed):
        raise ValueError(f"{', '.join(unknown)}: no such key")
    return CoaFamily(
        name, str(table["title"]), table["verified"] is True, str(table["source"]), port, actions, procedures
    )


def _procedure(table: Mapping[str, object]) -> Procedure:
    if unknown := sorted(set(table) - _KEYS):
        raise ValueError(f"{', '.join(unknown)}: no such key of an action")
    attributes, identify, takes = table.get("attributes", []), table["identify"], table.get("takes")
    if not isinstance(attributes, list) or not isinstance(identify, list) or not identify:
        raise TypeError("attributes and identify are lists, and identify is not empty")
    return Procedure(
        _PACKETS[str(table["packet"])],
        tuple(map(_attribute, attributes)),
        tuple(map(_way, identify)),
        table.get("sends_profile") is True,
        frozenset(map(str, takes)) if isinstance(takes, list) else None,
        table.get("bare_nak") == "gone",
    )


def _attribute(line: str) -> Attribute:
    found = _LINE.fullmatch(line)
    if found is None or found[1] not in KNOWN:
        raise ValueError(f"{line!r} is no attribute: NAME = VALUE, with a name from attributes.py")
    attribute = Attribute(found[1], found[2])
    encode(attribute)  # a value that can't be sent is found now
    return attribute


def _way(names: Sequence[str]) -> Way:
    needed = tuple(Identifier(name) for name in names if not name.endswith("?"))
    if not needed:
        raise ValueError("a way to identify a session needs at least one identifier that is mandatory")
    return Way(needed, tuple(Identifier(name[:-1]) for name in names if name.endswith("?")))


FAMILIES = read()
