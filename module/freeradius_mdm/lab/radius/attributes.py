"""RADIUS attributes by name: what goes into a request, and what a reply holds, in wire order.

The names are those of FreeRADIUS; the file `dictionary` beside this one lists them and is read once per
process.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from pyrad import tools
from pyrad.dictionary import Dictionary
from pyrad.packet import Packet

from freeradius_mdm.lab.radius.errors import RequestError

Value: TypeAlias = int | str | bytes
"""Numbers, dates (Unix time) and named values are int; text and addresses are str; octets are bytes."""

Attributes: TypeAlias = tuple[tuple[str, Value], ...]
"""Attributes to send: (name, value) pairs; a tag stands behind the name, as in `Tunnel-Type:1`."""

Key: TypeAlias = int | tuple[int, int]
"""An attribute's number, or (vendor, number)."""

Encoded: TypeAlias = dict[Key, list[bytes]]
"""Attributes ready for a pyrad packet, so that many packets can share the work of encoding."""

_LONGEST = 253  # octets of a value, RFC 2865 section 5
_VENDOR_HEADER = 6  # vendor id, vendor type, vendor length: RFC 2865 section 5.26


class Attribute(NamedTuple):
    """One attribute of a reply; equal to the plain tuple (name, tag, value).

    `tag` is 1..31, or None for an attribute without a tag: RFC 2868 section 3.1 says a tag of 0 is unused. A
    number stays a number (VLAN is 13, IEEE-802 is 6); `value_name` knows its name. What is encrypted (MPPE
    keys, Tunnel-Password) stays encrypted, as bytes, and so does a value that does not fit its type.
    """

    name: str
    tag: int | None
    value: Value


@cache
def dictionary() -> Any:
    """pyrad's dictionary of the attributes we know, read once."""
    return Dictionary(str(Path(__file__).with_name("dictionary")))


def encode(attributes: Iterable[tuple[str, Value]]) -> Encoded:
    """Encode attributes; pyrad puts the values of one name together, at the place of the first.

    Raises RequestError for a name that is not in the dictionary, a wrong type, and a value that is too long.
    """
    packet = Packet(dict=dictionary())
    for name, value in attributes:
        try:
            packet.AddAttribute(name, value)
        except KeyError:
            raise RequestError(
                f"{name}: no such attribute; add it to {Path(__file__).with_name('dictionary')}"
            ) from None
        except (TypeError, ValueError, OSError) as error:
            raise RequestError(f"{name} = {value!r} can't be encoded: {error}; mend the value") from error
    encoded: Encoded = dict(packet.items())
    for key, values in encoded.items():
        room = _LONGEST - (_VENDOR_HEADER if isinstance(key, tuple) else 0)
        for raw in values:
            if len(raw) > room:
                raise RequestError(f"{name_of(key)}: {len(raw)} octets, at most {room} fit; shorten it")
    return encoded


def decode(key: Key, raw: bytes) -> Attribute:
    """Decode one attribute as it stood in a packet; never fails (see `Attribute`)."""
    name = name_of(key)
    known = dictionary().attributes.get(name)
    if known is None:
        return Attribute(name, None, raw)
    tag, rest = _split_tag(known, raw)
    if known.encrypt:
        return Attribute(name, tag, rest)
    try:
        value: Value = tools.DecodeAttr(known.type, rest)
    except (ValueError, TypeError):
        return Attribute(name, tag, raw)
    return Attribute(name, tag, value)


def name_of(key: Key) -> str:
    """The attribute's name; without one `Attr-26.VENDOR.NUMBER` or `Attr-NUMBER`, as FreeRADIUS writes it."""
    index = dictionary().attrindex
    if index.HasBackward(key):
        return str(index.GetBackward(key))
    return f"Attr-26.{key[0]}.{key[1]}" if isinstance(key, tuple) else f"Attr-{key}"


def value_name(name: str, value: Value) -> str | None:
    """The name of a number, such as `VLAN` for 13 of Tunnel-Type; None where it has none."""
    known = dictionary().attributes.get(name)
    if known is None or not isinstance(value, int):
        return None
    raw = tools.EncodeAttr(known.type, value)
    return str(known.values.GetBackward(raw)) if known.values.HasBackward(raw) else None


def _split_tag(known: Any, raw: bytes) -> tuple[int | None, bytes]:
    """Take the tag off. RFC 2868: a number always has it, text when its first octet is at most 0x1F."""
    if not known.has_tag or not raw:
        return None, raw
    if known.type == "integer":
        return (raw[0] or None) if raw[0] <= 0x1F else None, b"\x00" + raw[1:]
    if known.encrypt or raw[0] <= 0x1F:
        return raw[0] or None, raw[1:]
    return None, raw
