"""Source and destination of an ACE. Standard library only: radiusd imports this."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from .kinds import AclType, Refused
from .words import SHAPE, Words

BITS = {AclType.IPV4: 32, AclType.IPV6: 128, AclType.AGNOSTIC: 128}
# Words for things that a device was configured with. The ACL would mean something else on every device.
ON_THE_DEVICE = (
    *("object", "object-group", "object-group-network", "object-group-user", "object-group-security", "addrgroup"),
    *("interface", "user", "user-group", "security-group", "security-group-tag"),
)
_FORMS = {
    AclType.IPV4: "any, host ADDRESS, or ADDRESS MASK",
    AclType.IPV6: "any, host ADDRESS, or PREFIX/LENGTH",
    AclType.AGNOSTIC: "any: an agnostic ACL serves IPv4 and IPv6 and names no address",
}


@dataclass(frozen=True, slots=True)
class Address:
    """`words` as they are sent. `base`, `mask`: integers; a set bit of `mask` is one that does not matter.

    `pair` is true for `ADDRESS MASK`: its `mask` is as written, wildcard or netmask, until the whole ACL tells which
    (masks.py). One bit above the address stands for "the other IP version": free in `any` alone, because ASA's
    `any` is both versions and its `any4`, `any6` one.
    """

    words: tuple[str, ...]
    base: int
    mask: int
    pair: bool = False

    @property
    def is_any(self) -> bool:
        """True for `any` itself."""
        return self.words == ("any",)


def any_mask(type_: AclType) -> int:
    """The mask of `any`: every bit of the address and the one for the other version."""
    return (1 << (BITS[type_] + 1)) - 1


_ANY = {type_: Address(("any",), 0, any_mask(type_)) for type_ in AclType}
_ANY4 = Address(("any4",), 0, (1 << 32) - 1)
_ANY6 = Address(("any6",), 0, (1 << 128) - 1)


def parse_address(words: Words, type_: AclType, role: str) -> Address:
    """Take one address; `role` is "the source" or "the destination". Raises Refused."""
    word = words.take(role)
    if word == "any":
        return _ANY[type_]
    if word == "any4" and type_ is AclType.IPV4:
        return _ANY4
    if word == "any6" and type_ is AclType.IPV6:
        return _ANY6
    if word in ON_THE_DEVICE:
        raise Refused(f"{role} is {word}, which only the device's own configuration knows", _FORMS[type_])
    if type_ is AclType.AGNOSTIC or word in ("any4", "any6"):
        raise Refused(f"{role} is {word!r}", _FORMS[type_])
    if word == "host":
        host = words.take(f"the address of {role}")
        return Address(("host", host), _value(host, type_, role), 0)
    return _prefix(word, role) if type_ is AclType.IPV6 else _pair(word, words, role)


def _pair(word: str, words: Words, role: str) -> Address:
    if "/" in word:
        raise Refused(f"{role} is {word}: IOS and ASA know no prefix lengths in an IPv4 ACE", _masks_for(word))
    base = _value(word, AclType.IPV4, role)
    allowed = f"host {word}, or {word} MASK"
    mask = words.take(f"the mask of {word}", allowed)
    try:
        return Address((word, mask), base, int(ipaddress.IPv4Address(mask)), pair=True)
    except ValueError:
        raise Refused(f"{word} is followed by {mask!r}, which is no mask", allowed) from None


def _masks_for(word: str) -> str:
    try:
        network = ipaddress.IPv4Network(word, strict=False)
    except ValueError:
        return _FORMS[AclType.IPV4]
    base = network.network_address
    return f"{base} {network.hostmask} (wildcard, IOS) or {base} {network.netmask} (netmask, ASA)"


def _prefix(word: str, role: str) -> Address:
    text, slash, length = word.partition("/")
    base = _value(text, AclType.IPV6, role)
    if not slash:
        raise Refused(f"{role} is {word} without a prefix length", f"host {word}, or {word}/LENGTH")
    if not length.isdecimal() or len(length) > 3 or int(length) > 128 or str(int(length)) != length:
        raise Refused(f"{role} is {word}: {length!r} is no prefix length", "a length from 0 to 128")
    mask = (1 << (128 - int(length))) - 1
    if base & mask:
        network = ipaddress.IPv6Address(base & ~mask)
        what = f"{role} is {word}, whose address has bits set behind the prefix"
        raise Refused(what, f"{network}/{length}, or host {text}")
    return Address((word,), base, mask)


def _value(word: str, type_: AclType, role: str) -> int:
    try:
        if type_ is AclType.IPV4:
            return int(ipaddress.IPv4Address(word))
        if "%" not in word:  # an interface name is the device's own matter
            return int(ipaddress.IPv6Address(word))
    except ValueError:
        pass
    if type_ is AclType.IPV4 and ":" in word:
        raise Refused(f"{role} is {word}, an IPv6 address", f"{_FORMS[type_]}; IPv6 stands in a file NAME.ipv6.acl")
    if type_ is AclType.IPV6 and word.count(".") == 3:
        raise Refused(f"{role} is {word}, an IPv4 address", f"{_FORMS[type_]}; IPv4 stands in a file NAME.acl")
    raise Refused(f"{role} is {word!r}", f"{_FORMS[type_]}; {SHAPE}")
