"""Reading XML from the network safely into a small tree (intune.md section 5).

No DTD, no entities, no deep nesting, a cap on the size. Names are kept as local names in lower case, because
Cisco documents `attributes` without a namespace and the real service sends `Attributes` with one.
Encodings are expat's: a byte order mark or the declaration decides.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

_DEPTH_LIMIT = 24
_TRUE = frozenset({"true", "1"})


class XmlRefused(ValueError):
    """The document is not XML, or not XML we are willing to read. The text is one sentence for the operator."""


@dataclass(slots=True)
class Element:
    """One element: `name` is the local name in lower case, `text` its own character data, trimmed."""

    name: str
    nil: bool = False
    text: str = ""
    children: list[Element] = field(default_factory=list)

    def child(self, name: str) -> Element | None:
        """The first child of that name; None when absent or nil."""
        return next((child for child in self.children if child.name == name and not child.nil), None)

    def value(self, name: str) -> str | None:
        """The text of the first child of that name; None when absent, nil or empty."""
        child = self.child(name)
        return (child.text or None) if child is not None else None

    def walk(self) -> Iterator[Element]:
        """This element and everything below it."""
        yield self
        for child in self.children:
            yield from child.walk()


def parse(body: bytes, limit: int) -> Element:
    """The root element. `limit` is the largest body read, in bytes. Raises XmlRefused."""
    if len(body) > limit:
        raise XmlRefused(f"{len(body)} bytes are more than the {limit} allowed")
    head = body[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not head:
        raise XmlRefused("the body is empty")
    if head[:1] in (b"{", b"["):
        raise XmlRefused("JSON came instead of XML")
    if head.startswith((b"<!doctype html", b"<html")):
        raise XmlRefused("an HTML page came instead of XML")
    builder = _Builder()
    try:
        builder.parser.Parse(body, True)
    except expat.ExpatError as error:
        raise XmlRefused(f"not well-formed XML: {error}") from None
    except (LookupError, ValueError) as error:
        # An encoding Python does not know, or a limit of ours.
        raise error if isinstance(error, XmlRefused) else XmlRefused(f"unreadable XML: {error}") from None
    if builder.root is None:
        raise XmlRefused("no root element")
    return builder.root


class _Builder:
    def __init__(self) -> None:
        self.root: Element | None = None
        self._open: list[Element] = []
        self._text: list[list[str]] = []
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters
        self.parser.StartDoctypeDeclHandler = self._refuse_doctype
        self.parser.EntityDeclHandler = self._refuse_entity

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._open) >= _DEPTH_LIMIT:
            raise XmlRefused(f"elements are nested deeper than {_DEPTH_LIMIT}")
        nil = any(_local(key) == "nil" and value.strip().lower() in _TRUE for key, value in attributes.items())
        element = Element(_local(name), nil)
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)
        self._text.append([])

    def _end(self, _name: str) -> None:
        self._open.pop().text = "".join(self._text.pop()).strip()

    def _characters(self, data: str) -> None:
        if self._text:
            self._text[-1].append(data)

    def _refuse_doctype(self, *_declaration: object) -> None:
        raise XmlRefused("a document type declaration is not accepted")

    def _refuse_entity(self, *_declaration: object) -> None:
        raise XmlRefused("entity declarations are not accepted")


def _local(name: str) -> str:
    return name.rpartition(":")[2].lower()
