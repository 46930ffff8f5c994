"""CoA and Disconnect packets: signatures written out from the RFCs' formulas, and pyrad as an independent reader."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import pytest
from pyrad.packet import CoAPacket

from freeradius_mdm.coa.attributes import Attribute, PacketError
from freeradius_mdm.coa.packet import Answer, Code, build, event_timestamp, is_signed_with, read_answer
from freeradius_mdm.lab.radius import attributes

SECRET = b"xyzzy5461"
STAMP = 1_800_000_000  # 0x6b49d200
SESSION = [Attribute("Cisco-AVPair", "audit-session-id=0A"), Attribute("NAS-IP-Address", "192.0.2.10")]
ZEROS = bytes(16)


def answer(request: bytes, code: int, body: bytes = b"", secret: bytes = SECRET, *, identifier: int = -1) -> bytes:
    """RFC 5176 section 2.3: MD5(Code, Identifier, Length, Request Authenticator, attributes, secret)."""
    number = request[1] if identifier < 0 else identifier
    head = bytes([code, number]) + (20 + len(body)).to_bytes(2, "big")
    return head + hashlib.md5(head + request[4:20] + body + secret).digest() + body  # noqa: S324


def test_a_coa_request_octet_by_octet() -> None:
    packet = build(Code.COA_REQUEST, 7, SESSION, SECRET, STAMP)
    body = bytes.fromhex("1a1b 00000009 0115") + b"audit-session-id=0A" + bytes.fromhex("0406 c000020a 3706 6b49d200")
    length = 20 + 18 + len(body)
    assert length == 77
    head = bytes([43, 7, 0, 77])
    # RFC 5176 section 3.4: HMAC-MD5 over the packet, zeros for the Request Authenticator and for the attribute's value
    signature = hmac.new(SECRET, head + ZEROS + b"\x50\x12" + ZEROS + body, "md5").digest()
    signed = b"\x50\x12" + signature + body
    # RFC 2866 section 3: MD5(Code, Identifier, Length, sixteen zeros, attributes, secret), computed after it
    authenticator = hashlib.md5(head + ZEROS + signed + SECRET).digest()  # noqa: S324
    assert packet == head + authenticator + signed


def test_a_disconnect_request() -> None:
    packet = build(Code.DISCONNECT_REQUEST, 255, [Attribute("User-Name", "mchiba")], SECRET, STAMP)
    assert packet[:4] == bytes([40, 255, 0, 52])
    assert packet[38:] == bytes.fromhex("0108 6d6368696261 3706 6b49d200")


@pytest.mark.parametrize("code", [Code.COA_REQUEST, Code.DISCONNECT_REQUEST])
def test_pyrad_finds_it_genuine(code: Code) -> None:
    made = build(code, 3, SESSION, SECRET, STAMP)
    received: Any = CoAPacket(packet=made, secret=SECRET, dict=attributes.dictionary())
    assert received.VerifyCoARequest()
    assert received.verify_message_authenticator()
    assert received["NAS-IP-Address"] == ["192.0.2.10"]
    forged: Any = CoAPacket(packet=made, secret=b"other", dict=attributes.dictionary())
    assert not forged.VerifyCoARequest()


def test_what_is_stored_is_recognised() -> None:
    made = build(Code.COA_REQUEST, 3, SESSION, SECRET, STAMP)
    assert event_timestamp(made) == STAMP
    assert is_signed_with(made, SECRET)
    assert not is_signed_with(made, b"changed since")
    assert build(Code.COA_REQUEST, 3, SESSION, SECRET, STAMP) == made
    assert build(Code.COA_REQUEST, 4, SESSION, SECRET, STAMP) != made


def test_what_can_not_be_built() -> None:
    with pytest.raises(PacketError, match="no request"):
        build(Code.COA_ACK, 1, SESSION, SECRET, STAMP)
    with pytest.raises(PacketError, match="Event-Timestamp is added"):
        build(Code.COA_REQUEST, 1, [Attribute("Event-Timestamp", 1)], SECRET, STAMP)
    with pytest.raises(PacketError, match="at most 4096"):
        build(Code.COA_REQUEST, 1, [Attribute("Filter-Id", "x" * 253)] * 16, SECRET, STAMP)


REQUEST = build(Code.COA_REQUEST, 9, SESSION, SECRET, STAMP)
DISCONNECT = build(Code.DISCONNECT_REQUEST, 9, SESSION, SECRET, STAMP)


@pytest.mark.parametrize(
    ("request_", "code", "body", "expected"),
    [
        (REQUEST, 44, "", Answer(Code.COA_ACK)),
        (REQUEST, 45, "", Answer(Code.COA_NAK)),
        # RFC 5176 section 3.5: type 101, length 6, four octets
        (REQUEST, 45, "6506 000001f7", Answer(Code.COA_NAK, 503)),
        (REQUEST, 45, "2103 78 6506 00000191", Answer(Code.COA_NAK, 401)),
        (DISCONNECT, 41, "6506 000000c9", Answer(Code.DISCONNECT_ACK, 201)),
        (DISCONNECT, 42, "6506 000001f7 6506 00000191", Answer(Code.DISCONNECT_NAK, 503)),
        # an Error-Cause of a wrong length is none
        (DISCONNECT, 42, "6504 01f7", Answer(Code.DISCONNECT_NAK)),
    ],
)
def test_answers(request_: bytes, code: int, body: str, expected: Answer) -> None:
    octets = answer(request_, code, bytes.fromhex(body))
    assert read_answer(octets, request_, SECRET) == expected
    assert read_answer(octets + b"padding", request_, SECRET) == expected
    assert expected.acknowledged == (code in (41, 44))


def signed(request: bytes, vector: bytes) -> bytes:
    """An ACK whose Message-Authenticator was computed over that vector."""
    blank = b"\x50\x12" + ZEROS
    head = bytes([44, request[1], 0, 38])
    return answer(request, 44, blank[:2] + hmac.new(SECRET, head + vector + blank, "md5").digest())


def test_message_authenticator_of_an_answer() -> None:
    # RFC 5176 section 3.4: over the request's authenticator; FreeRADIUS before 3.2.4 over zeros
    assert read_answer(signed(REQUEST, REQUEST[4:20]), REQUEST, SECRET).acknowledged
    assert read_answer(signed(REQUEST, ZEROS), REQUEST, SECRET).acknowledged
    with pytest.raises(PacketError, match="wrong Message-Authenticator"):
        read_answer(signed(REQUEST, b"x" * 16), REQUEST, SECRET)
    with pytest.raises(PacketError, match="wrong Message-Authenticator"):
        read_answer(answer(REQUEST, 44, b"\x50\x06abcd"), REQUEST, SECRET)


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        (b"", "0 octets"),
        (answer(REQUEST, 44)[:19], "19 octets"),
        (bytes([44, 9, 0, 19]) + ZEROS, "length field says 19"),
        (bytes([44, 9, 0, 21]) + ZEROS, "length field says 21"),
        (answer(REQUEST, 44, identifier=8), "identifier 8 instead of 9"),
        (answer(REQUEST, 41), "code 41 is no answer to COA_REQUEST"),
        (answer(REQUEST, 43), "code 43 is no answer"),
        (answer(REQUEST, 44, secret=b"other"), "wrong Response Authenticator"),
        (answer(DISCONNECT, 44), "wrong Response Authenticator"),
        (answer(REQUEST, 44, b"\x65\x09abc"), "beyond the packet"),
        (answer(REQUEST, 44, b"\x65\x01"), "beyond the packet"),
    ],
)
def test_answers_that_are_not_believed(octets: bytes, why: str) -> None:
    with pytest.raises(PacketError, match=why):
        read_answer(octets, REQUEST, SECRET)
