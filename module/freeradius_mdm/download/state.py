"""The State of a download that takes several packets: where to go on, bound to name and client under a keyed hash.

Nothing is kept between two packets, so any server that has the key can go on with what another one began. RFC 2865
section 5.24: the network device returns State unchanged. Octets, numbers in network order:

    version 1 | expiry 8 | offset 4 | packet 2 | length of address 1 | address 4 or 16 | name | hash 16

The hash is HMAC-SHA256 (RFC 2104) over all that stands before it, its first 16 octets. Standard library only:
radiusd imports this.
"""

from __future__ import annotations

import hmac
import ipaddress
import struct
from dataclasses import dataclass
from enum import StrEnum

VERSION = 1
LIFETIME = 120.0  # seconds; the device asks again at once, and gives up after some retries
_HEAD = struct.Struct(">BQIHB")
_HASH = 16  # octets
_LONGEST = 253  # octets, RFC 2865 section 5
_ADDRESS_LENGTHS = (4, 16)


class StateFault(StrEnum):
    """Why a State is not believed."""

    FORGED = "it was not made with this key, or was changed"
    EXPIRED = "its time is over"
    OTHER_CLIENT = "it was given to another network device"
    OTHER_NAME = "it was given for another ACL"


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a download is: `offset` ACEs were sent, in `packets` packets."""

    offset: int
    packets: int


def seal(key: bytes, name: str, client: str, cursor: Cursor, now: float) -> bytes:
    """The State for the next packet. `client`: the network device's IP address; `now`: seconds since the epoch.

    Raises ValueError for a name that does not fit, an address that is none, or a number out of range.
    """
    address = ipaddress.ip_address(client).packed
    try:
        head = _HEAD.pack(VERSION, int(now + LIFETIME), cursor.offset, cursor.packets, len(address))
    except struct.error as error:
        raise ValueError(f"a State can't hold {cursor}: {error}") from error
    body = head + address + name.encode()
    if len(body) + _HASH > _LONGEST:
        raise ValueError(f"the name has {len(name.encode())} octets, too many for a State")
    return body + _hash(key, body)


def size(name: str, client: str) -> int:
    """Octets of the State that `seal` would give."""
    return _HEAD.size + len(ipaddress.ip_address(client).packed) + len(name.encode()) + _HASH


def unseal(key: bytes, state: bytes, name: str, client: str, now: float) -> Cursor | StateFault:
    """Where to go on, or why this State is not believed. Compared in constant time, so that nothing is learned."""
    body, claimed = state[:-_HASH], state[-_HASH:]
    if len(body) < _HEAD.size or not hmac.compare_digest(_hash(key, body), claimed):
        return StateFault.FORGED
    version, expiry, offset, packets, length = _HEAD.unpack_from(body)
    if version != VERSION or length not in _ADDRESS_LENGTHS:
        return StateFault.FORGED
    if now > expiry:
        return StateFault.EXPIRED
    rest = body[_HEAD.size :]
    if rest[:length] != ipaddress.ip_address(client).packed:
        return StateFault.OTHER_CLIENT
    if rest[length:] != name.encode():
        return StateFault.OTHER_NAME
    return Cursor(offset, packets)


def _hash(key: bytes, body: bytes) -> bytes:
    return hmac.digest(key, body, "sha256")[:_HASH]
