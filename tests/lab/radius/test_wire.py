"""RADIUS packets as octets: the example of RFC 2865 section 7.1, and everything that must be discarded."""

from __future__ import annotations

import pytest

from freeradius_mdm.lab.radius import wire
from freeradius_mdm.lab.radius.errors import MalformedPacket
from freeradius_mdm.lab.radius.wire import Code
from tests.lab.radius.scripted import SECRET, SESSION_TIMEOUT, packet

REQUEST = bytes.fromhex(
    "01000038 0f403f94739780 57bd83d5cb98f4227a 01066e656d6f"
    "02120dbe708d93d413ce3196e43f782a0aee 0406c0a80110 050600000003"
)
ACCEPT = bytes.fromhex("02000026 86fe220e7624ba2a1005f6bf9b55e0b2 060600000001 0f0600000000 0e06c0a80103")
EAP_FAILURE = bytes.fromhex("4f06 04010004")


def test_example_of_the_rfc() -> None:
    found = wire.parse(ACCEPT)
    assert (found.code, found.identifier) == (Code.ACCESS_ACCEPT, 0)
    assert [key for key, _ in found.attributes] == [6, 15, 14]
    assert wire.fault(found, REQUEST, SECRET) is None


def test_padding_is_cut_off() -> None:
    assert wire.parse(ACCEPT + b"padding").octets == ACCEPT


def test_vendor_attributes() -> None:
    # two Cisco-AVPair in one Vendor-Specific, then one that does not follow the custom
    attributes = bytes.fromhex("1a0e 00000009 0104 6131 0104 6132 1a08 00000009 01ff")
    found = wire.parse(packet(REQUEST, 2, attributes, signature=False))
    assert found.attributes == (((9, 1), b"a1"), ((9, 1), b"a2"), (26, bytes.fromhex("0000000901ff")))


def test_eap_message_is_joined() -> None:
    found = wire.parse(packet(REQUEST, 11, bytes.fromhex("4f040102 18036d 4f040003"), signature=False))
    assert found.eap_message == bytes.fromhex("01020003")


@pytest.mark.parametrize(
    "octets",
    [b"", ACCEPT[:19], ACCEPT[:-1], ACCEPT[:2] + b"\x00\x13" + ACCEPT[4:], b"\x63" + ACCEPT[1:]]
    + [ACCEPT[:2] + (20 + len(at)).to_bytes(2, "big") + bytes(16) + at for at in (b"\x06", b"\x06\x01", b"\x06\x03")],
)
def test_malformed(octets: bytes) -> None:
    with pytest.raises(MalformedPacket):
        wire.parse(octets)


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        (ACCEPT[:1] + b"\x01" + ACCEPT[2:], "identifier 1 instead of 0"),
        (ACCEPT[:-1] + b"\x04", "Response Authenticator"),
        (packet(REQUEST, 2, SESSION_TIMEOUT, secret=b"other"), "Response Authenticator"),
        (packet(REQUEST, 5, b""), "Accounting-Response is no answer to Access-Request"),
        (packet(REQUEST, 1, b""), "Access-Request is no answer"),
        (packet(REQUEST, 3, EAP_FAILURE, signature=False), "EAP-Message without Message-Authenticator"),
        # right Response Authenticator around a wrong Message-Authenticator, and around two
        (packet(REQUEST, 2, b"\x50\x12" + b"x" * 16, signature=False), "wrong Message-Authenticator"),
        (packet(REQUEST, 2, b"\x50\x12" + b"x" * 16), "wrong Message-Authenticator"),
    ],
)
def test_discarded(octets: bytes, why: str) -> None:
    found = wire.fault(wire.parse(octets), REQUEST, SECRET)
    assert found is not None
    assert why in found


@pytest.mark.parametrize("last", [False, True])
def test_message_authenticator(last: bool) -> None:
    found = wire.parse(packet(REQUEST, 3, EAP_FAILURE, last=last))
    assert wire.fault(found, REQUEST, SECRET) is None
    assert wire.signature_is_first(found) is not last
