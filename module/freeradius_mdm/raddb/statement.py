"""One statement of a module's section or of policy language: where it ends, and `name = value` in it.

Both are read for what they say, not for being right: FreeRADIUS itself is the judge of that (`radiusd -C`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from .text import BLANKS, Quote, TextError, Word, behind_expansion, behind_quotes, value

_DIRECTIVE = re.compile(r"\$-?(?:include|template)\b", re.IGNORECASE)
_NAME = re.compile(r"[^\s=!<>~+\-^:,]+(?:[-:][^\s=!<>~+^:,]+)*")
_OPERATOR = re.compile(r"\s*(:=|\+=|-=|\^=|!\*|=\*|==|!=|=)(?!~)\s*")


class End(StrEnum):
    """What ends a statement."""

    LINE = "line"
    OPENS = "{"
    CLOSES = "}"


@dataclass(frozen=True, slots=True)
class Statement:
    """`text`: without what ended it. `next`: where the next one begins."""

    text: str
    end: End
    next: int


def next_one(line: str, at: int) -> Statement:
    """The statement that begins at that position. Quotes, expansions and regular expressions are passed over as wholes.

    Its own commas stay in it; a module that has several settings on one line parts them by commas, which none of those
    that this project looks at does.
    """
    start, begins_word = at, True
    while at < len(line):
        character = line[at]
        if character == "#" and begins_word:
            break
        if character in "{}":
            end = End.OPENS if character == "{" else End.CLOSES
            return Statement(line[start:at].strip(BLANKS), end, at + 1)
        if character in "'\"`" and begins_word:
            at = behind_quotes(line, at)
        elif character in "%$" and line.startswith("{", at + 1):
            at = behind_expansion(line, at + 1)
        elif line.startswith("$ENV{", at):
            at = behind_expansion(line, at + 4)
        elif character == "/" and line[:at].rstrip(BLANKS).endswith(("=~", "!~")):
            at = behind_quotes(line, at)
        else:
            at += 1
        begins_word = character in BLANKS + "(),=!<>~:&|"
    return Statement(line[start:at].strip(BLANKS), End.LINE, len(line))


def is_directive(text: str) -> bool:
    """True for `$INCLUDE` and its like."""
    return _DIRECTIVE.match(text) is not None


def taken_apart(text: str) -> tuple[str, Word]:
    """Name and value of a setting; a statement that is none, such as a module's call, is all name."""
    name = _NAME.match(text)
    operator = _OPERATOR.match(text, name.end()) if name else None
    nothing = Word(Quote.END, "", len(text))
    if name is None or operator is None:
        return text, nothing
    try:
        return name[0], value(text, operator.end())
    except TextError:
        return text, nothing
