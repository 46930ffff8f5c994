"""Attributes of an operator's own choice, like `Cisco-AVPair += role=guest`, checked by FreeRADIUS's dictionary.

What carries secrets, what belongs to EAP or to the server, and what this module sets itself is refused with its
reason. Standard library only: radiusd imports this.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from .attribute_type import FIXED, Form, Type, canonical, written
from .dictionaries import Dictionary, DictionaryAttribute
from .errors import ReplyError
from .pairs import Operator, Pair

ALLOWED = "NAME := VALUE or NAME += VALUE, NAME:TAG for a tunnel attribute, as in `Cisco-AVPair += role=guest`"
_LINE = re.compile(
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9_-]*)(?::(?P<tag>[0-9]{1,3}))?\s*"
    r"(?P<operator>:=|\+=|[-=<>!~^*|&+]{1,2})\s*(?P<value>.*)"
)
# What a profile has a key for, or what this module must have the last word on.
_OURS = {
    "session-timeout": "use reauthentication or vpn_session_timeout",
    "termination-action": "use connectivity",
    "reply-message": "use reply_message",
    "class": "it ties accounting to the decision",
    "state": "it belongs to the conversation with the network device",
    "proxy-state": "it belongs to the proxies on the way",
    "message-authenticator": "FreeRADIUS signs every reply itself",
    "user-password": "it is a secret",
    "chap-password": "it is a secret",
    "tunnel-password": "it is a secret",
    "vendor-specific": "name the vendor's attribute",
}
_OF_OTHERS = re.compile(r"(?i)(?:eap-|ms-mppe-|ms-chap|mdm-|tls-|dhcp-|freedhcp-|freeradius-)")
_SECRET = re.compile(r"(?i).*(?:password|passphrase|secret|psk\b|-key$)")
_WIDTHS = {"byte": 1, "short": 2, "integer": 4, "integer64": 8}
_IS_READ_AS_NUMBER = re.compile(r"(?i)[0-9]+|0x[0-9a-f]+")


@dataclass(frozen=True, slots=True)
class FreeAttribute:
    """An operator's attribute: what is sent, and its type. `checked`: by a dictionary, else by its form alone."""

    pair: Pair
    type: Type
    checked: bool


def parse_free(text: str, dictionary: Dictionary | None, types: Mapping[str, Type] | None = None) -> FreeAttribute:
    """From `NAME := VALUE`. Raises ReplyError, which says what is wrong and what is allowed.

    `types` are attributes whose ranges are known better than the dictionary knows them. Without a dictionary, on a
    machine without FreeRADIUS, the form alone is checked.
    """
    match = _LINE.fullmatch(text.strip())
    if match is None:
        raise ReplyError(f"{text!r} is no attribute: {ALLOWED}")
    if match["operator"] not in (Operator.SET.value, Operator.ADD.value):
        raise ReplyError(f"{text!r}: the operator {match['operator']} is not allowed, := and += are: {ALLOWED}")
    name, operator = match["name"], Operator(match["operator"])
    tag = None if match["tag"] is None else int(match["tag"])
    refusal = _refusal(name)
    if refusal:
        raise ReplyError(refusal)
    value = _unquoted(match["value"])
    if dictionary is None:
        return FreeAttribute(*_without_dictionary(name, value, operator, tag, types or {}), checked=False)
    known = dictionary.find(name)
    if known is None:
        raise ReplyError(f"{name} is in no dictionary of this FreeRADIUS: mend the name, or add the attribute there")
    known = dictionary.attributes[known.newer_name] if known.newer_name else known
    kind = free_type(known)
    better = (types or {}).get(known.name)
    if better is not None and better.numbers is not None:
        kind = better
    pair = Pair(known.name, _value(known, kind, value), operator, _tag(known.name, tag, kind), kind)
    written(known.name, pair.value, kind)
    return FreeAttribute(pair, kind, checked=True)


def free_type(attribute: DictionaryAttribute) -> Type:
    """The type of an attribute that an operator may send. Raises ReplyError with the reason for one that can't be."""
    name = attribute.name
    refusal = _refusal(name) or _unfit(attribute)
    if refusal:
        raise ReplyError(refusal)
    size, longest = _header(attribute)
    if attribute.type in _WIDTHS:
        width = _WIDTHS[attribute.type]
        names = {
            value: number
            for number, value in attribute.values.printed.items()
            if not _IS_READ_AS_NUMBER.fullmatch(value)
        }
        # A tag takes the first of the four bytes.
        numbers = range(1 << (24 if attribute.tagged else 8 * width))
        return Type(
            Form.NUMBER,
            attribute.number,
            attribute.vendor,
            size,
            numbers=numbers,
            names=names or None,
            width=width,
            tagged=attribute.tagged,
        )
    if attribute.tagged:
        longest -= 1
    return Type(Form(attribute.type), attribute.number, attribute.vendor, size, longest, tagged=attribute.tagged)


