"""What a network device can download, by the family of its client section."""

from __future__ import annotations

from pathlib import Path

import pytest

from freeradius_mdm.dacl import AclType, MaskStyle
from freeradius_mdm.download.device import Takes, takes
from tests.builders import config, request

WILDCARD, NETMASK = MaskStyle.WILDCARD, MaskStyle.NETMASK


@pytest.mark.parametrize(
    ("family", "expected"),
    [
        ("cisco-ios-xe", Takes("cisco-ios-xe", (WILDCARD,), (WILDCARD,))),
        # An ASA's ACLs are for IPv4 and IPv6 alike, so none has an IPv6 name.
        ("cisco-asa", Takes("cisco-asa", (NETMASK,), ())),
        # Known, but not in use here; no family at all.
        ("hostapd", Takes("hostapd", (), ())),
        ("nonsense", Takes("nonsense", (), ())),
        # Nothing said: either of the defaults, since the request does not tell whether it is about a VPN.
        ("", Takes("cisco-ios-xe or cisco-asa", (WILDCARD, NETMASK), (WILDCARD,))),
    ],
)
def test_takes(family: str, expected: Takes, tmp_path: Path) -> None:
    asked = request(("User-Name", "#ACSACL#-IP-OPEN-00000000"), ("MDM-Vendor-Family", family))
    found = takes(asked, config(tmp_path))
    assert found == expected
    assert (found.styles(AclType.IPV4), found.styles(AclType.IPV6)) == (expected.ipv4, expected.ipv6)


def test_without_a_default_for_vpn(tmp_path: Path) -> None:
    found = takes(request(("User-Name", "x")), config(tmp_path, ('default_vpn = "cisco-asa"\n', ""), *WITHOUT))
    assert found == Takes("cisco-ios-xe", (WILDCARD,), (WILDCARD,))


WITHOUT = (
    ('[profiles.Employee.for.cisco-asa]\nwithout = ["vlan"]\n', ""),
    ('[profiles.Quarantine.for.cisco-asa]\nwithout = ["vlan"]\n', ""),
)
