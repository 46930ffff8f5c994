"""Wildcards and netmasks told apart, for a whole ACL.

The two ways of writing: Cisco IOS Security Command Reference, permit (IP) (`10.0.0.0 0.0.0.255`), and ASA CLI guide,
Extended Access List (`192.168.1.0 255.255.255.0`: "different from the Cisco IOS software access-list command").
"""

from __future__ import annotations

import pytest

from freeradius_mdm.dacl.kinds import AclType, MaskStyle
from freeradius_mdm.dacl.text import check

WILDCARD, NETMASK = MaskStyle.WILDCARD, MaskStyle.NETMASK


@pytest.mark.parametrize(
    ("lines", "style"),
    [
        (["permit ip any 10.0.0.0 0.0.0.255"], WILDCARD),
        (["permit ip any 10.0.0.0 255.255.255.0"], NETMASK),
        (["permit ip any 10.0.0.0 0.0.0.1"], WILDCARD),
        (["permit ip any 10.0.0.0 255.255.255.254"], NETMASK),
        (["permit ip any 128.0.0.0 127.255.255.255"], WILDCARD),
        (["permit ip any 128.0.0.0 128.0.0.0"], NETMASK),
        # Gaps: no netmask has any.
        (["permit ip any 10.0.1.0 0.255.0.255"], WILDCARD),
        (["permit ip any 10.0.0.1 0.0.255.0"], WILDCARD),
        # No masks, no style.
        (["permit ip any any", "permit ip any host 10.1.1.1"], None),
        # What could be either takes the style of the others, wherever they stand.
        (["permit ip any 10.1.1.1 0.0.0.0", "permit ip any 10.0.0.0 0.0.0.255"], WILDCARD),
        (["permit ip any 10.0.0.0 255.0.0.0", "permit ip any 10.1.1.1 255.255.255.255"], NETMASK),
        (["permit ip 0.0.0.0 255.255.255.255 10.0.0.0 0.255.255.255"], WILDCARD),
        (["permit ip 0.0.0.0 0.0.0.0 10.0.0.0 255.0.0.0"], NETMASK),
    ],
)
def test_style(lines: list[str], style: MaskStyle | None) -> None:
    checked = check("\n".join(lines), AclType.IPV4)
    assert checked.faults == ()
    assert checked.style is style


@pytest.mark.parametrize(
    ("lines", "faults"),
    [
        # A mix, both lines named.
        (
            ["permit ip any 10.0.0.0 0.0.0.255", "! remark", "permit ip any 10.0.1.0 255.255.255.0"],
            [
                "3: has the netmask 10.0.1.0 255.255.255.0, line 1 the wildcard 10.0.0.0 0.0.0.255; allowed: "
                "wildcards in the whole ACL (IOS), or netmasks (ASA)"
            ],
        ),
        (
            ["permit ip 10.0.0.0 255.0.0.0 10.0.0.0 0.255.255.255"],
            [
                "1: has the wildcard 10.0.0.0 0.255.255.255, line 1 the netmask 10.0.0.0 255.0.0.0; allowed: "
                "wildcards in the whole ACL (IOS), or netmasks (ASA)"
            ],
        ),
        # Nothing tells which.
        (
            ["permit ip any any", "permit ip any 10.1.1.1 0.0.0.0"],
            [
                "2: 10.1.1.1 0.0.0.0 can be a wildcard or a netmask, and no other line tells which; allowed: "
                "host 10.1.1.1 for one address, any for all of them"
            ],
        ),
        (
            ["permit ip 0.0.0.0 255.255.255.255 any"],
            [
                "1: 0.0.0.0 255.255.255.255 can be a wildcard or a netmask, and no other line tells which; allowed: "
                "host 0.0.0.0 for one address, any for all of them"
            ],
        ),
        # Bits of the address under the mask; every one of them is told.
        (
            ["permit ip any 10.1.2.3 0.0.0.255", "permit ip 10.1.0.0 0.255.255.255 any"],
            [
                "1: 10.1.2.3 has bits set that its wildcard 0.0.0.255 leaves open; allowed: 10.1.2.0 0.0.0.255, or "
                "host 10.1.2.3",
                "2: 10.1.0.0 has bits set that its wildcard 0.255.255.255 leaves open; allowed: "
                "10.0.0.0 0.255.255.255, or host 10.1.0.0",
            ],
        ),
        (
            ["permit ip any 10.1.2.3 255.255.255.0"],
            [
                "1: 10.1.2.3 has bits set that its netmask 255.255.255.0 leaves open; allowed: "
                "10.1.2.0 255.255.255.0, or host 10.1.2.3"
            ],
        ),
        # 0.0.0.0 among netmasks is every address, so 10.1.1.1 before it can't be meant.
        (
            ["permit ip any 10.0.0.0 255.0.0.0", "permit ip any 10.1.1.1 0.0.0.0"],
            [
                "2: 10.1.1.1 has bits set that its netmask 0.0.0.0 leaves open; allowed: 0.0.0.0 0.0.0.0, or "
                "host 10.1.1.1"
            ],
        ),
        # A netmask with a slip is a wildcard with gaps, and rarely fits its address.
        (
            ["permit ip any 10.0.0.0 255.0.255.0"],
            [
                "1: 10.0.0.0 has bits set that its wildcard 255.0.255.0 leaves open (a mask with gaps can only be a "
                "wildcard); allowed: 0.0.0.0 255.0.255.0, or host 10.0.0.0"
            ],
        ),
    ],
)
def test_refused(lines: list[str], faults: list[str]) -> None:
    found = check("\n".join(lines), AclType.IPV4).faults
    assert [f"{fault.line}: {fault}" for fault in found] == faults
