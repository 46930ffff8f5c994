"""What an authorization profile asks for, independent of any vendor.

Standard library only: radiusd imports this.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Access(StrEnum):
    """ISE's access type."""

    ACCEPT = "accept"
    REJECT = "reject"


class Timer(StrEnum):
    """Timers that are not a fixed duration."""

    COMPLIANCE = "compliance"  # the time left until the compliance record is due
    NONE = "none"  # no timer at all


@dataclass(frozen=True, slots=True)
class AuthorizationProfile:
    """One `[profiles.NAME]` table.

    `vlan`: id 1..4094 as digits, or a VLAN name; `vlan_tag`: 0 (untagged) to 31. `dacl` names a file of the
    dacls directory. A duration is seconds. `vpn_session_timeout` is apart from `reauthentication`, because a
    headend ends the session with it (ise.md section 5.7).
    """

    name: str
    access: Access = Access.ACCEPT
    vlan: str = ""
    vlan_tag: int = 1
    dacl: str = ""
    filter_id: str = ""
    reauthentication: Timer | float = Timer.COMPLIANCE
    vpn_session_timeout: Timer | float = Timer.NONE
    reply_message: str = ""
