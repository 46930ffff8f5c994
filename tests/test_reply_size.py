"""Sizes by hand from the RFCs; tests/radius/test_reply_size.py compares them with real packets."""

from __future__ import annotations

import pytest

from freeradius_mdm.dictionaries import Dictionary, load
from freeradius_mdm.pairs import Operator, Pair
from freeradius_mdm.reply_size import (
    LARGEST_PACKET,
    MOST_ROOM,
    ends_full,
    nas_filter_rules,
    of_pairs,
    of_reply,
    room_for,
)
from freeradius_mdm.reply_types import TYPES
from tests.builders import request

EMPTY = 20 + 18  # RFC 2865 section 3, RFC 3579 section 3.2
LINES = """\
VENDOR Cisco 9
VENDOR Microsoft 311
VENDOR Lucent 4846 format=2,1
VENDOR Starent 8164 format=2,2
VENDOR USR 429 format=4,0
VENDOR WiMAX 24757 format=1,1,c
ATTRIBUTE User-Name 1 string
ATTRIBUTE User-Password 2 string encrypt=1
ATTRIBUTE Filter-Id 11 string
ATTRIBUTE Session-Timeout 27 integer
ATTRIBUTE Proxy-State 33 octets
ATTRIBUTE Tunnel-Password 69 string has_tag,encrypt=2
ATTRIBUTE EAP-Message 79 octets concat
ATTRIBUTE Tunnel-Type 64 integer has_tag
ATTRIBUTE Tunnel-Private-Group-Id 81 string has_tag
ATTRIBUTE NAS-Filter-Rule 92 string
ATTRIBUTE Framed-IPv6-Prefix 97 ipv6prefix
ATTRIBUTE PKM-SAID 141 short
ATTRIBUTE Extended-Attribute-1 241 extended
ATTRIBUTE Inside 241.1 string
ATTRIBUTE MDM-Rule 3619 string
BEGIN-VENDOR Cisco
ATTRIBUTE Cisco-AVPair 1 string
END-VENDOR Cisco
BEGIN-VENDOR Microsoft
ATTRIBUTE MS-MPPE-Send-Key 16 octets encrypt=2
END-VENDOR Microsoft
BEGIN-VENDOR Lucent
ATTRIBUTE Wide 300 integer
END-VENDOR Lucent
BEGIN-VENDOR Starent
ATTRIBUTE Wider 300 integer
END-VENDOR Starent
BEGIN-VENDOR USR
ATTRIBUTE Widest 300 integer
END-VENDOR USR
BEGIN-VENDOR WiMAX
ATTRIBUTE WiMAX-IP 6 ipaddr
END-VENDOR WiMAX
"""


@pytest.fixture(scope="module")
def dictionary(tmp_path_factory: pytest.TempPathFactory) -> Dictionary:
    file = tmp_path_factory.mktemp("dictionary") / "dictionary"
    file.write_text(LINES, encoding="utf-8")
    return load(file)


SIZES = [
    # RFC 2865 section 5: type, length, value.
    ("User-Name", "employee", 2 + 8),
    ("Filter-Id", "é", 2 + 2),
    ("Session-Timeout", "14400", 6),
    ("Proxy-State", "0x010203", 2 + 3),
    ("PKM-SAID", "5", 2 + 2),
    ("Framed-IPv6-Prefix", "::/0", 2 + 18),  # FreeRADIUS sends all 18 bytes
    # RFC 2868 section 3: a number's tag is its first byte; text has one more, but none for tag 0.
    ("Tunnel-Type:1", "VLAN", 6),
    ("Tunnel-Private-Group-Id:1", "20", 2 + 1 + 2),
    ("Tunnel-Private-Group-Id:0", "20", 2 + 2),
    # RFC 2865 section 5.26: the vendor's id, and what the vendor has for number and length.
    ("Cisco-AVPair", "a=b", 6 + 2 + 3),
    ("Wide", "5", 6 + 3 + 4),
    ("Wider", "5", 6 + 4 + 4),
    ("Widest", "5", 6 + 4 + 4),
    ("WiMAX-IP", "192.0.2.1", 6 + 3 + 4),
    # RFC 2548 section 2.4.2: salt; 1 + 32 bytes need 3 blocks of 16, 1 + 16 need 2, 1 + 15 one.
    ("MS-MPPE-Send-Key", "0x" + "00" * 32, 8 + 2 + 48),
    ("MS-MPPE-Send-Key", "0x" + "00" * 16, 8 + 2 + 32),
    ("MS-MPPE-Send-Key", "0x" + "00" * 15, 8 + 2 + 16),
    ("Tunnel-Password:1", "secret", 2 + 1 + 2 + 16),  # RFC 2868 section 3.5
    ("User-Password", "0123456789abcdef0", 2 + 32),  # RFC 2865 section 5.2
    # RFC 3579 section 3.1: as many attributes as it needs.
    ("EAP-Message", "0x03070004", 2 + 4),
    ("EAP-Message", "0x" + "00" * 300, 300 + 2 * 2),
    # The server's own, and what is empty, is not sent.
    ("MDM-Rule", "Compliant", 0),
    ("Filter-Id", "", 0),
]