def _header(attribute: DictionaryAttribute) -> tuple[int, int]:
    """Bytes of the header, and of the longest value behind it (RFC 2865 sections 5 and 5.26)."""
    size = 2
    if attribute.vendor:
        form = attribute.format
        size = 6 + form.number + form.length + form.continued
    return size, 255 - size


def _refusal(name: str) -> str:
    """Why an attribute of that name is never an operator's to send; empty when it is."""
    why = _OURS.get(name.lower())
    if why:
        return f"{name} can't be set freely: {why}"
    if _OF_OTHERS.match(name):
        return f"{name} can't be set freely: it belongs to EAP, to DHCP or to the server"
    if _SECRET.match(name):
        return f"{name} can't be set freely: it is a secret"
    return ""


def _unfit(attribute: DictionaryAttribute) -> str:
    name = attribute.name
    if not attribute.sent:
        return f"{name} is never sent: it is FreeRADIUS's own"
    if attribute.overlaid_by:
        return f"{name} can't be sent: {attribute.overlaid_by} has the same number and another type, use that name"
    if attribute.encrypted or "secret" in attribute.flags:
        return f"{name} can't be set freely: it is a secret"
    if attribute.extended or attribute.depth > 1:
        return f"{name} can't be sent: it stands inside another attribute"
    if "array" in attribute.flags or "concat" in attribute.flags or attribute.length is not None:
        return f"{name} can't be sent: its values are split or put together"
    if attribute.type not in _WIDTHS and attribute.type not in set(Form):
        allowed = ", ".join(sorted({*_WIDTHS, *Form}))
        return f"{name} can't be sent: it is of type {attribute.type}, allowed are {allowed}"
    return ""


def _unquoted(text: str) -> str:
    """Quotation marks around a value are FreeRADIUS's habit; they are no part of it."""
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1]
    return text


def _tag(name: str, tag: int | None, kind: Type) -> int | None:
    if tag is not None and not (kind.tagged and tag <= 31):
        raise ReplyError(f"{name} can't carry tag {tag}; a tunnel attribute can, from 0 to 31")
    return 0 if kind.tagged and tag is None else tag


def _value(known: DictionaryAttribute, kind: Type, text: str) -> str | int:
    """The value as FreeRADIUS will print it, so that what goes out can be compared with it."""
    if kind.form is Form.NUMBER:
        number = int(text) if text.isascii() and text.isdigit() else known.values.numbers.get(text.lower())
        if number is None:
            some = sorted(kind.names or ())[:12]
            names = f" or one of {', '.join(some)}" if some else ""
            raise ReplyError(f"{known.name} = {text!r}: a number{names} is needed")
        printed = known.values.printed.get(number)
        if printed is None:
            return number
        if kind.names is None or printed not in kind.names:
            why = f"FreeRADIUS prints {number} as {printed}, which it reads back as another number"
            raise ReplyError(f"{known.name} = {text!r}: {why}")
        return printed
    if kind.form is Form.OCTETS:
        return text.lower() if text[:2].lower() == "0x" else "0x" + text.encode().hex()
    if kind.form in FIXED:
        return canonical(kind.form, text) or text
    return text


def _without_dictionary(
    name: str, text: str, operator: Operator, tag: int | None, types: Mapping[str, Type]
) -> tuple[Pair, Type]:
    """Whatever can be known without a dictionary: a number where it looks like one, else text."""
    known = types.get(name)
    if known is not None and not (known.names and text not in known.names):
        value: str | int = text
        if known.form is Form.NUMBER and text.isascii() and text.isdigit():
            value = int(text)
        elif known.octets and text[:2].lower() != "0x":
            value = "0x" + text.encode().hex()
        pair = Pair(name, value, operator, _tag(name, tag, known), known)
        written(name, pair.value, known)
        return pair, known
    kind = Type(longest=252, tagged=tag is not None)
    pair = Pair(name, text, operator, tag, kind)
    if tag is not None and tag > 31:
        raise ReplyError(f"{name} can't carry tag {tag}; a tunnel attribute can, from 0 to 31")
    written(name, text, kind)
    return pair, kind
