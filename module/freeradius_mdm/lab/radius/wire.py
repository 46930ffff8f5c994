"""A RADIUS packet as octets: taken apart in wire order, and checked against the request it answers.

pyrad groups the attributes of one name; whoever tests replies needs them as they stood, so this file reads
them itself.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from dataclasses import dataclass
from enum import IntEnum

from freeradius_mdm.lab.radius.attributes import Key
from freeradius_mdm.lab.radius.errors import MalformedPacket

EAP_MESSAGE = 79
MESSAGE_AUTHENTICATOR = 80
STATE = 24
VENDOR_SPECIFIC = 26
LARGEST_PACKET = 4096  # octets, RFC 2865 section 3

_HEADER = struct.Struct("!BBH16s")


class Code(IntEnum):
    """Packet codes: RFC 2865 section 4, RFC 2866 section 4, RFC 5176 section 2.3."""

    ACCESS_REQUEST = 1
    ACCESS_ACCEPT = 2
    ACCESS_REJECT = 3
    ACCOUNTING_REQUEST = 4
    ACCOUNTING_RESPONSE = 5
    ACCESS_CHALLENGE = 11

    def __str__(self) -> str:
        return self.name.replace("_", "-").title()


@dataclass(frozen=True, slots=True)
class WirePacket:
    """A packet in wire order; values are the octets behind type and length, a vendor's behind its own."""

    code: Code
    identifier: int
    authenticator: bytes
    attributes: tuple[tuple[Key, bytes], ...]
    octets: bytes

    def values(self, key: Key) -> list[bytes]:
        """Every value of one attribute, in wire order."""
        return [value for at, value in self.attributes if at == key]

    @property
    def eap_message(self) -> bytes:
        """The EAP packet: all EAP-Message attributes joined (RFC 3579 section 3.1); empty without any."""
        return b"".join(self.values(EAP_MESSAGE))


def parse(octets: bytes) -> WirePacket:
    """Take a packet apart; behind its length is padding (RFC 2865 section 3). Raises MalformedPacket."""
    if len(octets) < _HEADER.size:
        raise MalformedPacket(f"{len(octets)} octets, a RADIUS packet has at least {_HEADER.size}")
    code, identifier, length, authenticator = _HEADER.unpack_from(octets)
    if not _HEADER.size <= length <= min(len(octets), LARGEST_PACKET):
        raise MalformedPacket(f"length field says {length}, {len(octets)} octets came")
    if code not in set(Code):
        raise MalformedPacket(f"packet code {code} is none of the answers to a request")
    octets = octets[:length]
    attributes: list[tuple[Key, bytes]] = []
    for number, value in _split(octets, _HEADER.size):
        attributes += _vendor_attributes(value) if number == VENDOR_SPECIFIC else [(number, value)]
    return WirePacket(Code(code), identifier, authenticator, tuple(attributes), octets)


def fault(reply: WirePacket, request: bytes, secret: bytes) -> str | None:
    """Why `reply` must be discarded as the answer to `request`, or None when it is genuine.

    Checks identifier, code and Response Authenticator (RFC 2865 section 3) and Message-Authenticator (RFC
    3579 section 3.2), which a reply with EAP-Message must have.
    """
    request_code, identifier, _, authenticator = _HEADER.unpack_from(request)
    if reply.identifier != identifier:
        return f"identifier {reply.identifier} instead of {identifier}"
    accounting = request_code == Code.ACCOUNTING_REQUEST
    if accounting != (reply.code is Code.ACCOUNTING_RESPONSE) or reply.code is Code.ACCESS_REQUEST:
        return f"{reply.code} is no answer to {Code(request_code)}"
    signed = reply.octets[:4] + authenticator + reply.octets[20:] + secret
    if not hmac.compare_digest(hashlib.md5(signed).digest(), reply.authenticator):  # noqa: S324 RFC 2865 asks for MD5
        return "wrong Response Authenticator; do both sides have the same secret?"
    signatures = reply.values(MESSAGE_AUTHENTICATOR)
    if not signatures:
        return "EAP-Message without Message-Authenticator" if reply.eap_message else None
    # An Accounting-Response is signed over zeros, which is what FreeRADIUS does; no RFC defines it.
    vector = bytes(16) if accounting else authenticator
    blank = reply.octets[:4] + vector + _without_signature(reply.octets)
    if len(signatures) > 1 or not hmac.compare_digest(hmac.digest(secret, blank, "md5"), signatures[0]):
        return "wrong Message-Authenticator"
    return None


def signature_is_first(packet: WirePacket) -> bool:
    """Whether Message-Authenticator is the first attribute, as the defence against BlastRADIUS asks."""
    return bool(packet.attributes) and packet.attributes[0][0] == MESSAGE_AUTHENTICATOR


def _split(octets: bytes, at: int) -> list[tuple[int, bytes]]:
    found = []
    while at < len(octets):
        if at + 2 > len(octets) or octets[at + 1] < 2 or at + octets[at + 1] > len(octets):
            raise MalformedPacket(f"attribute at octet {at} reaches beyond the packet")
        end = at + octets[at + 1]
        found.append((octets[at], octets[at + 2 : end]))
        at = end
    return found


def _vendor_attributes(value: bytes) -> list[tuple[Key, bytes]]:
    """Vendor-Specific holds a vendor id and then, by custom only, attributes; anything else stays whole."""
    try:
        vendor = int.from_bytes(value[:4], "big")
        return [((vendor, number), inner) for number, inner in _split(value, 4)] or [(VENDOR_SPECIFIC, value)]
    except MalformedPacket:
        return [(VENDOR_SPECIFIC, value)]


def _without_signature(octets: bytes) -> bytes:
    """The attributes with Message-Authenticator's value set to zero."""
    at = _HEADER.size
    while octets[at] != MESSAGE_AUTHENTICATOR:
        at += octets[at + 1]
    return octets[20 : at + 2] + bytes(octets[at + 1] - 2) + octets[at + octets[at + 1] :]
