"""The EAP packet (RFC 3748 section 4) and its way in and out of RADIUS (RFC 3579 section 3.1)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

from freeradius_mdm.lab.radius.errors import EapError

_HEADER = struct.Struct("!BBH")
_ATTRIBUTE_ROOM = 253  # octets of one EAP-Message attribute


class EapCode(IntEnum):
    """RFC 3748 section 4."""

    REQUEST = 1
    RESPONSE = 2
    SUCCESS = 3
    FAILURE = 4

    def __str__(self) -> str:
        return f"EAP-{self.name.title()}"


class EapType(IntEnum):
    """The types this supplicant tells apart: RFC 3748 section 5, and EAP-TLS (RFC 5216 section 3.1)."""

    IDENTITY = 1
    NOTIFICATION = 2
    NAK = 3
    MD5_CHALLENGE = 4
    TLS = 13


@dataclass(frozen=True, slots=True)
class EapPacket:
    """One EAP packet; `type` is None and `data` empty in Success and Failure."""

    code: EapCode
    identifier: int
    type: int | None = None
    data: bytes = b""

    def encode(self) -> bytes:
        """The packet's octets."""
        body = b"" if self.type is None else bytes([self.type]) + self.data
        return _HEADER.pack(self.code, self.identifier, _HEADER.size + len(body)) + body


def decode(octets: bytes) -> EapPacket:
    """Read an EAP packet; octets behind its length are padding (RFC 3748 section 4.1). Raises EapError."""
    if len(octets) < _HEADER.size:
        raise EapError(f"an EAP packet of {len(octets)} octets; it has at least {_HEADER.size}")
    number, identifier, length = _HEADER.unpack_from(octets)
    if not _HEADER.size <= length <= len(octets):
        raise EapError(f"the EAP length field says {length}, {len(octets)} octets came")
    try:
        code = EapCode(number)
    except ValueError:
        raise EapError(f"EAP code {number} is none of 1 to 4") from None
    body = octets[_HEADER.size : length]
    if code in (EapCode.SUCCESS, EapCode.FAILURE):
        if body:
            raise EapError(f"{code} with {len(body)} octets of data; RFC 3748 section 4.2 allows none")
        return EapPacket(code, identifier)
    if not body:
        raise EapError(f"{code} without a type")
    return EapPacket(code, identifier, body[0], body[1:])


def to_attributes(octets: bytes) -> list[bytes]:
    """Split an EAP packet into the values of EAP-Message attributes."""
    return [octets[at : at + _ATTRIBUTE_ROOM] for at in range(0, len(octets), _ATTRIBUTE_ROOM)]
