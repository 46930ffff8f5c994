"""What a value of an attribute may be, and how it is written for FreeRADIUS.

Standard library only: radiusd imports this.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from .errors import ReplyError

_CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f]")
_OCTETS = re.compile(r"0x(?:[0-9a-f]{2})+")
_ETHERNET = re.compile(r"[0-9a-f]{2}(?::[0-9a-f]{2}){5}")
_INTERFACE_ID = re.compile(r"(?:0|[1-9a-f][0-9a-f]{0,3})(?::(?:0|[1-9a-f][0-9a-f]{0,3})){3}")


class Form(StrEnum):
    """Kinds of values, in the dictionary's words; `integer` is any unsigned number."""

    TEXT = "string"
    NUMBER = "integer"
    OCTETS = "octets"
    IPV4 = "ipaddr"
    IPV6 = "ipv6addr"
    IPV4_PREFIX = "ipv4prefix"
    IPV6_PREFIX = "ipv6prefix"
    ETHERNET = "ether"
    INTERFACE_ID = "ifid"


# Bytes of a value, where they are always the same.
FIXED = {
    Form.IPV4: 4,
    Form.IPV6: 16,
    Form.IPV4_PREFIX: 6,
    Form.IPV6_PREFIX: 18,
    Form.ETHERNET: 6,
    Form.INTERFACE_ID: 8,
}
_EXAMPLES = {
    Form.IPV4: "an address like 192.0.2.1",
    Form.IPV6: "an address like 2001:db8::1",
    Form.IPV4_PREFIX: "a prefix like 192.0.2.0/24",
    Form.IPV6_PREFIX: "a prefix like 2001:db8::/32",
    Form.ETHERNET: "a MAC address like 00:50:56:a1:b2:c3",
    Form.INTERFACE_ID: "an interface id like 200:5eff:fe00:5301",
}


@dataclass(frozen=True, slots=True)
class Type:
    """One attribute.

    `number`, `vendor`: where it stands in a packet. `size`: bytes of its header there, 0 for one that is never sent.
    `longest`: bytes of text or octets. `numbers`: the range of a number of `width` bytes; `names`: the value names
    that may be used, in the dictionary's spelling; with both, a value may be either. `tagged`: takes a tag.
    """

    form: Form = Form.TEXT
    number: int = 0
    vendor: int = 0
    size: int = 2
    longest: int = 253
    numbers: range | None = None
    names: Mapping[str, int] | None = None
    width: int = 4
    tagged: bool = False

    @property
    def octets(self) -> bool:
        """True for bytes, written as 0x and hexadecimal digits."""
        return self.form is Form.OCTETS


def written(name: str, value: object, kind: Type) -> str:
    """The value as FreeRADIUS reads it. Raises ReplyError, which says what fits."""
    if kind.form is Form.NUMBER:
        return _number(name, value, kind)
    if type(value) is not str:
        raise ReplyError(f"{name} = {value!r}: text is needed")
    if kind.form is Form.TEXT:
        return _text(name, value, kind.longest)
    if kind.form is Form.OCTETS:
        if not _OCTETS.fullmatch(value):
            raise ReplyError(f"{name}: 0x and hexadecimal digits are needed")
        if len(value) // 2 - 1 > kind.longest:
            raise ReplyError(f"{name} has {len(value) // 2 - 1} bytes, 1 to {kind.longest} fit")
        return value
    if not value or canonical(kind.form, value) != value:
        raise ReplyError(f"{name} = {value[:80]!r}: {_EXAMPLES[kind.form]} fits")
    return value


def canonical(form: Form, value: str) -> str:
    """An address as FreeRADIUS prints it, so that it can be compared; empty for text that is none."""
    text = value.strip().lower()
    match form:
        case Form.IPV4:
            return _address(socket.AF_INET, text)
        case Form.IPV6:
            return _address(socket.AF_INET6, text)
        case Form.IPV4_PREFIX | Form.IPV6_PREFIX:
            address, _, length = text.partition("/")
            family, longest = (socket.AF_INET, 32) if form is Form.IPV4_PREFIX else (socket.AF_INET6, 128)
            found = _address(family, address)
            return f"{found}/{int(length)}" if found and _is_up_to(length, longest) else ""
        case Form.ETHERNET:
            return text if _ETHERNET.fullmatch(text) else ""
        case Form.INTERFACE_ID:
            return text if _INTERFACE_ID.fullmatch(text) else ""
        case _:
            return value


def _address(family: socket.AddressFamily, text: str) -> str:
    """By the C library, as FreeRADIUS does it; inet_pton takes four decimal numbers only."""
    try:
        return socket.inet_ntop(family, socket.inet_pton(family, text))
    except (OSError, ValueError):
        return ""


def _is_up_to(text: str, longest: int) -> bool:
    return text.isascii() and text.isdigit() and int(text) <= longest


def _number(name: str, value: object, kind: Type) -> str:
    if type(value) is int and kind.numbers is not None and value in kind.numbers:
        return str(value)
    if type(value) is str and kind.names is not None and value in kind.names:
        return value
    fits = [] if kind.numbers is None else [f"a number from {kind.numbers.start} to {kind.numbers.stop - 1}"]
    fits += sorted(kind.names or ())[:12]
    raise ReplyError(f"{name} = {value!r}: {' or '.join(fits)} fits")


def _text(name: str, value: str, longest: int) -> str:
    try:
        size = len(value.encode("utf-8", "strict"))
    except UnicodeEncodeError as error:
        raise ReplyError(f"{name}: the text can't be written as UTF-8") from error
    if not 1 <= size <= longest:
        raise ReplyError(f"{name} has {size} bytes, 1 to {longest} fit")
    if _CONTROL_CHARACTERS.search(value):
        raise ReplyError(f"{name} holds control characters")
    return value.replace("\\", "\\\\")  # FreeRADIUS reads the text as a double-quoted string
