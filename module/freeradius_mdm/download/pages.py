"""Cutting an ACL into packets: whole ACEs only, numbered through, none of them larger than RADIUS allows.

RFC 2865 section 3: a packet has at most 4,096 octets; what FreeRADIUS can't fit in it leaves out without a word
(freeradius.md section 8). Standard library only: radiusd imports this.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import MdmError

_HEADER = 20  # code, identifier, length, authenticator
_SIGNATURE = 18  # Message-Authenticator, RFC 3579 section 3.2
_ATTRIBUTE = 2  # type and length, RFC 2865 section 5
_VENDOR_ATTRIBUTE = 8  # the same, vendor id, vendor type and vendor length: RFC 2865 section 5.26
_LONGEST_AV_PAIR = 247  # octets


class PageError(MdmError):
    """An ACL can't be put into packets."""


@dataclass(frozen=True, slots=True)
class Page:
    """The Cisco-AVPair values of one packet; `next_offset` is None for the last one. `size`: octets on the wire."""

    values: tuple[str, ...]
    next_offset: int | None
    size: int


def cut(
    entries: Sequence[str], prefix: str, offset: int, packet_size: int, state_size: int, proxy_states: Sequence[int]
) -> Page:
    """The packet that begins with ACE `offset`, counted from 0.

    `prefix`: `ip:inacl` or `ipv6:inacl`; the numbers begin with 1 and go on from packet to packet (ise.md section
    5.4). `state_size`: octets of a State's value, which every packet but the last carries; `proxy_states`: those of
    each Proxy-State that goes back with the reply. Raises PageError when not a single ACE fits.
    """
    used = _HEADER + _SIGNATURE + sum(_ATTRIBUTE + size for size in proxy_states)
    state = _ATTRIBUTE + state_size
    values: list[str] = []
    fitting, fitting_size = 0, used  # what is left when a State has to fit in as well
    for number, entry in enumerate(entries[offset:], offset + 1):
        value = f"{prefix}#{number}={entry}"
        length = len(value.encode())
        if length > _LONGEST_AV_PAIR:
            raise PageError(f"line {number} of the ACL has {length} octets, at most {_LONGEST_AV_PAIR} can be sent")
        used += _VENDOR_ATTRIBUTE + length
        if used > packet_size:
            break
        values.append(value)
        if used + state <= packet_size:
            fitting, fitting_size = len(values), used
    else:
        return Page(tuple(values), None, used)
    if not fitting:
        raise PageError(f"a packet of {packet_size} octets has no room for line {offset + 1} of the ACL")
    return Page(tuple(values[:fitting]), offset + fitting, fitting_size + state)
