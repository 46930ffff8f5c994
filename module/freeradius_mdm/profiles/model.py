"""What an authorization profile asks for, independent of any vendor.

Standard library only: radiusd imports this.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ..free_attributes import FreeAttribute


class Access(StrEnum):
    """ISE's access type."""

    ACCEPT = "accept"
    REJECT = "reject"


class Timer(StrEnum):
    """Timers that are not a fixed duration."""

    COMPLIANCE = "compliance"  # the time left until the compliance record is due
    NONE = "none"  # no timer at all


class Connectivity(StrEnum):
    """What becomes of the session while it reauthenticates: ISE's RADIUS_REQUEST and DEFAULT."""

    MAINTAIN = "maintain"
    TERMINATE = "terminate"


class DaclDelivery(StrEnum):
    """How an ACL gets to the network device."""

    DOWNLOAD = "download"  # the device fetches it by its name
    PER_USER = "per-user"  # every entry stands in the Access-Accept


class Result(StrEnum):
    """Everything a profile can ask for, in the order in which it goes out: ACLs in full come last."""

    VLAN = "vlan"
    DACL = "dacl"
    DACL_IPV6 = "dacl_ipv6"
    FILTER_ID = "filter_id"
    AIRESPACE_ACL = "airespace_acl"
    ROLE = "role"
    GROUP_POLICY = "group_policy"
    VPN_VLAN = "vpn_vlan"
    REAUTHENTICATION = "reauthentication"
    REAUTHENTICATION_TERMINATE = "reauthentication_terminate"
    VPN_SESSION_TIMEOUT = "vpn_session_timeout"
    IDLE_TIMEOUT = "idle_timeout"
    SGT = "sgt"
    VOICE = "voice"
    INTERFACE_TEMPLATE = "interface_template"
    REDIRECT = "redirect"
    PER_USER_ACL = "per_user_acl"
    PER_USER_ACL_IPV6 = "per_user_acl_ipv6"


# These mean nothing to a VPN headend, and the last ones nothing to a switch (ise.md section 5.7). The timers are not
# here: which of them applies is told by the kind of access.
NOT_ON_VPN = frozenset({Result.VLAN, Result.AIRESPACE_ACL, Result.VOICE, Result.INTERFACE_TEMPLATE})
ONLY_ON_VPN = frozenset({Result.GROUP_POLICY, Result.VPN_VLAN})


@dataclass(frozen=True, slots=True)
class Results:
    """What one profile gives on one family of network devices.

    `vlan`: id 1..4094 as digits, or a VLAN name; `vlan_tag`: 0 (untagged) to 31. `dacl`, `dacl_ipv6`: names of files
    in the dacls directory. `sgt`: security group tag, 2..65519. A duration is seconds. `vpn_session_timeout` is
    apart from `reauthentication`, because a headend ends the session with it (ise.md section 5.7).
    `attributes`: free ones, checked when the configuration is read.
    """

    vlan: str = ""
    vlan_tag: int = 1
    dacl: str = ""
    dacl_ipv6: str = ""
    dacl_delivery: DaclDelivery = DaclDelivery.DOWNLOAD
    filter_id: str = ""
    airespace_acl: str = ""
    role: str = ""
    group_policy: str = ""
    vpn_vlan: int = 0
    reauthentication: Timer | float = Timer.COMPLIANCE
    connectivity: Connectivity = Connectivity.MAINTAIN
    vpn_session_timeout: Timer | float = Timer.NONE
    idle_timeout: float = 0
    sgt: int = 0
    voice: bool = False
    interface_template: str = ""
    redirect_acl: str = ""
    redirect_url: str = ""  # ENROLMENT, or an https address with {session} and {mac}
    attributes: tuple[FreeAttribute, ...] = ()

    @property
    def timer(self) -> Result | None:
        """The result that carries the reauthentication timer; None without one."""
        if self.reauthentication is Timer.NONE:
            return None
        maintained = self.connectivity is Connectivity.MAINTAIN
        return Result.REAUTHENTICATION if maintained else Result.REAUTHENTICATION_TERMINATE


ENROLMENT = "enrolment"  # the address the MDM server gives for it


@dataclass(frozen=True, slots=True)
class AuthorizationProfile:
    """One `[profiles.NAME]` table, with its results for each family it serves, by the family's name."""

    name: str
    access: Access = Access.ACCEPT
    reply_message: str = ""
    results: Mapping[str, Results] = field(default_factory=dict)
