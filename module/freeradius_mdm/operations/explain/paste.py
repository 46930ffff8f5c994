"""Reading a request that somebody pastes: radclient's form, and what `radiusd -X` and radclient print.

A line is `NAME = VALUE`, where the operator may also be `:=`, `+=` or `==`; the value is bare, or in quotes with the
escapes that FreeRADIUS prints (for quote, backslash, \\n, \\r, \\t, and three octal digits for other bytes) or reads
(two hexadecimal digits behind x). A debug log's `(12)` in front is passed over, and of such a log the request ends
where its attributes do. Certificate attributes that the eap module prints further down belong to it too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..codes import OperationCode
from ..errors import OperationError

_NAME = r"[A-Za-z0-9][A-Za-z0-9._/-]*(?::[0-9]{1,2})?"
_PAIR = re.compile(rf"\s*({_NAME})\s*(:=|\+=|==|\^=|=)\s*(.*?)\s*,?\s*")
_DEBUG = re.compile(r"\((\d+)\)(.*)", re.DOTALL)
_MODULE = re.compile(r"\s*[a-z][\w.-]*:\s+(TLS-(?:Client-)?Cert-.*)", re.DOTALL)
_SAME = ("User-Name", "Calling-Station-Id")  # what all requests of one conversation have in common
_LOG = re.compile(r"\s*(?:server |Waking|Ready|Thread |\}|No reply|Debug|Finished)")
_RECEIVED = re.compile(r"\s*Received Access-Request Id \d+ from (?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<v4>[0-9.]+)):\d+ .*")
_HEAD = re.compile(r"\s*(?:Received|Sent|Sending) \S+-(?:Request|Accept|Reject|Challenge)\b.*")
_STAMP = re.compile(r"[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4} : (?:Debug: |Info: |Auth: )?")
_ESCAPE = re.compile(r"\\(?:([0-7]{3})|x([0-9A-Fa-f]{2})|(.))", re.DOTALL)
_PLAIN = {"n": "\n", "r": "\r", "t": "\t"}
_MOST_LINES = 100_000


@dataclass(frozen=True, slots=True)
class _Line:
    """A line without what a log puts in front; `request`: FreeRADIUS's number of it in a debug log, or ""."""

    number: int
    request: str
    text: str

    @classmethod
    def of(cls, number: int, raw: str) -> _Line:
        text = _STAMP.sub("", raw.rstrip("\r"), count=1)
        debug = _DEBUG.fullmatch(text)
        return cls(number, debug[1], debug[2]) if debug else cls(number, "", text)


@dataclass(frozen=True, slots=True)
class Pasted:
    """The pairs as written, values without quotes and escapes. `bare`: it stood without quotes.

    `source`: the address in the head that FreeRADIUS prints above a request, "" without one.
    """

    pairs: tuple[tuple[str, str, bool], ...]
    source: str = ""


def parse(text: str, where: str = "the pasted request") -> Pasted:
    """The first request of the text. Raises OperationError that names the line that can't be read."""
    lines = [_Line.of(number, raw) for number, raw in enumerate(text.split("\n")[:_MOST_LINES], 1)]
    # Of a whole log, what stands before the first request is none of it.
    start = next((place for place, line in enumerate(lines) if _RECEIVED.fullmatch(line.text)), 0)
    pairs: list[tuple[str, str, bool]] = []
    source = ""
    rest = iter(lines[start:])
    for line in rest:
        if received := _RECEIVED.fullmatch(line.text):
            if pairs:
                break
            source = received["v4"] or received["v6"]
        elif not line.text.strip() or _HEAD.fullmatch(line.text):
            if pairs:
                break
        elif found := _pair(line.text):
            pairs.append(found)
        elif not line.text.lstrip().startswith("#"):
            if line.request or (pairs and _LOG.match(line.text)):
                break
            raise OperationError(
                OperationCode.REQUEST_UNREADABLE,
                f"line {line.number} is no attribute: {line.text.strip()[:80]!r}",
                where=where,
                allowed='NAME = VALUE, as radclient reads it or `radiusd -X` prints it: User-Name = "bob"',
                next="remove the line, or quote the value",
            )
    if not pairs:
        raise OperationError(
            OperationCode.REQUEST_UNREADABLE,
            "there is no attribute in it",
            where=where,
            allowed='lines NAME = VALUE, ended by a blank line: User-Name = "bob"',
            next="paste the lines below `Received Access-Request` of `freeradius -X`",
        )
    return Pasted((*pairs, *_certificate(lines[start:], pairs)), source)


def _certificate(lines: Sequence[_Line], pairs: Sequence[tuple[str, str, bool]]) -> list[tuple[str, str, bool]]:
    """The certificate that the eap module tells of further down, in a request of the same user at the same place."""
    who: dict[str, dict[str, str]] = {}
    found: dict[str, list[tuple[str, str, bool]]] = {}
    for line in lines:
        if not line.request:
            continue
        if certificate := _MODULE.fullmatch(line.text):
            pair = _pair(certificate[1])
            found.setdefault(line.request, []).extend([pair] if pair else [])
        elif (pair := _pair(line.text)) and pair[0] in _SAME:
            who.setdefault(line.request, {}).setdefault(pair[0], pair[1])
    asked = {name: value for name, value, _ in reversed(pairs) if name in _SAME}
    return next((each for request, each in found.items() if who.get(request, asked) == asked), [])


def unescaped(text: str) -> str:
    """What stands between quotes, as the bytes that it means; what is no UTF-8 is kept as FreeRADIUS writes it."""

    def byte(match: re.Match[str]) -> bytes:
        octal, hexadecimal, other = match.groups()
        if octal and int(octal, 8) < 256:
            return bytes([int(octal, 8)])
        if hexadecimal:
            return bytes([int(hexadecimal, 16)])
        plain = other or octal
        return _PLAIN.get(plain, plain).encode()

    out, at = b"", 0
    for match in _ESCAPE.finditer(text):
        out += text[at : match.start()].encode() + byte(match)
        at = match.end()
    return (out + text[at:].encode()).decode("utf-8", "backslashreplace")


def quoted(text: str) -> str:
    """A text as FreeRADIUS prints it between double quotes; the inverse of `unescaped`."""
    named = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    told = (named.get(c) or (c if c.isprintable() else "".join(f"\\{b:03o}" for b in c.encode())) for c in text)
    return '"' + "".join(told) + '"'


def _pair(line: str) -> tuple[str, str, bool] | None:
    match = _PAIR.fullmatch(line)
    if match is None:
        return None
    name, _, value = match.groups()
    if value[:1] in ('"', "'"):
        end = re.fullmatch(rf"{value[0]}((?:[^{value[0]}\\]|\\.)*){value[0]}", value, re.DOTALL)
        return (name, unescaped(end[1]), False) if end else None
    return (name, value, True) if value else None
