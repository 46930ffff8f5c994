"""Questions to Redis that somebody waits for, with a deadline; those that come together go out together."""

from __future__ import annotations

import asyncio
from typing import Any

from redis.exceptions import ResponseError

from .line import Command, Line

_GIVE_UP = 1.0  # seconds after which the connection itself counts as dead


class CutOffError(Exception):
    """Nobody can be asked now."""


class Calls:
    """Shut until `open` is called. An answer that does not come in time shuts it, and sets `doubt`.

    `deadline`: seconds that a caller waits.
    """

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline
        self._open = False
        self._waiting: list[tuple[Command, asyncio.Future[Any]]] = []
        self._wake = asyncio.Event()
        self.doubt = asyncio.Event()
        self.refused = ""  # the last error that Redis answered with

    def open(self) -> None:
        """Redis answers."""
        self._open = True
        self.doubt.clear()

    def shut(self) -> None:
        """Redis does not answer: nobody waits any longer."""
        self._open = False
        self._fail([future for _, future in self._waiting])
        self._waiting.clear()

    async def ask(self, command: Command) -> Any:
        """The reply. Raises CutOffError, within the deadline."""
        if not self._open:
            raise CutOffError
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append((command, future))
        self._wake.set()
        try:
            async with asyncio.timeout(self._deadline):
                reply = await future
        except TimeoutError:
            self._doubt()
            raise CutOffError from None
        if isinstance(reply, ResponseError):
            self.refused = str(reply)
            self._doubt()
            raise CutOffError
        return reply

    async def run(self, line: Line) -> None:
        """Carry the questions for as long as the line lasts; its error is raised."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            batch = [item for item in self._waiting if not item[1].done()]
            self._waiting.clear()
            if not batch:
                continue
            try:
                replies = await line.run([command for command, _ in batch], _GIVE_UP)
            except BaseException:
                self._fail([future for _, future in batch])
                raise
            for (_, future), reply in zip(batch, replies, strict=True):
                if not future.done():
                    future.set_result(reply)

    def _doubt(self) -> None:
        self._open = False
        self.doubt.set()

    @staticmethod
    def _fail(futures: list[asyncio.Future[Any]]) -> None:
        for future in futures:
            if not future.done():
                future.set_exception(CutOffError())
