"""The names under which network devices ask for ACLs. Standard library only: radiusd imports this.

Source: captured Access-Accepts of ISE (ise.md section 5.1): `#ACSACL#-IP-<name>-<version>`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .kinds import AclType

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,59}")
ALLOWED_NAME = "letters, digits, '_', '-' and '.', at most 60 characters; case matters"
PREFIX = "#ACSACL#"
_WORDS = {AclType.IPV4: "IP", AclType.IPV6: "IPV6"}
_WIRE = re.compile(rf"{PREFIX}-(IP|IPV6)-({NAME.pattern})-([0-9a-f]{{8}})")


@dataclass(frozen=True, slots=True)
class WireName:
    """A name taken apart. `type` is IPV4 or IPV6; an agnostic ACL has a wire name of each."""

    type: AclType
    name: str
    version: str


def wire_name(type_: AclType, name: str, version: str) -> str:
    """The name under which a network device asks for the ACL. `type_` is IPV4 or IPV6."""
    return f"{PREFIX}-{_WORDS[type_]}-{name}-{version}"


def parse_wire_name(text: str) -> WireName | None:
    """None for anything that `wire_name` can't have made."""
    found = _WIRE.fullmatch(text)
    if found is None:
        return None
    return WireName(AclType.IPV4 if found[1] == "IP" else AclType.IPV6, found[2], found[3])


def av_prefix(type_: AclType) -> str:
    """What stands before `#NUMBER=` in the Cisco-AVPair of an entry."""
    return "ipv6:inacl" if type_ is AclType.IPV6 else "ip:inacl"
