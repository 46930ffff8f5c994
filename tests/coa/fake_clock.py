"""A clock that moves only when a test moves it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

START = 1_800_000_000.0  # Unix time
_DEADLINE = 20.0


class FakeClock:
    """`waits`: the seconds of every wait that was begun, in order."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waits: list[float] = []
        self._alarms: list[tuple[float, asyncio.Future[None]]] = []

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return START + self.now - 1000.0

    async def wait(self, future: asyncio.Future[Any], seconds: float) -> None:
        self.waits.append(seconds)
        alarm: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._alarms.append((self.now + seconds, alarm))
        await asyncio.wait({future, alarm}, return_when=asyncio.FIRST_COMPLETED)
        alarm.cancel()

    def advance(self, seconds: float) -> None:
        self.now += seconds
        for at, alarm in self._alarms:
            if at <= self.now + 1e-9 and not alarm.done():
                alarm.set_result(None)


async def until(condition: Callable[[], Any]) -> None:
    """Wait for a condition, with a deadline in real time."""
    end = time.monotonic() + _DEADLINE
    while not condition():
        assert time.monotonic() < end, "the condition did not come true in time"
        await asyncio.sleep(0.001)


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, 30))
