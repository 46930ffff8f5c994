"""Attributes as they stand in a packet, written by hand from the RFCs and the vendors' dictionaries, and read back."""

from __future__ import annotations

from pathlib import Path

import pytest

from freeradius_mdm.attribute_type import Form, Type
from freeradius_mdm.dictionaries import Dictionary, load
from freeradius_mdm.errors import ReplyError
from freeradius_mdm.operations.site_check.loopback.wire import meant, received
from freeradius_mdm.pairs import Operator, Pair

DICTIONARY = """\
ATTRIBUTE	Filter-Id	11	string
ATTRIBUTE	Class	25	octets
ATTRIBUTE	Session-Timeout	27	integer
ATTRIBUTE	Termination-Action	29	integer
VALUE	Termination-Action	Default	0
VALUE	Termination-Action	RADIUS-Request	1
ATTRIBUTE	Tunnel-Type	64	integer	has_tag
VALUE	Tunnel-Type	VLAN	13
ATTRIBUTE	Tunnel-Private-Group-Id	81	string	has_tag
ATTRIBUTE	NAS-Filter-Rule	92	string
ATTRIBUTE	Framed-IPv6-Address	168	ipv6addr
VENDOR	Cisco	9
BEGIN-VENDOR	Cisco
ATTRIBUTE	Cisco-AVPair	1	string
END-VENDOR	Cisco
VENDOR	Lucent	4846	format=2,1
BEGIN-VENDOR	Lucent
ATTRIBUTE	Lucent-Max-Shared-Users	2	integer
END-VENDOR	Lucent
VENDOR	WiMAX	24757	format=1,1,c
BEGIN-VENDOR	WiMAX
ATTRIBUTE	WiMAX-Release	3	string
END-VENDOR	WiMAX
"""


@pytest.fixture
def dictionary(tmp_path: Path) -> Dictionary:
    (tmp_path / "dictionary").write_text(DICTIONARY)
    return load(tmp_path / "dictionary")


def number(vendor: int, place: int) -> Type:
    return Type(Form.NUMBER, place, vendor, size=9, numbers=range(2**32))


CASES = [
    # RFC 2865 sections 5.11 and 5.27, RFC 2868 sections 3.1 and 3.6
    (Pair("Filter-Id", "Räume.in"), 11, "52c3a4756d652e696e", "Filter-Id", "Räume.in"),
    (Pair("Session-Timeout", 14400), 27, "00003840", "Session-Timeout", "14400"),
    (Pair("Termination-Action", "RADIUS-Request"), 29, "00000001", "Termination-Action", "RADIUS-Request"),
    (Pair("Class", "0x6d646d3a41"), 25, "6d646d3a41", "Class", "0x6d646d3a41"),
    (Pair("Tunnel-Type", "VLAN", tag=1), 64, "0100000d", "Tunnel-Type:1", "VLAN"),
    (Pair("Tunnel-Type", "VLAN", tag=0), 64, "0000000d", "Tunnel-Type", "VLAN"),
    (Pair("Tunnel-Private-Group-Id", "20", tag=1), 81, "013230", "Tunnel-Private-Group-Id:1", "20"),
    (Pair("Tunnel-Private-Group-Id", "20", tag=0), 81, "3230", "Tunnel-Private-Group-Id", "20"),
    # RFC 2865 section 5.26
    (Pair("Cisco-AVPair", "a=b", Operator.ADD), 26, "000000090105613d62", "Cisco-AVPair", "a=b"),
    # dictionary.lucent: two octets for the number, one for the length; dictionary.wimax: a flag behind them
    (
        Pair("Lucent-Max-Shared-Users", 7, type=number(4846, 2)),
        26,
        "000012ee" + "0002" + "07" + "00000007",
        "Lucent-Max-Shared-Users",
        "7",
    ),
    (
        Pair("WiMAX-Release", "1.2", type=Type(number=3, vendor=24757, size=9)),
        26,
        "000060b5" + "03" + "06" + "00" + "312e32",
        "WiMAX-Release",
        "1.2",
    ),
    (
        Pair("Framed-IPv6-Address", "2001:db8::1", type=Type(Form.IPV6, 168)),
        168,
        "20010db8000000000000000000000001",
        "Framed-IPv6-Address",
        "2001:db8::1",
    ),
]


@pytest.mark.parametrize(("pair", "place", "octets", "name", "text"), CASES)
def test_one_attribute(dictionary: Dictionary, pair: Pair, place: int, octets: str, name: str, text: str) -> None:
    (found,) = meant([pair], dictionary)
    assert (found.number, found.octets.hex()) == (place, octets)
    (back,) = received([(place, bytes.fromhex(octets))], dictionary)
    assert (back.name, back.text) == (name, text)
    assert (found.name, found.text) == (name, text)


@pytest.mark.parametrize(
    ("kind", "value", "octets"),
    [
        (Type(Form.IPV4, 8), "192.0.2.1", "c0000201"),
        (Type(Form.IPV6_PREFIX, 97), "2001:db8::/32", "0020" + "20010db8" + "00" * 12),
        (Type(Form.IPV4_PREFIX, 155), "192.0.2.0/24", "0018" + "c0000200"),
        (Type(Form.INTERFACE_ID, 96), "1:22:333:4444", "0001002203334444"),
        (Type(Form.ETHERNET, 200), "00:50:56:a1:b2:c3", "005056a1b2c3"),
    ],
)
def test_addresses(dictionary: Dictionary, kind: Type, value: str, octets: str) -> None:
    """RFC 2865 section 5.8, RFC 3162 sections 2.2 and 2.3, RFC 6572 section 4.3."""
    (found,) = meant([Pair("Any", value, type=kind)], dictionary)
    assert found.octets.hex() == octets


def test_filter_rules_are_put_together_and_split(dictionary: Dictionary) -> None:
    """RFC 4849 section 2: one text with zero octets between the rules, in attributes of at most 253."""
    rules = ["permit in ip from any to any", "d" * 250]
    found = meant([Pair("NAS-Filter-Rule", rule, Operator.ADD) for rule in rules], dictionary)
    text = b"permit in ip from any to any\0" + b"d" * 250
    assert [(each.number, each.octets) for each in found] == [(92, text[:253]), (92, text[253:])]


def test_what_is_never_sent(dictionary: Dictionary) -> None:
    pairs = [Pair("MDM-Rule", "x"), Pair("Message-Authenticator", "0x00"), Pair("Filter-Id", "", Operator.CLEAR)]
    assert meant(pairs, dictionary) == []


def test_a_name_that_nobody_knows(dictionary: Dictionary) -> None:
    with pytest.raises(ReplyError, match="Unknown is no attribute"):
        meant([Pair("Unknown", "x")], dictionary)


@pytest.mark.parametrize(
    ("attribute", "name", "text"),
    [
        ((250, b"\1\2"), "Attr-250", "0x0102"),
        ((26, b"\0\0\0\x63\1\3x"), "Attr-26.99", "0x010378"),
        ((26, b"\0\0\0\x09\x63\3x"), "Attr-26.9", "0x630378"),
        ((26, b"\0"), "Attr-26.0", "0x"),
        ((27, b""), "Session-Timeout", "0"),
        ((11, b"\xff"), "Filter-Id", "\\xff"),
    ],
)
def test_what_the_dictionary_does_not_know(
    dictionary: Dictionary, attribute: tuple[int, bytes], name: str, text: str
) -> None:
    (found,) = received([attribute], dictionary)
    assert (found.name, found.text) == (name, text)
