"""Telling mdmd what other nodes say, so that nothing that goes wrong there reaches the connection."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable

from ..events import EventLog
from .protocol import Inbox


class Delivery:
    """Calls the inbox. `inbox` is set before anything is told."""

    def __init__(self, events: EventLog) -> None:
        self._events = events
        self._waiting: asyncio.Queue[tuple[str, Callable[[Inbox], Awaitable[None]]]] = asyncio.Queue()
        self.inbox: Inbox

    async def tell(self, what: str, call: Callable[[Inbox], Awaitable[None]]) -> None:
        """Now; returns when it has been dealt with."""
        try:
            await call(self.inbox)
        except Exception as error:  # a defect there must not end the connection
            self.complain(what, error)

    def tell_later(self, what: str, call: Callable[[Inbox], Awaitable[None]]) -> None:
        """In its turn, by `run`: heartbeats must not wait for anybody."""
        self._waiting.put_nowait((what, call))

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            await self.tell(*await self._waiting.get())

    async def session_moved(self, id_: str, to: str) -> None:
        """Later."""
        self.tell_later("session_moved", lambda inbox: inbox.session_moved(id_, to))

    async def session_ended(self, id_: str, by: str) -> None:
        """Now: it is taken back from Redis when it has been dealt with."""
        await self.tell("session_ended", lambda inbox: inbox.session_ended(id_, by))

    def complain(self, what: str, error: Exception) -> None:
        """One line in the log."""
        trace = "".join(traceback.format_exception(error)[-3:])
        self._events.error("defect", chore=f"cluster inbox {what}", error=repr(error), trace=trace)
