"""From the attributes of an Access-Accept to those of a CoA-Request, and to text for people."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from ..attribute_type import Form, Type
from ..coa.attributes import KNOWN, Attribute
from ..reply import TYPES, Pair


def of_reply(pairs: Iterable[Pair]) -> tuple[Attribute, ...]:
    """What a push sends: the whole of an authorization, in its order. Raises ValueError, naming what can't be sent."""
    return tuple(_attribute(pair) for pair in pairs)


def text(attributes: Iterable[Attribute]) -> str:
    """`NAME = value` or `NAME:TAG = value` each, by newlines; octets in hexadecimal."""
    return "\n".join(_line(each) for each in attributes)


def _line(attribute: Attribute) -> str:
    value = attribute.value
    shown = "0x" + value.hex() if isinstance(value, bytes) else str(value)
    return f"{attribute.name}{'' if attribute.tag is None else f':{attribute.tag}'} = {shown}"


def _attribute(pair: Pair) -> Attribute:
    kind = pair.type or TYPES.get(pair.name)
    if kind is None or not kind.number:
        raise ValueError(f"{pair.name} can't be pushed: mdmd does not know its number")
    value: str | int = pair.value
    if kind.names is not None and value in kind.names:
        value = kind.names[str(value)]
    known = KNOWN.get(pair.name)
    if known is not None and (known.number, known.vendor, known.tagged) == (kind.number, kind.vendor, kind.tagged):
        return Attribute(pair.name, value, pair.tag or None)
    name = f"Attr-26.{kind.vendor}.{kind.number}" if kind.vendor else f"Attr-{kind.number}"
    return Attribute(name, _octets(pair, value, kind))


def _octets(pair: Pair, value: str | int, kind: Type) -> bytes:
    made = _plain_octets(value, kind)
    if not kind.tagged:
        return made
    # RFC 2868 section 3.1: a number gives its first octet to the tag, a text has it in front, where there is one.
    tag = bytes([pair.tag or 0])
    if kind.form is Form.NUMBER:
        return tag + made[1:]
    return tag + made if pair.tag else made


def _plain_octets(value: str | int, kind: Type) -> bytes:
    match kind.form:
        case Form.NUMBER:
            return int(value).to_bytes(kind.width, "big")
        case Form.OCTETS:
            return bytes.fromhex(str(value).removeprefix("0x"))
        case Form.IPV4 | Form.IPV6:
            return ipaddress.ip_address(value).packed
        case Form.IPV4_PREFIX | Form.IPV6_PREFIX:
            # RFC 3162 section 2.3, RFC 8044 section 3.11: a reserved octet, the length, the address.
            network = ipaddress.ip_network(value, strict=False)
            return bytes([0, network.prefixlen]) + network.network_address.packed
        case Form.ETHERNET:
            return bytes.fromhex(str(value).replace(":", ""))
        case Form.INTERFACE_ID:
            return b"".join(int(part, 16).to_bytes(2, "big") for part in str(value).split(":"))
        case Form.TEXT:
            return str(value).encode()
