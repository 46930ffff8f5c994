"""What is on its way to Redis: kept while Redis is away, the latest state of each thing only."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from redis.exceptions import NoPermissionError, NoScriptError, OutOfMemoryError, ReadOnlyError, ResponseError

from ..events import EventLog
from .line import Command, Line

_BATCH = 200
_GIVE_UP = 2.0  # seconds for one batch
_SERVER_TROUBLE = (NoPermissionError, NoScriptError, OutOfMemoryError, ReadOnlyError)
_TROUBLE_WORDS = ("OOM", "MISCONF", "NOREPLICAS", "MASTERDOWN", "NOAUTH", "LOADING", "READONLY")


@dataclass(frozen=True, slots=True)
class Parcel:
    """`make` gives the command when it is sent, or None when it is not worth sending any more."""

    make: Callable[[], Command | None]
    done: Callable[[Any], Awaitable[None]] | None = None  # gets the reply
    rank: float = 0.0  # it does not take the place of one of a higher rank


class Outbox:
    """Parcels by name, in the order in which they came; one of the same name takes the older one's place.

    When there are more than `most`, all are let go and `overflown` is set: the node tells everything anew then.
    """

    def __init__(self, events: EventLog, most: int) -> None:
        self._events = events
        self._most = most
        self._parcels: dict[str, Parcel] = {}
        self._ready = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()
        self._under_way = 0
        self.overflown = False

    def __len__(self) -> int:
        return len(self._parcels) + self._under_way

    def __contains__(self, name: str) -> bool:
        return name in self._parcels

    def add(self, name: str, parcel: Parcel) -> None:
        """Have it sent."""
        older = self._parcels.get(name)
        if older is not None and older.rank > parcel.rank:
            return
        self._parcels.pop(name, None)
        if len(self._parcels) >= self._most:
            self._parcels.clear()
            self.overflown = True
            self._events.warning("cluster_outbox_overflown", kept=0, next="everything is told anew on return")
        self._parcels[name] = parcel
        self._empty.clear()
        self._ready.set()

    async def emptied(self) -> None:
        """Returns when everything was sent."""
        await self._empty.wait()

    async def run(self, line: Line) -> None:
        """Send for as long as the line lasts; its error is raised, and what was under way is kept."""
        self._ready.set()
        while True:
            await self._ready.wait()
            self._ready.clear()
            while self._parcels:
                await self.flush(line)
            self._empty.set()

    async def flush(self, line: Line) -> None:
        """Send the next batch."""
        names = list(self._parcels)[:_BATCH]
        batch = [(name, parcel, parcel.make()) for name in names for parcel in (self._parcels.pop(name),)]
        sent = [(name, parcel, command) for name, parcel, command in batch if command is not None]
        if not sent:
            return
        self._under_way = len(sent)
        try:
            replies = await line.run([command for _, _, command in sent], _GIVE_UP)
        except BaseException:
            self._put_back([(name, parcel) for name, parcel, _ in sent])
            raise
        finally:
            self._under_way = 0
        trouble = next((reply for reply in replies if _is_server_trouble(reply)), None)
        if trouble is not None:
            # Those that were taken are sent once more, which changes nothing.
            self._put_back([(name, parcel) for name, parcel, _ in sent])
            raise trouble
        for (name, parcel, _), reply in zip(sent, replies, strict=True):
            if isinstance(reply, ResponseError):
                self._events.error("cluster_not_taken", what=name, error=reply, next="report this line")
            elif parcel.done is not None:
                await parcel.done(reply)

    def _put_back(self, parcels: list[tuple[str, Parcel]]) -> None:
        newer = self._parcels
        self._parcels = {**dict(parcels), **newer}
        self._ready.set()


def _is_server_trouble(reply: object) -> bool:
    return isinstance(reply, ResponseError) and (
        isinstance(reply, _SERVER_TROUBLE) or str(reply).startswith(_TROUBLE_WORDS)
    )
