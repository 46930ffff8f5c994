"""How fast one network device is told of changes: so many requests a second, so many without an answer at a time.

A device that gets a thousand requests at once drops most of them, and every session it reauthenticates comes back as a
request to radiusd. Belongs to the event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from .clock import Clock


@dataclass(frozen=True, slots=True)
class Pace:
    """`in_flight`: requests without an answer at a time, at least 1; `per_second`: how many are begun, above 0."""

    in_flight: int = 8
    per_second: float = 20.0

    def __post_init__(self) -> None:
        if self.in_flight < 1 or self.per_second <= 0:
            raise ValueError("in_flight is at least 1, per_second more than 0")


@dataclass(slots=True)
class _Line:
    """Who stands in line for one device: `next_at` is when the next may begin."""

    slots: asyncio.Semaphore
    next_at: float
    users: int = field(default=0)


class Pacer:
    """One line per device, first come, first served; `most` requests in flight over all devices."""

    def __init__(self, clock: Clock, pace: Pace, most: int = 256) -> None:
        self._clock = clock
        self._pace = pace
        self._all = asyncio.Semaphore(most)
        self._lines: dict[str, _Line] = {}

    @asynccontextmanager
    async def turn(self, device: str) -> AsyncIterator[None]:
        """Wait for this device's turn; the request is in flight until the block is left."""
        line = self._line(device)
        line.users += 1
        try:
            # The device's own line first: a slow device must not hold what others could use.
            async with line.slots:
                await self._wait_until(line)
                async with self._all:
                    yield
        finally:
            line.users -= 1

    def waiting(self, device: str) -> int:
        """How many requests for this device are in flight or stand in line."""
        line = self._lines.get(device)
        return line.users if line else 0

    def _line(self, device: str) -> _Line:
        now = self._clock.monotonic()
        for other in [name for name, line in self._lines.items() if not line.users and line.next_at <= now]:
            del self._lines[other]
        if device not in self._lines:
            self._lines[device] = _Line(asyncio.Semaphore(self._pace.in_flight), now)
        return self._lines[device]

    async def _wait_until(self, line: _Line) -> None:
        now = self._clock.monotonic()
        begins = max(now, line.next_at)
        line.next_at = begins + 1 / self._pace.per_second
        if begins > now:
            await self._clock.wait(asyncio.get_running_loop().create_future(), begins - now)
