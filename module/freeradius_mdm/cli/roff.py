"""Text in the man macros of groff (groff_man(7)). Nothing here knows what the page is about."""

from __future__ import annotations

from collections.abc import Iterable

# Minus and hyphen are two characters in a manual page; a command line has to hold minuses to be copied.
_ESCAPES = str.maketrans(
    {"\\": r"\e", "-": r"\-", "'": r"\(aq", '"': r"\(dq", "`": r"\(ga", "^": r"\(ha", "~": r"\(ti"}
)


def escape(text: str) -> str:
    """Characters that mean something to roff, as themselves; what is not ASCII by its number."""
    plain = text.translate(_ESCAPES)
    return "".join(c if c.isascii() else f"\\[u{ord(c):04X}]" for c in plain)


def line(text: str) -> str:
    """One line of text; a dot at its beginning is no request."""
    escaped = escape(text)
    return f"\\&{escaped}" if escaped.startswith(".") else escaped


def request(name: str, *arguments: str) -> str:
    """`.name "first" "second"`."""
    quoted = (f'"{escape(each)}"' for each in arguments)
    return " ".join([f".{name}", *quoted])


def paragraphs(text: str) -> Iterable[str]:
    """Prose whose paragraphs are parted by empty lines; lines that are indented are kept as they are."""
    for block in text.strip("\n").split("\n\n"):
        lines = block.split("\n")
        if any(each.startswith(" ") for each in lines):
            yield from (".P", *verbatim(lines))
        else:
            yield ".P"
            yield from (line(each) for each in lines if each)


def verbatim(lines: Iterable[str]) -> Iterable[str]:
    """Lines as they are, in a fixed width where there is one."""
    yield ".EX"
    yield from (line(each) for each in lines)
    yield ".EE"


def tagged(tag: str, text: str) -> Iterable[str]:
    """A term in bold, and what it means beside or below it."""
    yield ".TP"
    yield request("B", tag)
    yield from (line(each) for each in text.split("\n"))
