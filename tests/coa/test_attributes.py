"""Attributes as octets, against examples of the RFCs and octets laid out by hand."""

from __future__ import annotations

import pytest

from freeradius_mdm.coa.attributes import KNOWN, Attribute, Definition, Kind, PacketError, encode, encode_all


@pytest.mark.parametrize(
    ("attribute", "octets"),
    [
        # RFC 5176 section 7, the three example traces
        (Attribute("User-Name", "mchiba"), "0108 6d6368696261"),
        (Attribute("Acct-Session-Id", "90234567"), "2c0a 3930323334353637"),
        (Attribute("Framed-IP-Address", "10.0.2.3"), "0806 0a000203"),
        # RFC 2865 section 5: number, length, value
        (Attribute("NAS-IP-Address", "192.0.2.10"), "0406 c000020a"),
        (Attribute("NAS-Port", 50105), "0506 0000c3b9"),
        (Attribute("Session-Timeout", 14400), "1b06 00003840"),
        (Attribute("Service-Type", "Login-User"), "0606 00000001"),
        (Attribute("Service-Type", "8"), "0606 00000008"),
        (Attribute("Class", b"\x00\xff"), "1904 00ff"),
        (Attribute("Class", "0x00FF"), "1904 00ff"),
        (Attribute("Class", "mdm:1"), "1907 6d646d3a31"),
        (Attribute("User-Name", "\u00e9"), "0104 c3a9"),
        # RFC 3162 section 2.1
        (Attribute("NAS-IPv6-Address", "2001:db8::1"), "5f12 20010db8000000000000000000000001"),
        # RFC 2869 section 5.3: seconds since 1970
        (Attribute("Event-Timestamp", 1_800_000_000), "3706 6b49d200"),
        # RFC 2868: the tag is the first of a number's four octets, and stands before a text
        (Attribute("Tunnel-Type", "VLAN", 1), "4006 0100000d"),
        (Attribute("Tunnel-Type", 13), "4006 0000000d"),
        (Attribute("Tunnel-Medium-Type", "IEEE-802", 31), "4106 1f000006"),
        (Attribute("Tunnel-Private-Group-Id", "120", 1), "5106 01313230"),
        (Attribute("Tunnel-Private-Group-Id", "120"), "5105 313230"),
        # RFC 2865 section 5.26: vendor id, vendor type, vendor length
        (Attribute("Cisco-AVPair", "a=b"), "1a0b 00000009 0105 613d62"),
        (Attribute("HP-Port-Bounce-Host", 12), "1a0c 0000000b 1706 0000000c"),
        (Attribute("Attr-26.9.1", b"a=b"), "1a0b 00000009 0105 613d62"),
        (Attribute("Attr-44", b"1"), "2c03 31"),
    ],
)
def test_octets(attribute: Attribute, octets: str) -> None:
    assert encode(attribute) == bytes.fromhex(octets)


def test_the_order_is_kept() -> None:
    # pyrad would put the two of one name together
    pairs = [Attribute("Filter-Id", "a"), Attribute("User-Name", "u"), Attribute("Filter-Id", "b")]
    assert encode_all(pairs) == bytes.fromhex("0b0361 010375 0b0362")


@pytest.mark.parametrize(
    ("attribute", "why"),
    [
        (Attribute("No-Such-Thing", "x"), "no attribute we know"),
        (Attribute("Attr-26.9.1", "text"), "takes octets"),
        (Attribute("Attr-0", b"x"), "no attribute we know"),
        (Attribute("Attr-256", b"x"), "no attribute we know"),
        (Attribute("NAS-Port", -1), "NAS-Port"),
        (Attribute("NAS-Port", 2**32), "NAS-Port"),
        (Attribute("Service-Type", "Nonsense"), "mend the value"),
        (Attribute("NAS-IP-Address", "2001:db8::1"), "mend the value"),
        (Attribute("NAS-IPv6-Address", "192.0.2.1"), "mend the value"),
        (Attribute("User-Name", ""), "0 octets, allowed are 1 to 253"),
        (Attribute("User-Name", "x" * 254), "254 octets, allowed are 1 to 253"),
        (Attribute("Cisco-AVPair", "x" * 248), "248 octets, allowed are 1 to 247"),
        (Attribute("User-Name", "x", 1), "tag 1"),
        (Attribute("Tunnel-Type", 13, 32), "tag 32"),
        (Attribute("Tunnel-Type", 2**24, 1), "24 bits"),
        (Attribute("Class", "0xzz"), "mend the value"),
    ],
)
def test_what_can_not_be_sent(attribute: Attribute, why: str) -> None:
    with pytest.raises(PacketError, match=why):
        encode(attribute)


def test_longest_values() -> None:
    assert len(encode(Attribute("User-Name", "x" * 253))) == 255
    assert len(encode(Attribute("Cisco-AVPair", "x" * 247))) == 255


def test_a_site_can_bring_its_own_definitions() -> None:
    known = {**KNOWN, "Acme-Zone": Definition(7, Kind.INTEGER, vendor=99999)}
    assert encode(Attribute("Acme-Zone", 3), known) == bytes.fromhex("1a0c 0001869f 0706 00000003")
