"""What a push sends: octets by hand from RFC 2865, 2868, 3162 and 4675; vendors' numbers as FreeRADIUS has them."""

from __future__ import annotations

import pytest

from freeradius_mdm.attribute_type import Form, Type
from freeradius_mdm.coa.attributes import encode_all
from freeradius_mdm.reply import Operator, Pair
from freeradius_mdm.service.coa_attributes import of_reply, text

_FREE = Type(Form.IPV6_PREFIX, 97)
SENT = {
    "a tagged number": (Pair("Tunnel-Type", "VLAN", tag=1), "4006" + "01" + "00000d"),
    "a tagged text": (Pair("Tunnel-Private-Group-Id", "20", tag=1), "5105" + "01" + "3230"),
    "a tagged number by its number": (Pair("Tunnel-Type", "ESP", tag=0), "4006" + "00" + "000009"),
    "a number": (Pair("Session-Timeout", 600), "1b06" + "00000258"),
    "octets": (Pair("Class", "0x6d646d", Operator.ADD), "1905" + "6d646d"),
    "a vendor's text": (Pair("ASA-Group-Policy", "q"), "1a09" + "00000c04" + "1903" + "71"),
    # Egress-VLAN-Name (RFC 4675 section 2.3), which coa/attributes.py does not have.
    "what the sender has no name for": (Pair("Egress-VLAN-Name", "1lab"), "3a06" + "316c6162"),
    "a vendor's number that it has no name for": (
        Pair("ASA-Simultaneous-Logins", 3),
        "1a0c" + "00000c04" + "0206" + "00000003",
    ),
    # Framed-IPv6-Prefix (RFC 3162 section 2.3) as an operator's own.
    "a prefix": (
        Pair("Framed-IPv6-Prefix", "2001:db8::/32", type=_FREE),
        "6114" + "0020" + "20010db8" + "00" * 12,
    ),
}


@pytest.mark.parametrize("case", SENT)
def test_octets(case: str) -> None:
    pair, octets = SENT[case]
    assert encode_all(of_reply([pair])).hex() == octets


@pytest.mark.parametrize("pair", [Pair("MDM-Rule", "x"), Pair("X", "y", type=Type(Form.TEXT))])
def test_what_has_no_place_in_a_packet_is_refused(pair: Pair) -> None:
    with pytest.raises(ValueError, match=f"{pair.name} can't be pushed"):
        of_reply([pair])


def test_text() -> None:
    pairs = (Pair("Class", "0x6d", Operator.ADD), Pair("Tunnel-Private-Group-Id", "20", tag=1))
    assert text(of_reply(pairs)) == "Class = 0x6d\nTunnel-Private-Group-Id:1 = 20"
