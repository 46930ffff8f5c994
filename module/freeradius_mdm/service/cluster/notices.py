"""The stream of notices: every node reads all of it, and knows when it has missed some."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from .line import Line
from .scripts import Scripts

_BATCH = 500
_SLACK = 1.0  # seconds that a reply may be late beyond the time to block


class Kind(StrEnum):
    """What a notice is about, as lua/*.lua write it."""

    ANSWER = "a"  # about: SERVER/KIND/VALUE
    EXEMPTION = "e"  # about: its id
    MOVED = "m"  # about: a session's id; text: the former owner
    TOLD = "n"  # about: the topic


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice; `at` is seconds since the epoch by Redis's clock."""

    kind: str
    about: str
    text: str
    node: str
    at: float


class MissedError(Exception):
    """Notices were trimmed away before this node read them, or the whole stream is another one."""


class Notices:
    """Where this node is in the stream. `block`: seconds that Redis may keep us waiting for the next notice."""

    def __init__(self, scripts: Scripts, instance: str, block: float) -> None:
        self._scripts = scripts
        self._instance = instance
        self._block = block
        self.position: int | None = None  # the number of the latest notice that has been dealt with

    def start(self, first: int, latest: int) -> None:
        """Go on in the stream of a Redis that was restarted, emptied or made primary.

        `first`: its latest notice when it began, `latest`: its latest one now. What this node has read counts up to
        `first` only: beyond that the same numbers were given again.
        """
        self.position = latest if self.position is None else min(self.position, first)

    def lost(self) -> None:
        """Everything is read in another way: go on with the latest."""
        self.position = None

    async def read(self, line: Line, deal: Callable[[Sequence[Notice]], Awaitable[None]]) -> None:
        """After `start`: have the next ones dealt with, or return after `block` seconds.

        Raises MissedError, and what the line raises.
        """
        assert self.position is not None
        key = self._scripts.key("notices")
        after = f"{self.position}-0"
        block = int(self._block * 1000)
        command = ("XREAD", "COUNT", _BATCH, "BLOCK", block, "STREAMS", key, after)
        reply = await line.one(command, self._block + _SLACK)
        if not reply:
            return
        entries = _entries(reply)
        if entries[0][0] != self.position + 1:
            raise MissedError
        others = [notice for _, instance, notice in entries if instance != self._instance]
        if others:
            await deal(others)
        self.position = entries[-1][0]


def _entries(reply: Any) -> list[tuple[int, str, Notice]]:
    found = []
    for number, flat in reply[0][1]:
        words = [word.decode(errors="replace") for word in flat]
        fields = dict(zip(words[::2], words[1::2], strict=True))
        notice = Notice(fields["k"], fields["x"], fields["b"], fields["n"], int(fields["t"]) / 1000)
        found.append((int(number.partition(b"-")[0]), fields["i"], notice))
    return found
