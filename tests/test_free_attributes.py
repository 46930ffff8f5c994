"""Attributes of an operator's choice: what is taken, what is refused and with which reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from freeradius_mdm.attribute_type import Form, Type
from freeradius_mdm.dictionaries import Dictionary, load
from freeradius_mdm.errors import ReplyError
from freeradius_mdm.free_attributes import free_type, parse_free
from freeradius_mdm.pairs import Operator, Pair
from freeradius_mdm.reply import List, encode
from freeradius_mdm.reply_types import TYPES

# Lines as FreeRADIUS's files have them: RFC 2865, 2866, 2868, 3162, 5904, 6911; the vendors' with their formats.
LINES = """\
ATTRIBUTE User-Password 2 string encrypt=1
ATTRIBUTE Service-Type 6 integer
VALUE Service-Type Login 1
VALUE Service-Type Framed 2
VALUE Service-Type Framed-User 2
ATTRIBUTE Framed-IP-Address 8 ipaddr
ATTRIBUTE Filter-Id 11 string
ATTRIBUTE Session-Timeout 27 integer
ATTRIBUTE Idle-Timeout 28 integer
ATTRIBUTE Event-Timestamp 55 date
ATTRIBUTE Port-Limit 62 integer
ATTRIBUTE Tunnel-Type 64 integer has_tag
VALUE Tunnel-Type VLAN 13
VALUE Tunnel-Type GRE 10
ATTRIBUTE Tunnel-Server-Endpoint 67 string has_tag
ATTRIBUTE Tunnel-Preference 83 integer has_tag
ATTRIBUTE Framed-Interface-Id 96 ifid
ATTRIBUTE Framed-IPv6-Prefix 97 ipv6prefix
ATTRIBUTE PKM-SS-Cert 137 octets concat
ATTRIBUTE PKM-SAID 141 short
ATTRIBUTE Framed-IPv6-Address 168 ipv6addr
ATTRIBUTE Auth-Type 1000 integer
ATTRIBUTE Old-Name 202 string
ATTRIBUTE New-Name 202 string
VENDOR Cisco 9
BEGIN-VENDOR Cisco
ATTRIBUTE Cisco-AVPair 1 string
ATTRIBUTE Cisco-Key 90 octets encrypt=2
ATTRIBUTE Cisco-Hidden 91 string secret
ATTRIBUTE Cisco-Bag 92 tlv
ATTRIBUTE Cisco-Bag-Name 92.1 string
ATTRIBUTE Cisco-Sixteen 93 octets[16]
END-VENDOR Cisco
VENDOR Lucent 4846 format=2,1
BEGIN-VENDOR Lucent
ATTRIBUTE Lucent-Text 300 string
END-VENDOR Lucent
VENDOR USR 429 format=4,0
BEGIN-VENDOR USR
ATTRIBUTE USR-Speed 0x9000 integer
VALUE USR-Speed 56 1
VALUE USR-Speed Fast 2
END-VENDOR USR
"""


@pytest.fixture(scope="module")
def dictionary(tmp_path_factory: pytest.TempPathFactory) -> Dictionary:
    file = tmp_path_factory.mktemp("dictionary") / "dictionary"
    file.write_text(LINES, encoding="utf-8")
    return load(file)


SET, ADD = Operator.SET, Operator.ADD


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("Cisco-AVPair += subscriber:service-name=X", Pair("Cisco-AVPair", "subscriber:service-name=X", ADD)),
        ("Cisco-AVPair+=role=guest", Pair("Cisco-AVPair", "role=guest", ADD)),
        ('Cisco-AVPair := "role=guest"', Pair("Cisco-AVPair", "role=guest", SET)),
        ("Cisco-AVPair += := odd", Pair("Cisco-AVPair", ":= odd", ADD)),
        # The dictionary's spelling, which FreeRADIUS prints.
        ("cisco-avpair += a=b", Pair("Cisco-AVPair", "a=b", ADD)),
        # Numbers by value name or number, in the name that FreeRADIUS prints, which is the last one.
        ("Port-Limit := 3", Pair("Port-Limit", 3)),
        ("Service-Type := 2", Pair("Service-Type", "Framed-User")),
        ("Service-Type := framed", Pair("Service-Type", "Framed-User")),
        ("Service-Type := 1", Pair("Service-Type", "Login")),
        ("Service-Type := 77", Pair("Service-Type", 77)),
        ("PKM-SAID := 65535", Pair("PKM-SAID", 65535)),
        ("USR-Speed := 2", Pair("USR-Speed", "Fast")),
        # Tags; without one it is 0.
        ("Tunnel-Preference:1 := 3", Pair("Tunnel-Preference", 3, tag=1)),
        ("Tunnel-Server-Endpoint:31 += 192.0.2.1", Pair("Tunnel-Server-Endpoint", "192.0.2.1", ADD, tag=31)),
        ("Tunnel-Type := GRE", Pair("Tunnel-Type", "GRE", tag=0)),
        # Addresses as FreeRADIUS prints them.
        ("Framed-IP-Address := 192.0.2.1", Pair("Framed-IP-Address", "192.0.2.1")),
        ("Framed-IPv6-Address := 2001:DB8:0:0::1", Pair("Framed-IPv6-Address", "2001:db8::1")),
        ("Framed-IPv6-Prefix := 2001:db8:0::/048", Pair("Framed-IPv6-Prefix", "2001:db8::/48")),
        ("Framed-Interface-Id := 200:5EFF:fe00:5301", Pair("Framed-Interface-Id", "200:5eff:fe00:5301")),
        ("Lucent-Text := x", Pair("Lucent-Text", "x")),
        ("Old-Name := x", Pair("New-Name", "x")),
    ],
)
def test_taken(text: str, pair: Pair, dictionary: Dictionary) -> None:
    found = parse_free(text, dictionary, TYPES)
    assert found.pair == pair
    assert found.checked
    # The encoder takes it, although its table does not have it.
    assert len(encode({List.REPLY: [found.pair]})["reply"]) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        # Form, and operators.
        ("junk", "'junk' is no attribute: NAME := VALUE or NAME += VALUE, NAME:TAG for a tunnel attribute"),
        ("", "'' is no attribute"),
        ("Filter-Id = x", "the operator = is not allowed, := and += are"),
        ("Filter-Id -= x", "'Filter-Id -= x': the operator"),
        ("Filter-Id !* ANY", "the operator !* is not allowed"),
        ("Filter-Id == x", "the operator == is not allowed"),
        ("reply:Filter-Id := x", "is no attribute"),
        # Names and tags.
        ("Filter-Ids := x", "Filter-Ids is in no dictionary of this FreeRADIUS"),
        ("Filter-Id:1 := x", "Filter-Id can't carry tag 1"),
        ("Tunnel-Preference:32 := 1", "Tunnel-Preference can't carry tag 32; a tunnel attribute can, from 0 to 31"),
        # Secrets.
        ("User-Password := x", "User-Password can't be set freely: it is a secret"),
        ("Cisco-Key := 0x00", "Cisco-Key can't be set freely: it is a secret"),
        ("Cisco-Hidden := x", "Cisco-Hidden can't be set freely: it is a secret"),
        ("Cleartext-Password := x", "it is a secret"),
        ("NT-Password := x", "it is a secret"),
        # EAP's, the server's, and what has a key of its own.
        ("EAP-Message := 0x00", "it belongs to EAP"),
        ("MS-MPPE-Send-Key := 0x00", "it belongs to EAP"),
        ("MDM-Rule := x", "or to the server"),
        ("TLS-Session-Version := x", "or to the server"),
        ("Message-Authenticator := 0x00", "FreeRADIUS signs every reply itself"),
        ("State := 0x00", "it belongs to the conversation"),
        ("Proxy-State := 0x00", "it belongs to the proxies"),
        ("Class := x", "it ties accounting to the decision"),
        ("session-timeout := 60", "use reauthentication or vpn_session_timeout"),
        ("Termination-Action := Default", "use connectivity"),
        ("Reply-Message := hello", "use reply_message"),
        ("Auth-Type := Accept", "Auth-Type is never sent: it is FreeRADIUS's own"),
        # Types.
        ("Event-Timestamp := 5", "Event-Timestamp can't be sent: it is of type date, allowed are byte, ether"),
        ("Cisco-Bag := 0x00", "it is of type tlv"),
        ("Cisco-Bag-Name := x", "it stands inside another attribute"),
        ("Cisco-Sixteen := 0x00", "its values are split or put together"),
        ("PKM-SS-Cert := 0x00", "its values are split or put together"),
        # Values.
        ("Port-Limit := ten", "Port-Limit = 'ten': a number is needed"),
        ("Port-Limit := 4294967296", "a number from 0 to 4294967295 fits"),
        ("Port-Limit := -1", "a number is needed"),
        ("PKM-SAID := 65536", "a number from 0 to 65535 fits"),
        ("Service-Type := Nope", "a number or one of Framed-User, Login is needed"),
        # A tag takes the first of four bytes (RFC 2868 section 3).
        ("Tunnel-Preference:1 := 16777216", "a number from 0 to 16777215"),
        # Printed as 56, which would be read as 56.
        ("USR-Speed := 1", "FreeRADIUS prints 1 as 56, which it reads back as another number"),
        ("Idle-Timeout := 0", "a number from 1 to 2147483647 fits"),  # our own table is stricter
        ("Framed-IP-Address := 192.0.2", "an address like 192.0.2.1 fits"),
        ("Framed-IP-Address := 192.0.2.1/32", "an address like 192.0.2.1 fits"),
        ("Framed-IP-Address :=", "an address like 192.0.2.1 fits"),
        ("Framed-IPv6-Prefix := 2001:db8::/129", "a prefix like 2001:db8::/32 fits"),
        ("Framed-Interface-Id := 1:2:3", "an interface id like"),
        ("Filter-Id := ", "Filter-Id has 0 bytes, 1 to 253 fit"),
        (f"Filter-Id := {'x' * 254}", "Filter-Id has 254 bytes, 1 to 253 fit"),
        (f"Cisco-AVPair += {'x' * 248}", "1 to 247 fit"),
        (f"Tunnel-Server-Endpoint:1 := {'x' * 253}", "1 to 252 fit"),
        (f"Lucent-Text := {'x' * 247}", "1 to 246 fit"),
        ("Filter-Id := a\tb", "Filter-Id holds control characters"),
    ],
)
def test_refused(text: str, said: str, dictionary: Dictionary) -> None:
    with pytest.raises(ReplyError) as caught:
        parse_free(text, dictionary, TYPES)
    assert said in str(caught.value)


def test_without_a_dictionary_the_form_alone_is_checked() -> None:
    found = parse_free("Framed-IP-Address := anything", None, TYPES)
    assert (found.pair, found.checked) == (Pair("Framed-IP-Address", "anything"), False)
    assert parse_free("ASA-VLAN := 20", None, TYPES).pair == Pair("ASA-VLAN", 20)
    assert parse_free("Tunnel-Type:1 := VLAN", None, TYPES).pair == Pair("Tunnel-Type", "VLAN", tag=1)
    assert parse_free("Tunnel-Type:1 := GRE", None, TYPES).pair == Pair("Tunnel-Type", "GRE", tag=1)
    for text in ("Foo = 1", "Foo:32 := 1", "State := 0x00", "My-Password := x", "ASA-VLAN := 5000", "Foo := a\0b"):
        with pytest.raises(ReplyError):
            parse_free(text, None, TYPES)


def test_types_and_their_place_on_the_wire(dictionary: Dictionary) -> None:
    # RFC 2865 section 5.26: 2 + 4 of the vendor's id, and the vendor's own header.
    sizes = {name: (free_type(dictionary.attributes[name])) for name in ("Filter-Id", "Cisco-AVPair", "Lucent-Text")}
    assert [(kind.size, kind.longest) for kind in sizes.values()] == [(2, 253), (8, 247), (9, 246)]
    assert free_type(dictionary.attributes["USR-Speed"]) == Type(
        Form.NUMBER, 0x9000, 429, 10, numbers=range(2**32), names={"Fast": 2}
    )


@pytest.mark.skipif(not Path("/usr/share/freeradius").exists(), reason="FreeRADIUS is not installed")
def test_no_secret_of_the_packaged_dictionaries_can_be_sent() -> None:
    for attribute in load(Path("/usr/share/freeradius/dictionary")).attributes.values():
        if attribute.encrypted or "assword" in attribute.name or not attribute.sent:
            with pytest.raises(ReplyError):
                free_type(attribute)
