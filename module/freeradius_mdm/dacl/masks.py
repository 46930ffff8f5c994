"""Wildcards and netmasks told apart. Standard library only: radiusd imports this.

`10.0.0.0 0.0.0.255` (IOS) and `10.0.0.0 255.255.255.0` (ASA) are both valid somewhere, so a whole ACL must be of one
style. 0.0.0.0 and 255.255.255.255 are valid in both with opposite meanings, so they take the style of the others.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator

from .ace import Ace
from .address import Address
from .kinds import MaskStyle, Refused

ONES = (1 << 32) - 1
_AMBIGUOUS = (0, ONES)


def style_of_mask(mask: int) -> MaskStyle | None:
    """The style a mask can only be of, None when it could be either.

    A mask with gaps is a wildcard: ASA takes contiguous netmasks only.
    """
    if mask in _AMBIGUOUS:
        return None
    inverse = mask ^ ONES
    return MaskStyle.NETMASK if inverse & (inverse + 1) == 0 else MaskStyle.WILDCARD


def style_of(aces: Iterable[Ace]) -> MaskStyle | None:
    """The style of an ACL, None when it has no masks at all. Raises Refused, with its line."""
    first: tuple[Ace, Address, MaskStyle] | None = None
    ambiguous: tuple[Ace, Address] | None = None
    for ace, address in _pairs(aces):
        style = style_of_mask(address.mask)
        if style is None:
            ambiguous = ambiguous or (ace, address)
        elif first is None:
            first = (ace, address, style)
        elif style is not first[2]:
            what = (
                f"has the {style.value} {' '.join(address.words)}, "
                f"line {first[0].line} the {first[2].value} {' '.join(first[1].words)}"
            )
            raise Refused(what, "wildcards in the whole ACL (IOS), or netmasks (ASA)", ace.line)
    if first is not None:
        return first[2]
    if ambiguous is not None:
        ace, address = ambiguous
        what = f"{' '.join(address.words)} can be a wildcard or a netmask, and no other line tells which"
        raise Refused(what, f"host {address.words[0]} for one address, any for all of them", ace.line)
    return None


def host_bits(ace: Ace, style: MaskStyle) -> Iterator[Refused]:
    """Addresses with bits set where their mask says that they don't matter."""
    for _, address in _pairs((ace,)):
        open_bits = open_mask(address, style)
        if address.base & open_bits:
            text, mask = address.words
            what = f"{text} has bits set that its {style.value} {mask} leaves open"
            if open_bits & (open_bits + 1):
                what += " (a mask with gaps can only be a wildcard)"
            network = ipaddress.IPv4Address(address.base & ~open_bits)
            yield Refused(what, f"{network} {mask}, or host {text}", ace.line)


def open_mask(address: Address, style: MaskStyle | None) -> int:
    """The bits of the address that do not matter."""
    return address.mask ^ ONES if address.pair and style is MaskStyle.NETMASK else address.mask


def is_contiguous(mask: int) -> bool:
    """True for a wildcard that is a netmask turned round."""
    return mask & (mask + 1) == 0


def turned(address: Address) -> tuple[str, ...]:
    """The words of `ADDRESS MASK` in the other style; only for contiguous masks."""
    if not address.pair:
        return address.words
    return (address.words[0], str(ipaddress.IPv4Address(address.mask ^ ONES)))


def _pairs(aces: Iterable[Ace]) -> Iterator[tuple[Ace, Address]]:
    for ace in aces:
        for address in (ace.source, ace.destination):
            if address.pair:
                yield ace, address
