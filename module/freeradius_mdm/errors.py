"""Every error this package raises.

    MdmError                 anything wrong that an operator can mend
    ├── ConfigError          the configuration can't be used; carries every problem found, not just the first
    ├── StoreError           the store can't be read or written
    ├── DaclError            a downloadable ACL can't be read, or not be said to a family (dacl/kinds.py)
    ├── ProfileError         a profile asks for what a network device can't be told (profiles/render.py)
    ├── ReplyError           the encoder can't vouch for a reply, which therefore becomes a reject
    │   └── ReplyTooLong     it does not fit into one packet
    └── SourceError          an MDM server did not answer the question

Standard library only: radiusd imports this.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .config.codes import MEANINGS, ConfigCode


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a file: its kind, where it stands, what is wrong, what is allowed, what to do next.

    `where`: `FILE:LINE`, or `FILE` when it is about the file as a whole; editors jump to it. `key`: the setting, like
    `servers[1].tenant`, "" when the line says it all. `hint`: the next step, "" for the usual one of `code`.
    `str` is one line, for logs; `lines` is the form for people.
    """

    code: ConfigCode
    where: str
    what: str
    allowed: str
    hint: str = ""
    key: str = ""

    @property
    def next(self) -> str:
        """The next step."""
        return self.hint or MEANINGS[self.code].advice

    def lines(self) -> list[str]:
        """`FILE:LINE: CODE KEY: WHAT`, below it, indented, what is allowed and the next step."""
        place = f"{self.where}: {self.code} " + (f"{self.key}: " if self.key else "")
        return [_one_line(text) for text in (place + self.what, f"  allowed: {self.allowed}", f"  next: {self.next}")]

    def __str__(self) -> str:
        return "; ".join(line.strip() for line in self.lines())


def _one_line(text: str) -> str:
    """A quoted TOML key can hold line feeds, and whatever a terminal acts on."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


class MdmError(Exception):
    """Anything wrong that an operator can mend."""


class ConfigError(MdmError):
    """The configuration can't be used; `problems` holds everything that was found. `str`: one line per problem."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        self.head = "1 error in the configuration" if count == 1 else f"{count} errors in the configuration"
        super().__init__("\n".join([self.head, *map(str, self.problems)]))

    def lines(self) -> list[str]:
        """The form for people: what is wrong, what is allowed and the next step below each other."""
        return [self.head, *(line for problem in self.problems for line in problem.lines())]


class StoreError(MdmError):
    """The store can't be read or written."""


class ReplyError(MdmError):
    """The encoder can't vouch for a reply, which therefore becomes a reject."""


class ReplyTooLong(ReplyError):
    """A reply does not fit into one packet; FreeRADIUS would cut it without a word."""


class SourceError(MdmError):
    """An MDM server did not answer the question.

    `code` is a stable M12xx code of `codes.py`; `detail` what was seen (no token, secret or assertion);
    `advice` the operator's next step. `retry_after`: seconds the server asked us to stay away, or None.
    `server_down`: true when the fault is the server's or the way to it, so that the breaker counts it;
    false when only this one question was refused.
    """

    def __init__(
        self, code: str, detail: str, advice: str, *, retry_after: float | None = None, server_down: bool = True
    ) -> None:
        self.code = code
        self.detail = detail
        self.advice = advice
        self.retry_after = retry_after
        self.server_down = server_down
        super().__init__(f"{code} {detail}. {advice}")