@pytest.mark.parametrize(("name", "value", "size"), SIZES)
def test_sizes(name: str, value: str, size: int, dictionary: Dictionary) -> None:
    assert of_reply([(name, value)], dictionary) == EMPTY + size
    assert of_reply([("Message-Authenticator", "0x00"), (name, value)], dictionary) == EMPTY + size


def test_what_is_not_known_exactly_counts_with_the_most_it_can_have(dictionary: Dictionary) -> None:
    assert of_reply([("Inside", "x" * 300)], dictionary) >= EMPTY + 300 + 2 * 3  # RFC 6929: 3 bytes of header each
    assert of_reply([("EAP-Message", "0x" + "00" * 510)], dictionary) > LARGEST_PACKET  # seen cut
    assert of_reply([("Filter-Id", "x" * 1023)], dictionary) == EMPTY + 255  # cut by FreeRADIUS too
    assert of_reply([("Attr-26.9999.1", "0x00")], dictionary) >= EMPTY + 8 + 1
    # Without a dictionary our own attributes are known, and others bounded.
    assert of_reply([("Cisco-AVPair", "a=b"), ("Tunnel-Type:1", "VLAN")], None) == EMPTY + 11 + 6
    assert of_reply([("Framed-IPv6-Prefix", "::/0")], None) >= EMPTY + 20
    assert of_reply([("Wide", "5")], None) >= EMPTY + 13
    assert of_reply([("TLS-Session-Version", "TLS 1.3"), ("MDM-Rule", "x")], None) == EMPTY


# RFC 4849 section 2: rules are put together with a zero byte between two; 253 bytes fit into one attribute.
@pytest.mark.parametrize(
    ("lengths", "size"),
    [
        ([10], 12),
        ([252], 254),
        ([100, 151], 254),
        ([100, 153], 255 + 3),
        ([253, 253], 255 + 255 + 3),
        ([100] * 30, 3053),
    ],
)
def test_filter_rules(lengths: list[int], size: int, dictionary: Dictionary) -> None:
    assert nas_filter_rules(lengths) == size
    assert of_reply([("NAS-Filter-Rule", "r" * length) for length in lengths], dictionary) == EMPTY + size
    assert of_pairs([Pair("NAS-Filter-Rule", "r" * length, Operator.ADD) for length in lengths], TYPES) == size
    assert not ends_full(lengths)


def test_filter_rules_apart_are_not_put_together(dictionary: Dictionary) -> None:
    rule, other = ("NAS-Filter-Rule", "r" * 10), ("Filter-Id", "x")
    assert of_reply([rule, other, rule], dictionary) == EMPTY + 12 + 3 + 12
    assert of_reply([rule, rule, other], dictionary) == EMPTY + 2 + 21 + 3


def test_our_own_pairs_count_the_same_before_and_after(dictionary: Dictionary) -> None:
    pairs = [
        Pair("Tunnel-Type", "VLAN", tag=1),
        Pair("Tunnel-Private-Group-Id", "EMPLOYEES", tag=1),
        Pair("Tunnel-Private-Group-Id", "20", Operator.ADD, tag=0),
        Pair("Cisco-AVPair", "a=b", Operator.ADD),
        Pair("Session-Timeout", 14400),
        Pair("MS-MPPE-Send-Key", "0x" + "00" * 32),
        Pair("MDM-Rule", "Compliant"),
    ]
    reply = [(pair.full_name, str(pair.value)) for pair in pairs]
    assert of_reply(reply, dictionary) == EMPTY + of_pairs(pairs, TYPES) == EMPTY + 6 + 12 + 4 + 11 + 6 + 58


def test_room() -> None:
    assert MOST_ROOM == 4096 - EMPTY
    # MAB, PAP: what stands in the reply list already, Proxy-State among it.
    assert room_for(request(("User-Name", "x"))) == 4058
    assert room_for(request(("User-Name", "x"), reply=[("Proxy-State", "0x0102"), ("MDM-Rule", "x")])) == 4058 - 4
    assert room_for(request(("User-Name", "x"), reply=[("Cisco-AVPair", "a=b")])) == 4058 - 11
    # EAP adds EAP-Message (6), two keys (58 each), Framed-MTU (6), the longer of the user's names, and Proxy-State.
    added = 6 + 116 + 6
    eap = (("User-Name", "anonymous"), ("EAP-Message", "0x02"))
    assert room_for(request(*eap)) == 4058 - added - 11
    assert room_for(request(*eap, ("User-Name", "employee@example"))) == 4058 - added - 18
    assert (
        room_for(request(*eap, ("Proxy-State", "0x" + "ab" * 250), ("Proxy-State", "0xab"))) == 4058 - added - 11 - 255
    )
    # In a tunnel: what stays inside does not count, what an inner module adds does.
    inner = [("MS-CHAP2-Success", "0x" + "00" * 43), ("User-Name", "employee"), ("Cisco-AVPair", "a=b")]
    assert room_for(request(*eap, reply=inner)) == 4058 - added - 11 - 11


def test_there_may_be_no_room_at_all() -> None:
    states = [("Proxy-State", "0x" + "00" * 253)] * 17
    assert room_for(request(("EAP-Message", "0x02"), *states)) < 0
