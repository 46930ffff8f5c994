"""Results as attributes, by hand from ise.md section 5 and the RFCs named there."""

from __future__ import annotations

from pathlib import Path

import pytest

from freeradius_mdm.dacl import Dacl, read_directory
from freeradius_mdm.free_attributes import parse_free
from freeradius_mdm.nas_kind import NasKind
from freeradius_mdm.profiles.family import FAMILIES
from freeradius_mdm.profiles.model import Connectivity, DaclDelivery, Results, Timer
from freeradius_mdm.profiles.render import ProfileError, Situation, render
from freeradius_mdm.reply import TYPES, List, encode

Encoded = list[tuple[str, str, str]]
AV = "Cisco-AVPair"
# printf 'permit ip any any' | sha256sum: ba3efdc0...; printf 'permit ipv6 any any' | sha256sum: 77b4287f...
# printf 'permit tcp any any eq 443\ndeny ip any any' | sha256sum: 98a45164...
# The same with `deny ipv6 any any`, as IOS writes it in an ACL for IPv6: b781f741...
OPEN, OPEN6, WEB, WEB6 = "ba3efdc0", "77b4287f", "98a45164", "b781f741"


@pytest.fixture
def dacls(tmp_path: Path) -> dict[str, Dacl]:
    for name, text in (
        ("OPEN.acl", "permit ip any any\n"),
        ("OPEN6.ipv6.acl", "permit ipv6 any any\n"),
        ("WEB.agnostic.acl", "permit tcp any any eq 443\ndeny ip any any\n"),
    ):
        (tmp_path / name).write_text(text, encoding="utf-8")
    directory = read_directory(tmp_path)
    assert not directory.faults
    return dict(directory.dacls)


def sent(
    results: Results,
    family: str,
    dacls: dict[str, Dacl],
    kind: NasKind = NasKind.WIRED,
    timer: int | None = None,
    vpn_timer: int | None = None,
    url: str = "",
) -> Encoded:
    pairs = render(results, FAMILIES[family], Situation(kind, timer, vpn_timer, dacls, url))
    return list(encode({List.REPLY: pairs}).get("reply", ()))


def vlan(value: str, tag: int = 1) -> Encoded:
    return [
        (f"Tunnel-Type:{tag}", ":=", "VLAN"),
        (f"Tunnel-Medium-Type:{tag}", ":=", "IEEE-802"),
        (f"Tunnel-Private-Group-Id:{tag}", ":=", value),
    ]


def named(acl: str, prefix: str = "ACS") -> tuple[str, str, str]:
    return (AV, "+=", f"{prefix}:CiscoSecure-Defined-ACL={acl}")


SWITCH: list[tuple[Results, Encoded]] = [
    # Section 5.1, the captured Accept: tag 1 on all three. Untagged, and a name.
    (Results(vlan="663"), vlan("663")),
    (Results(vlan="GUESTS", vlan_tag=0), vlan("GUESTS", 0)),
    # A dACL by its name and version; the one that names no address has a name for each version of IP.
    (Results(dacl="OPEN"), [named(f"#ACSACL#-IP-OPEN-{OPEN}")]),
    (Results(dacl_ipv6="OPEN6"), [named(f"#ACSACL#-IPV6-OPEN6-{OPEN6}", "ipv6")]),
    (Results(dacl="WEB"), [named(f"#ACSACL#-IP-WEB-{WEB}"), named(f"#ACSACL#-IPV6-WEB-{WEB6}", "ipv6")]),
    (
        Results(dacl="OPEN", dacl_ipv6="WEB"),
        [named(f"#ACSACL#-IP-OPEN-{OPEN}"), named(f"#ACSACL#-IPV6-WEB-{WEB6}", "ipv6")],
    ),
    # The same in the Accept itself.
    (Results(dacl="OPEN", dacl_delivery=DaclDelivery.PER_USER), [(AV, "+=", "ip:inacl#1=permit ip any any")]),
    (
        Results(dacl="WEB", dacl_delivery=DaclDelivery.PER_USER),
        [
            (AV, "+=", "ip:inacl#1=permit tcp any any eq 443"),
            (AV, "+=", "ip:inacl#2=deny ip any any"),
            (AV, "+=", "ipv6:inacl#1=permit tcp any any eq 443"),
            (AV, "+=", "ipv6:inacl#2=deny ipv6 any any"),
        ],
    ),
    # Filter-Id: the direction stands behind the name.
    (Results(filter_id="GUEST"), [("Filter-Id", ":=", "GUEST.in")]),
    (Results(filter_id="GUEST.out"), [("Filter-Id", ":=", "GUEST.out")]),
    (Results(filter_id="GUEST.in"), [("Filter-Id", ":=", "GUEST.in")]),
    (Results(airespace_acl="GUEST"), [("Airespace-ACL-Name", ":=", "GUEST")]),
    # Four hexadecimal digits: 0x11 is 17, and 4000 is 0fa0.
    (Results(sgt=17), [(AV, "+=", "cts:security-group-tag=0011-00")]),
    (Results(sgt=4000), [(AV, "+=", "cts:security-group-tag=0fa0-00")]),
    (Results(voice=True), [(AV, "+=", "device-traffic-class=voice")]),
    (Results(interface_template="AP"), [(AV, "+=", "interface-template-name=AP")]),
    (Results(idle_timeout=600), [("Idle-Timeout", ":=", "600")]),
    (
        Results(redirect_acl="REDIRECT", redirect_url="enrolment"),
        [(AV, "+=", "url-redirect-acl=REDIRECT"), (AV, "+=", "url-redirect=https://portal.example/x")],
    ),
    (Results(), []),
]


