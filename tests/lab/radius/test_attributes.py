"""Attributes by name: to octets, and back with their tags and numbers."""

from __future__ import annotations

import pytest

from freeradius_mdm.lab.radius import attributes
from freeradius_mdm.lab.radius.attributes import Key, Value
from freeradius_mdm.lab.radius.errors import RequestError

BOTH_WAYS: list[tuple[str, Value, Key, str]] = [
    ("User-Name", "nemo", 1, "6e656d6f"),
    ("User-Name", "grün ", 1, "6772c3bc6e20"),
    ("NAS-IP-Address", "192.0.2.10", 4, "c000020a"),
    ("NAS-IPv6-Address", "2001:db8::1", 95, "20010db8000000000000000000000001"),
    ("Session-Timeout", 14400, 27, "00003840"),
    ("Event-Timestamp", 1700000000, 55, "6553f100"),
    ("Class", b"\x00\xff", 25, "00ff"),
    ("Cisco-AVPair", "a=b", (9, 1), "613d62"),
    ("ASA-TunnelGroupName", "G", (3076, 146), "47"),
    ("ASA-ClientType", 2, (3076, 150), "00000002"),
    ("Airespace-ACL-Name", "A", (14179, 6), "41"),
]

DECODED: list[tuple[Key, str, tuple[str, int | None, Value]]] = [
    # tags, RFC 2868: always there with numbers, up to 0x1F with text, 0 means none
    (64, "0100000d", ("Tunnel-Type", 1, 13)),
    (64, "0000000d", ("Tunnel-Type", None, 13)),
    (65, "1f000006", ("Tunnel-Medium-Type", 31, 6)),
    (81, "01363633", ("Tunnel-Private-Group-Id", 1, "663")),
    (81, "00363633", ("Tunnel-Private-Group-Id", None, "663")),
    (81, "363633", ("Tunnel-Private-Group-Id", None, "663")),
    # encrypted ones stay so; MPPE keys have no tag, Tunnel-Password has
    ((311, 16), "8001aabb", ("MS-MPPE-Send-Key", None, b"\x80\x01\xaa\xbb")),
    (69, "028001aabb", ("Tunnel-Password", 2, b"\x80\x01\xaa\xbb")),
    # text that is not UTF-8, a number of the wrong length, unknown attributes
    (18, "ff00", ("Reply-Message", None, b"\xff\x00")),
    (27, "0001", ("Session-Timeout", None, b"\x00\x01")),
    (250, "01", ("Attr-250", None, b"\x01")),
    ((9999, 1), "01", ("Attr-26.9999.1", None, b"\x01")),
]


@pytest.mark.parametrize(("name", "value", "key", "octets"), BOTH_WAYS)
def test_both_ways(name: str, value: Value, key: Key, octets: str) -> None:
    assert attributes.encode([(name, value)]) == {key: [bytes.fromhex(octets)]}
    assert attributes.decode(key, bytes.fromhex(octets)) == (name, None, value)


@pytest.mark.parametrize(("key", "octets", "expected"), DECODED)
def test_decode(key: Key, octets: str, expected: tuple[str, int | None, Value]) -> None:
    assert attributes.decode(key, bytes.fromhex(octets)) == expected


def test_a_tag_is_written_behind_the_name() -> None:
    assert attributes.encode([("Tunnel-Type:1", 13)]) == {64: [bytes.fromhex("0100000d")]}


def test_repeated_values_stay_in_order() -> None:
    encoded = attributes.encode([("Cisco-AVPair", "b"), ("User-Name", "x"), ("Cisco-AVPair", "a")])
    assert encoded == {(9, 1): [b"b", b"a"], 1: [b"x"]}


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("Tunel-Type", 13, "no such attribute"),
        ("Session-Timeout", "soon", "can't be encoded"),
        ("Session-Timeout", -1, "can't be encoded"),
        ("NAS-IP-Address", "here", "can't be encoded"),
        ("User-Name", "x" * 254, "can't be encoded"),
        ("Cisco-AVPair", "x" * 248, "248 octets, at most 247 fit"),
    ],
)
def test_refused(name: str, value: Value, why: str) -> None:
    with pytest.raises(RequestError, match=why):
        attributes.encode([(name, value)])


def test_names_of_numbers() -> None:
    assert attributes.value_name("Tunnel-Type", 13) == "VLAN"
    assert attributes.value_name("Tunnel-Medium-Type", 6) == "IEEE-802"
    assert attributes.value_name("Termination-Action", 1) == "RADIUS-Request"
    assert attributes.value_name("Session-Timeout", 1) is None
    assert attributes.value_name("Attr-250", b"\x01") is None
