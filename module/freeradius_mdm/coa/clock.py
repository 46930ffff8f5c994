"""The sender's time, so that tests need not wait."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Protocol


class Clock(Protocol):
    """Seconds. `wait` returns when the future is done or the time is over, whichever comes first."""

    def monotonic(self) -> float:
        """For durations."""

    def wall(self) -> float:
        """Unix time."""

    async def wait(self, future: asyncio.Future[Any], seconds: float) -> None:
        """Never raises what the future holds, and leaves it as it is when the time is over."""


class SystemClock:
    """The machine's."""

    def monotonic(self) -> float:
        """For durations."""
        return time.monotonic()

    def wall(self) -> float:
        """Unix time."""
        return time.time()

    async def wait(self, future: asyncio.Future[Any], seconds: float) -> None:
        """See `Clock`."""
        await asyncio.wait({future}, timeout=seconds)
