"""One line of a FreeRADIUS configuration file, taken apart as FreeRADIUS 3.2 does it.

Checked against its behaviour in tests/coa/test_clients_differential.py. Lines are text of one character per octet
(latin-1), because FreeRADIUS reads octets, and a secret has to come out as the same ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

BLANKS = " \t\n\v\f\r"
# Order matters: the longest that fits is taken.
_OPERATORS = ("=~", "!~", "{", "}", "(", ")", ",", "++", "+=", "-=", ":=", "=*", "!*", "==", "^=", "=", "!=", ">=", ">",
              "<=", "<", "#", ";")  # fmt: skip


class Quote(StrEnum):
    """How a word was written; `OPERATOR` for what is no word, `END` for the end of the line."""

    BARE = "bare"
    SINGLE = "'"
    DOUBLE = '"'
    BACK = "`"
    OPERATOR = "operator"
    END = "end"


@dataclass(frozen=True, slots=True)
class Word:
    """A word or operator, and where the next one begins."""

    quote: Quote
    text: str
    next: int


class TextError(ValueError):
    """What FreeRADIUS refuses too."""


def skip_blanks(line: str, at: int) -> int:
    """The first position that is no blank."""
    while at < len(line) and line[at] in BLANKS:
        at += 1
    return at


def word(line: str, at: int, *, unescape: bool) -> Word:
    """The next word or operator. `unescape`: backslashes in quotes are taken as in C. Raises TextError."""
    at = skip_blanks(line, at)
    if at == len(line):
        return Word(Quote.END, "", at)
    if operator := _operator(line, at):
        return Word(Quote.OPERATOR, operator, skip_blanks(line, at + len(operator)))
    if line[at] in "'\"`":
        return _quoted(line, at, unescape=unescape)
    end = at
    while end < len(line) and line[end] not in BLANKS and not _operator(line, end):
        end += 1
    return Word(Quote.BARE, line[at:end], skip_blanks(line, end))


def value(line: str, at: int) -> Word:
    """What stands behind an operator: quoted, or everything up to a blank or a comma. Raises TextError."""
    at = skip_blanks(line, at)
    if at == len(line) or line[at] == "#":
        return Word(Quote.END, "", at)
    if line[at] in "'\"`":
        return _quoted(line, at, unescape=False)
    end = at
    # FreeRADIUS compares signed characters, so anything beyond ASCII ends the word; `/` is read by another function.
    while end < len(line) and line[end] not in BLANKS + "," and (line[at] == "/" or " " <= line[end] <= "\x7f"):
        end += 1
    return Word(Quote.BARE, line[at:end], skip_blanks(line, end))


def unescape_double(text: str) -> str:
    """What FreeRADIUS from 3.2.4 on makes of backslashes in double quotes. Raises TextError."""
    out, at = [], 0
    while at < len(text):
        if text[at] != "\\":
            out.append(text[at])
            at += 1
            continue
        character, at = _escape(text, at + 1)
        if character == "\0":
            raise TextError("an escape of value 0 can't be part of text")
        out.append(character)
    return "".join(out)


def _operator(line: str, at: int) -> str:
    return next((operator for operator in _OPERATORS if line.startswith(operator, at)), "")


def _quoted(line: str, at: int, *, unescape: bool) -> Word:
    quote, out = line[at], []
    at += 1
    while at < len(line) and line[at] != quote:
        if line[at] != "\\":
            out.append(line[at])
            at += 1
            continue
        if at + 1 == len(line):
            break
        if unescape:
            character, at = _escape(line, at + 1)
            out.append(character)
        else:
            # Only the quote itself loses its backslash.
            out.append(line[at + 1] if line[at + 1] == quote else line[at : at + 2])
            at += 2
    if at >= len(line) or line[at] != quote:
        raise TextError("a quoted text does not end")
    return Word(Quote(quote), "".join(out), skip_blanks(line, at + 1))


def _escape(text: str, at: int) -> tuple[str, int]:
    """The character behind a backslash, and where it goes on."""
    if at == len(text):
        raise TextError("nothing stands behind a backslash")
    if text[at] in "rnt":
        return {"r": "\r", "n": "\n", "t": "\t"}[text[at]], at + 1
    digits = 0
    while digits < 3 and at + digits < len(text) and text[at + digits] in "01234567":
        digits += 1
    if digits:
        # FreeRADIUS goes on three characters behind, however many digits there are.
        return chr(int(text[at : at + digits], 8) & 0xFF), at + 3
    return text[at], at + 1


def logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Numbered lines without comment lines and empty ones; a backslash at the end goes on in the next.

    The number is that of the last line joined. Raises TextError for a last line that goes on.
    """
    joined, going_on, strip = "", False, False
    for number, physical in enumerate(text.split("\n"), 1):
        if not going_on and (not physical.strip(BLANKS) or physical.lstrip(BLANKS).startswith("#")):
            continue
        line = physical.rstrip("\r")
        if strip:
            line = line.lstrip(BLANKS)
        if going_on := line.endswith("\\"):
            # A text in quotes that ends here is continued without the next line's indentation.
            strip = strip or line.endswith('"\\')
            joined += line[:-1]
            continue
        yield number, joined + line
        joined, strip = "", False
    if going_on:
        raise TextError("the last line ends in a backslash")


def skip_block(line: str, at: int, depth: int) -> tuple[int, int]:
    """Read over policy language, whose braces are all that matters: the new depth and where it goes on.

    Ends where `depth` reaches 0, or at the end of the line. Quotes, `%{...}`, `${...}`, comments and regular
    expressions are passed over as wholes.
    """
    begins_word = True
    while at < len(line) and depth:
        character = line[at]
        if character == "#" and begins_word:
            return depth, len(line)
        if character in "'\"`" and begins_word:
            at = behind_quotes(line, at)
        elif character in "%$" and line.startswith("{", at + 1):
            at = behind_expansion(line, at + 1)
        elif character == "/" and line[:at].rstrip(BLANKS).endswith(("=~", "!~")):
            at = behind_quotes(line, at)
        else:
            depth += (character == "{") - (character == "}")
            at += 1
        begins_word = character in BLANKS + "{}(),=!<>~:&|"
    return depth, at


def behind_quotes(line: str, at: int) -> int:
    """The position behind a text in quotes that begins there, or behind a regular expression."""
    quote = line[at]
    at += 1
    while at < len(line) and line[at] != quote:
        at += 2 if line[at] == "\\" else 1
    return min(at + 1, len(line))


def behind_expansion(line: str, at: int) -> int:
    """The position behind what is in braces, which begin there."""
    depth = 0
    while at < len(line):
        depth += (line[at] == "{") - (line[at] == "}")
        at += 2 if line[at] == "\\" else 1
        if not depth:
            break
    return min(at, len(line))
