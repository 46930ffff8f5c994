"""What a downloadable ACL is for, how it writes address ranges, and the two ways in which one is refused.

Standard library only: radiusd imports this.
"""

from __future__ import annotations

from enum import StrEnum

from ..errors import MdmError


class AclType(StrEnum):
    """ISE's dACL types IPV4, IPV6 and IP_AGNOSTIC; the file's suffix tells which."""

    IPV4 = "ip"
    IPV6 = "ipv6"
    AGNOSTIC = "agnostic"  # names no address, so one ACL serves both

    @property
    def suffix(self) -> str:
        """How its file's name ends."""
        return ".acl" if self is AclType.IPV4 else f".{self.value}.acl"


class MaskStyle(StrEnum):
    """How a vendor family writes IPv4 ranges, and with it the dialect in which it writes ACEs.

    `WILDCARD`: Cisco IOS and IOS-XE, `10.0.0.0 0.0.0.255` (IP Access Lists configuration guide).
    `NETMASK`: Cisco ASA and FTD, `10.0.0.0 255.255.255.0` (ASA firewall CLI guide, Access Control Lists).
    """

    WILDCARD = "wildcard"
    NETMASK = "netmask"

    @property
    def dialect(self) -> str:
        """The operating system that writes it, for messages."""
        return "IOS" if self is MaskStyle.WILDCARD else "ASA"


class DaclError(MdmError):
    """A downloadable ACL can't be served in this dialect; the text says which line and why."""


class Refused(ValueError):
    """A line that can't be served: `what` is wrong, what is `allowed`. `line` is 0 where the caller knows it.

    `hint`: the next step where that is not to mend the line.
    """

    def __init__(self, what: str, allowed: str, line: int = 0, hint: str = "") -> None:
        self.what = what
        self.allowed = allowed
        self.line = line
        self.hint = hint
        super().__init__(f"{what}; allowed: {allowed}")
