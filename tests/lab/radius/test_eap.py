"""EAP packets as RFC 3748 section 4 draws them, octet by octet."""

from __future__ import annotations

import pytest

from freeradius_mdm.lab.radius import eap
from freeradius_mdm.lab.radius.eap import EapCode, EapPacket, EapType
from freeradius_mdm.lab.radius.errors import EapError

PACKETS = [
    # Request/Identity without a prompt, Response/Identity: section 5.1
    ("01 2a 0005 01", EapPacket(EapCode.REQUEST, 42, EapType.IDENTITY)),
    ("02 2a 0009 01 6e656d6f", EapPacket(EapCode.RESPONSE, 42, EapType.IDENTITY, b"nemo")),
    # Nak that asks for EAP-TLS: section 5.3.1
    ("02 07 0006 03 0d", EapPacket(EapCode.RESPONSE, 7, EapType.NAK, b"\x0d")),
    # EAP-TLS Start: RFC 5216 section 3.1
    ("01 08 0006 0d 20", EapPacket(EapCode.REQUEST, 8, EapType.TLS, b"\x20")),
    # Success and Failure have neither type nor data: section 4.2
    ("03 09 0004", EapPacket(EapCode.SUCCESS, 9)),
    ("04 ff 0004", EapPacket(EapCode.FAILURE, 255)),
]

MALFORMED = [
    ("", "0 octets"),
    ("01 2a 00", "3 octets"),
    ("01 2a 0003 01", "length field says 3"),
    ("01 2a 0006 01", "length field says 6, 5 octets came"),
    ("00 2a 0005 01", "code 0"),
    ("05 2a 0005 01", "code 5"),
    ("01 2a 0004", "without a type"),
    ("03 2a 0005 00", "1 octets of data"),
]


@pytest.mark.parametrize(("octets", "packet"), PACKETS)
def test_both_ways(octets: str, packet: EapPacket) -> None:
    assert packet.encode() == bytes.fromhex(octets)
    assert eap.decode(bytes.fromhex(octets)) == packet


def test_octets_behind_the_length_are_padding() -> None:
    assert eap.decode(bytes.fromhex("03 09 0004 ffff")) == EapPacket(EapCode.SUCCESS, 9)


@pytest.mark.parametrize(("octets", "why"), MALFORMED)
def test_malformed(octets: str, why: str) -> None:
    with pytest.raises(EapError, match=why):
        eap.decode(bytes.fromhex(octets))


@pytest.mark.parametrize(("length", "sizes"), [(0, []), (4, [4]), (253, [253]), (254, [253, 1]), (600, [253, 253, 94])])
def test_split_into_attributes(length: int, sizes: list[int]) -> None:
    octets = bytes(range(256)) * 3
    values = eap.to_attributes(octets[:length])
    assert [len(value) for value in values] == sizes
    assert b"".join(values) == octets[:length]