@pytest.mark.parametrize(("results", "expected"), SWITCH)
@pytest.mark.parametrize("kind", [NasKind.WIRED, NasKind.WIRELESS, NasKind.OTHER])
def test_ios_xe(results: Results, expected: Encoded, kind: NasKind, dacls: dict[str, Dacl]) -> None:
    assert sent(results, "cisco-ios-xe", dacls, kind, url="https://portal.example/x") == expected


@pytest.mark.parametrize("family", ["cisco-ios-xe", "hostapd", "generic"])
def test_timer(family: str) -> None:
    # Section 5.2: always both attributes; RADIUS-Request keeps the session up, Default ends it.
    timeout = ("Session-Timeout", ":=", "28800")
    maintained, ended = (("Termination-Action", ":=", action) for action in ("RADIUS-Request", "Default"))
    assert sent(Results(), family, {}, timer=28800) == [timeout, maintained]
    assert sent(Results(connectivity=Connectivity.TERMINATE), family, {}, timer=28800) == [timeout, ended]
    assert sent(Results(reauthentication=Timer.NONE), family, {}, timer=None) == []


HEADEND: list[tuple[Results, int | None, Encoded]] = [
    # Section 5.7: Session-Timeout is a hard cut, so never Termination-Action; Filter-Id is the plain name.
    (Results(dacl="OPEN", filter_id="GUEST"), None, [named(f"#ACSACL#-IP-OPEN-{OPEN}"), ("Filter-Id", ":=", "GUEST")]),
    (Results(), 3600, [("Session-Timeout", ":=", "3600")]),
    # One ACL is for IPv4 and IPv6 since ASA 9.0.
    (Results(dacl="WEB"), None, [named(f"#ACSACL#-IP-WEB-{WEB}")]),
    # 3076/25 and 3076/140.
    (Results(group_policy="GP Employees"), None, [("ASA-Group-Policy", ":=", "GP Employees")]),
    (Results(vpn_vlan=30), None, [("ASA-VLAN", ":=", "30")]),
]


@pytest.mark.parametrize(("results", "vpn_timer", "expected"), HEADEND)
def test_asa(results: Results, vpn_timer: int | None, expected: Encoded, dacls: dict[str, Dacl]) -> None:
    # The reauthentication timer of wired and wireless access does not apply.
    assert sent(results, "cisco-asa", dacls, NasKind.VPN, timer=14400, vpn_timer=vpn_timer) == expected


def test_acls_in_full_come_last(dacls: dict[str, Dacl]) -> None:
    free = (parse_free(f"{AV} += subscriber:service-name=X", None, TYPES),)
    results = Results(vlan="20", dacl="OPEN", dacl_delivery=DaclDelivery.PER_USER, attributes=free)
    assert sent(results, "cisco-ios-xe", dacls, timer=60)[-2:] == [
        (AV, "+=", "subscriber:service-name=X"),
        (AV, "+=", "ip:inacl#1=permit ip any any"),
    ]
    assert sent(results, "cisco-ios-xe", dacls, timer=60)[:3] == vlan("20")


@pytest.mark.parametrize(
    ("results", "family", "kind", "text"),
    [
        (Results(vlan="20"), "cisco-asa", NasKind.VPN, "vlan means nothing for vpn access"),
        (Results(group_policy="X"), "cisco-ios-xe", NasKind.WIRED, "group_policy means nothing for wired access"),
        (Results(voice=True), "hostapd", NasKind.WIRED, "voice can't be sent to hostapd (hostapd)"),
        (Results(dacl="OPEN"), "generic", NasKind.WIRED, "dacl can't be sent to Generic RFC (generic)"),
    ],
)
def test_refused(results: Results, family: str, kind: NasKind, text: str, dacls: dict[str, Dacl]) -> None:
    with pytest.raises(ProfileError) as refused:
        sent(results, family, dacls, kind)
    assert str(refused.value).startswith(text)
