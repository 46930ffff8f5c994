"""Reply attributes as they have to stand in a packet, and packets' attributes as text.

RFC 2865 sections 5 and 5.26 (vendors), RFC 2868 section 3 (tags), RFC 4849 section 2 (NAS-Filter-Rule).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ....attribute_type import Form, Type
from ....dictionaries import Dictionary, DictionaryAttribute
from ....errors import ReplyError
from ....pairs import Operator, Pair
from ....reply_types import TYPES

_VENDOR_SPECIFIC = 26
_NAS_FILTER_RULE = "NAS-Filter-Rule"
_LONGEST = 253  # octets of a value
_NUMBERS = {"byte", "short", "integer", "integer64"}


@dataclass(frozen=True, slots=True)
class Shown:
    """One attribute. `number`, `octets`: as in the packet; `name`, `text`: for the operator, the name with its tag."""

    number: int
    octets: bytes
    name: str
    text: str


def meant(pairs: Iterable[Pair], dictionary: Dictionary) -> list[Shown]:
    """What these pairs make in a packet. Raises ReplyError for one that has no place there."""
    found: list[Shown] = []
    rules: list[str] = []
    for pair in pairs:
        if pair.name == _NAS_FILTER_RULE:
            rules.append(str(pair.value))
            continue
        found += _rules(rules)
        if pair.operator is not Operator.CLEAR:
            found += _one(pair, dictionary)
    return [*found, *_rules(rules)]


def received(attributes: Sequence[tuple[int, bytes]], dictionary: Dictionary) -> list[Shown]:
    """What came, with names of the dictionary."""
    by_place = {(each.vendor, each.number): each for each in dictionary.attributes.values() if _is_plain(each)}
    return [_read(number, octets, by_place) for number, octets in attributes]


def _is_plain(attribute: DictionaryAttribute) -> bool:
    return attribute.sent and attribute.depth == 1 and not attribute.extended and not attribute.newer_name


def _rules(rules: list[str]) -> list[Shown]:
    """Rules are put together with a zero octet between two, and that is split."""
    text = b"\0".join(rule.encode() for rule in rules)
    rules.clear()
    parts = [text[at : at + _LONGEST] for at in range(0, len(text), _LONGEST)]
    return [Shown(92, part, _NAS_FILTER_RULE, part.decode(errors="replace")) for part in parts]


def _one(pair: Pair, dictionary: Dictionary) -> list[Shown]:
    kind = pair.type or TYPES.get(pair.name)
    if kind is None:
        raise ReplyError(f"{pair.name} is no attribute this module sends")
    if not kind.size or pair.name == "Message-Authenticator":
        return []
    octets = _octets(pair, kind)
    number = kind.number
    if kind.vendor:
        number, octets = _VENDOR_SPECIFIC, _vendors(kind, octets, dictionary.find(pair.name))
    name = f"{pair.name}:{pair.tag}" if pair.tag else pair.name
    return [Shown(number, octets, name, str(pair.value))]


def _octets(pair: Pair, kind: Type) -> bytes:
    value = _written(pair.value, kind)
    if kind.tagged and kind.form is Form.NUMBER:
        return bytes([pair.tag or 0]) + value[1:]
    return bytes([pair.tag]) + value if pair.tag else value


def _written(value: str | int, kind: Type) -> bytes:
    text = str(value)
    match kind.form:
        case Form.TEXT:
            return text.encode()
        case Form.NUMBER:
            number = value if isinstance(value, int) else (kind.names or {}).get(text)
            return (int(text) if number is None else number).to_bytes(kind.width, "big")
        case Form.OCTETS:
            return bytes.fromhex(text.removeprefix("0x"))
        case Form.IPV4 | Form.IPV6:
            return ipaddress.ip_address(text).packed
        case Form.IPV4_PREFIX | Form.IPV6_PREFIX:
            address, _, length = text.partition("/")
            return bytes([0, int(length)]) + ipaddress.ip_address(address).packed
        case Form.ETHERNET:
            return bytes.fromhex(text.replace(":", ""))
        case Form.INTERFACE_ID:
            return b"".join(int(part, 16).to_bytes(2, "big") for part in text.split(":"))


def _vendors(kind: Type, octets: bytes, known: DictionaryAttribute | None) -> bytes:
    """Behind the vendor's id: number and length in as many octets as that vendor has, one each usually."""
    number, length, continued = (1, 1, False)
    if known is not None:
        number, length, continued = known.format.number, known.format.length, known.format.continued
    total = number + length + continued + len(octets)
    head = kind.number.to_bytes(number, "big") + (total.to_bytes(length, "big") if length else b"") + bytes(continued)
    return kind.vendor.to_bytes(4, "big") + head + octets


def _read(number: int, octets: bytes, by_place: dict[tuple[int, int], DictionaryAttribute]) -> Shown:
    """By the dictionary; what it does not know is shown by its number."""
    if number != _VENDOR_SPECIFIC:
        known = by_place.get((0, number))
        return Shown(number, octets, *_readable(known, octets, f"Attr-{number}"))
    vendor = int.from_bytes(octets[:4], "big")
    for known in (each for place, each in by_place.items() if place[0] == vendor):
        form = known.format
        head = 4 + form.number + form.length + form.continued
        if int.from_bytes(octets[4 : 4 + form.number], "big") == known.number and len(octets) >= head:
            return Shown(number, octets, *_readable(known, octets[head:], known.name))
    return Shown(number, octets, f"Attr-26.{vendor}", "0x" + octets[4:].hex())


def _readable(known: DictionaryAttribute | None, value: bytes, name: str) -> tuple[str, str]:
    if known is None:
        return name, "0x" + value.hex()
    name = known.name
    if known.tagged and value and 0 < value[0] <= 31:
        name, value = f"{name}:{value[0]}", (b"\0" if known.type in _NUMBERS else b"") + value[1:]
    if known.type in _NUMBERS:
        number = int.from_bytes(value, "big")
        return name, known.values.printed.get(number, str(number))
    if known.type == "string":
        return name, value.decode(errors="backslashreplace")
    if known.type in ("ipaddr", "ipv6addr") and len(value) in (4, 16):
        return name, str(ipaddress.ip_address(value))
    return name, "0x" + value.hex()
