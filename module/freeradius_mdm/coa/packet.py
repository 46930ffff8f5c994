"""CoA and Disconnect packets: requests built and signed, answers taken apart and verified.

RFC 5176 section 2.3 (codes, authenticators), 3.4 (Message-Authenticator), 3.5 (Error-Cause), 6.3 (Event-Timestamp);
RFC 2866 section 3 for the Request Authenticator.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum

from .attributes import KNOWN, Attribute, Definition, PacketError, encode_all

LARGEST = 4096  # octets, RFC 5176 section 2.3
_HEADER = struct.Struct("!BBH16s")
_EVENT_TIMESTAMP, _MESSAGE_AUTHENTICATOR, _ERROR_CAUSE = 55, 80, 101
_NONE = bytes(16)


class Code(IntEnum):
    """RFC 5176 section 2.3."""

    DISCONNECT_REQUEST = 40
    DISCONNECT_ACK = 41
    DISCONNECT_NAK = 42
    COA_REQUEST = 43
    COA_ACK = 44
    COA_NAK = 45


_ANSWERS = {
    Code.DISCONNECT_REQUEST: (Code.DISCONNECT_ACK, Code.DISCONNECT_NAK),
    Code.COA_REQUEST: (Code.COA_ACK, Code.COA_NAK),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """A genuine answer. `error_cause`: the number, None without one (a NAK without it is legal)."""

    code: Code
    error_cause: int | None = None

    @property
    def acknowledged(self) -> bool:
        """True for an ACK."""
        return self.code in (Code.DISCONNECT_ACK, Code.COA_ACK)


def build(
    code: Code,
    identifier: int,
    attributes: Iterable[Attribute],
    secret: bytes,
    event_timestamp: int,
    known: Mapping[str, Definition] = KNOWN,
) -> bytes:
    """A signed request. `event_timestamp`: Unix time in seconds of the first sending.

    Message-Authenticator stands first, then the attributes in their order, Event-Timestamp last. Raises PacketError.
    """
    if code not in _ANSWERS:
        raise PacketError(f"{code.name} is no request; allowed: CoA-Request, Disconnect-Request")
    given = list(attributes)
    for attribute in given:
        if attribute.name in ("Event-Timestamp", "Message-Authenticator"):
            raise PacketError(f"{attribute.name} is added by the packet itself; leave it out")
    stamp = encode_all([Attribute("Event-Timestamp", event_timestamp)])
    body = encode_all(given, known) + stamp
    blank = bytes([_MESSAGE_AUTHENTICATOR, 18]) + _NONE
    length = _HEADER.size + len(blank) + len(body)
    if length > LARGEST:
        raise PacketError(f"{length} octets, at most {LARGEST} fit into a packet; use fewer attributes")
    head = struct.pack("!BBH", code, identifier, length)
    # RFC 5176 section 3.4: over a Request Authenticator of zeros, and before that is computed.
    signature = hmac.digest(secret, head + _NONE + blank + body, "md5")
    signed = blank[:2] + signature + body
    return head + _authenticator(head, signed, secret) + signed


def is_signed_with(request: bytes, secret: bytes) -> bool:
    """Whether a request that was stored was signed with this secret (it may have been changed since)."""
    return hmac.compare_digest(_authenticator(request[:4], request[20:], secret), request[4:20])


def read_answer(octets: bytes, request: bytes, secret: bytes) -> Answer:
    """Verify and read the answer to a request of `build`. Raises PacketError with the reason to discard it.

    A Message-Authenticator must be right where there is one, and is not demanded, since most devices send none. The
    one of FreeRADIUS before 3.2.4, over zeros instead of the Request Authenticator, is taken too: it needs the secret
    as well. An Event-Timestamp in the answer is not compared with our clock, because the Response Authenticator
    already binds the answer to this very request.
    """
    asked = Code(request[0])
    code, attributes = genuine(octets, request, secret, (request[4:20], _NONE))
    if code not in _ANSWERS[asked]:
        raise PacketError(f"code {code} is no answer to {asked.name}")
    causes = [
        int.from_bytes(value, "big") for _, number, value in attributes if number == _ERROR_CAUSE and len(value) == 4
    ]
    return Answer(Code(code), causes[0] if causes else None)


def genuine(
    octets: bytes, request: bytes, secret: bytes, vectors: Iterable[bytes]
) -> tuple[int, list[tuple[int, int, bytes]]]:
    """The code and attributes, each as (offset, number, value), of an answer that was made with the secret.

    RFC 2865 section 3 and RFC 3579 section 3.2. `vectors`: the authenticators that a Message-Authenticator may have
    been computed over. Raises PacketError with the reason to discard it.
    """
    if len(octets) < _HEADER.size:
        raise PacketError(f"{len(octets)} octets, a RADIUS packet has at least {_HEADER.size}")
    code, identifier, length, authenticator = _HEADER.unpack_from(octets)
    if not _HEADER.size <= length <= min(len(octets), LARGEST):
        raise PacketError(f"its length field says {length}, {len(octets)} octets came")
    octets = octets[:length]  # what follows is padding
    if identifier != request[1]:
        raise PacketError(f"identifier {identifier} instead of {request[1]}")
    digest = hashlib.md5(octets[:4] + request[4:20] + octets[20:] + secret).digest()  # noqa: S324 as RFC 2865 has it
    if not hmac.compare_digest(digest, authenticator):
        raise PacketError("wrong Response Authenticator: do both sides have the same secret?")
    attributes = _attributes(octets)
    for at, number, value in attributes:
        if number == _MESSAGE_AUTHENTICATOR:
            rest = octets[20 : at + 2] + _NONE + octets[at + 18 :]
            right = [hmac.digest(secret, octets[:4] + vector + rest, "md5") for vector in vectors]
            if len(value) != 16 or not any(hmac.compare_digest(one, value) for one in right):
                raise PacketError("wrong Message-Authenticator")
    return code, attributes


def event_timestamp(request: bytes) -> int | None:
    """The Event-Timestamp of a stored request in Unix seconds, None without one. Raises PacketError."""
    for _, number, value in _attributes(request):
        if number == _EVENT_TIMESTAMP and len(value) == 4:
            return int.from_bytes(value, "big")
    return None


def _authenticator(head: bytes, attributes: bytes, secret: bytes) -> bytes:
    """RFC 2866 section 3: MD5 over the packet with zeros for the authenticator, and the secret."""
    return hashlib.md5(head + _NONE + attributes + secret).digest()  # noqa: S324 the RFC asks for MD5


def _attributes(octets: bytes) -> list[tuple[int, int, bytes]]:
    """(offset, number, value) of each. Raises PacketError."""
    found, at = [], _HEADER.size
    while at < len(octets):
        if at + 2 > len(octets) or octets[at + 1] < 2 or at + octets[at + 1] > len(octets):
            raise PacketError(f"the attribute at octet {at} reaches beyond the packet")
        end = at + octets[at + 1]
        found.append((at, octets[at], octets[at + 2 : end]))
        at = end
    return found
