"""The words of one ACE, taken from left to right. Standard library only: radiusd imports this."""

from __future__ import annotations

from .kinds import Refused

SHAPE = "an ACE is: permit|deny PROTOCOL SOURCE [PORTS] DESTINATION [PORTS] [OPTIONS]"


class Words:
    """A cursor over an ACE. Keywords are read in lower case; `take_name` keeps the case of an operator's own name."""

    __slots__ = ("_at", "_lower", "_written")

    def __init__(self, text: str) -> None:
        self._written = text.split()
        self._lower = text.lower().split()
        self._at = 0

    def peek(self) -> str:
        """The next word, "" at the end."""
        return self._lower[self._at] if self._at < len(self._lower) else ""

    def take(self, wanted: str, allowed: str = SHAPE) -> str:
        """The next word. Raises Refused when the line ends before `wanted`."""
        if self._at >= len(self._lower):
            raise Refused(f"ends before {wanted}", allowed)
        self._at += 1
        return self._lower[self._at - 1]

    def take_name(self, wanted: str) -> str:
        """The next word as it was written."""
        self.take(wanted)
        return self._written[self._at - 1]

    def skip(self) -> None:
        """Past the word that `peek` showed."""
        self._at += 1


def number(word: str, largest: int) -> int | None:
    """A decimal number from 0 to `largest` without leading zeros, else None."""
    if not word.isdecimal() or len(word) > 5 or (word[0] == "0" and word != "0"):
        return None
    value = int(word)
    return value if value <= largest else None
