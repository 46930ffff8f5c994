"""Results on the wire as ise.md section 5 has them."""

from __future__ import annotations

import pytest

from freeradius_mdm.profiles.cisco_ios_xe import results
from freeradius_mdm.profiles.model import AuthorizationProfile
from freeradius_mdm.reply import List, encode
from freeradius_mdm.request import NasKind

DACLS = {"PERMIT-ALL": "57e5bcbd"}
Encoded = list[tuple[str, str, str]]
TIMER: Encoded = [("Session-Timeout", ":=", "28800"), ("Termination-Action", ":=", "RADIUS-Request")]


def sent(profile: AuthorizationProfile, kind: NasKind = NasKind.WIRED, timer: int | None = None) -> Encoded:
    return list(encode({List.REPLY: results(profile, kind, timer, DACLS)}).get("reply", ()))


@pytest.mark.parametrize(
    ("profile", "timer", "expected"),
    [
        # Section 5.1, the captured Accept: tag 1 on all three, and both attributes of the timer.
        (
            AuthorizationProfile("P", vlan="663"),
            28800,
            [
                ("Tunnel-Type:1", ":=", "VLAN"),
                ("Tunnel-Medium-Type:1", ":=", "IEEE-802"),
                ("Tunnel-Private-Group-Id:1", ":=", "663"),
                *TIMER,
            ],
        ),
        # Untagged, and a name.
        (
            AuthorizationProfile("P", vlan="GUESTS", vlan_tag=0),
            None,
            [
                ("Tunnel-Type:0", ":=", "VLAN"),
                ("Tunnel-Medium-Type:0", ":=", "IEEE-802"),
                ("Tunnel-Private-Group-Id:0", ":=", "GUESTS"),
            ],
        ),
        # A dACL by its name and version.
        (
            AuthorizationProfile("P", dacl="PERMIT-ALL"),
            None,
            [("Cisco-AVPair", "+=", "ACS:CiscoSecure-Defined-ACL=#ACSACL#-IP-PERMIT-ALL-57e5bcbd")],
        ),
        # Filter-Id: the direction stands behind the name.
        (AuthorizationProfile("P", filter_id="GUEST"), None, [("Filter-Id", ":=", "GUEST.in")]),
        (AuthorizationProfile("P", filter_id="GUEST.out"), None, [("Filter-Id", ":=", "GUEST.out")]),
        (AuthorizationProfile("P", filter_id="GUEST.in"), None, [("Filter-Id", ":=", "GUEST.in")]),
        # Nothing but a timer, and nothing at all.
        (AuthorizationProfile("P"), 28800, TIMER),
        (AuthorizationProfile("P"), None, []),
    ],
)
def test_wired(profile: AuthorizationProfile, timer: int | None, expected: Encoded) -> None:
    assert sent(profile, NasKind.WIRED, timer) == expected
    assert sent(profile, NasKind.WIRELESS, timer) == expected


def test_vpn() -> None:
    # Section 5.7: no VLAN; Session-Timeout is a hard cut, so never Termination-Action; Filter-Id is the plain name.
    profile = AuthorizationProfile("P", vlan="663", dacl="PERMIT-ALL", filter_id="GUEST")
    dacl = ("Cisco-AVPair", "+=", "ACS:CiscoSecure-Defined-ACL=#ACSACL#-IP-PERMIT-ALL-57e5bcbd")
    assert sent(profile, NasKind.VPN) == [dacl, ("Filter-Id", ":=", "GUEST")]
    assert sent(profile, NasKind.VPN, 3600) == [dacl, ("Filter-Id", ":=", "GUEST"), ("Session-Timeout", ":=", "3600")]
