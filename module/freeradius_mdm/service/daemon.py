"""mdmd's life: start the parts, keep them going, stop them."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

from .chores import Chores
from .doors import Doors
from .notify import notify
from .outside import MakeCluster, MakeSource, Outside
from .parts import Parts, in_loop_of

__all__ = ["Daemon", "MakeCluster", "MakeSource", "Outside"]


class Daemon:
    """One mdmd. Raises as Parts does."""

    def __init__(self, file: Path, outside: Outside) -> None:
        self._stop = asyncio.Event()
        self._parts = Parts(file, outside, self._stop.is_set)

    async def run(self) -> None:
        """Until SIGTERM or SIGINT. Raises OSError when the address can't be listened on."""
        parts, loop = self._parts, asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        tasks: list[asyncio.Task[None]] = []
        doors = Doors(parts)
        try:
            await doors.open()
            parts.configure(parts.config().servers)
            in_loop = in_loop_of(loop)
            parts.connect(in_loop)
            if parts.sharing is not None:
                await parts.sharing.start(in_loop, parts.polling, parts.exemptions)
            tasks += Chores(parts, self._stop).start()
            await doors.take_orders()
            notify("READY=1")
            await self._stop.wait()
            notify("STOPPING=1")
            parts.events.info("stopping")
        finally:
            await doors.close()
            self._stop.set()
            await asyncio.gather(*tasks)
            await parts.close()
        parts.events.info("stopped")
