"""mdmd, whole and as it is shipped, in virtual time: it can be stopped, killed and started again."""

from __future__ import annotations

import asyncio
import io
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from ...service.daemon import Daemon, MakeCluster, Outside
from ...service.events import EventLog
from ...service.sharing import make_cluster
from .network import Network
from .tenant import Tenant, TenantSource
from .virtual_loop import Incarnation, VirtualLoop

_MOST_KEPT = 200


class Log(io.StringIO):
    """mdmd's log: events are counted, and the lines of errors and defects are kept."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()
        self.faults: list[str] = []
        self.warnings: list[str] = []

    def write(self, text: str, /) -> int:
        """A line, or several."""
        for line in text.splitlines():
            event = line.partition(" event=")[2].partition(" ")[0]
            self.counts[event] += 1
            if " level=error " in line and len(self.faults) < _MOST_KEPT:
                self.faults.append(line)
            elif " level=warning " in line and len(self.warnings) < _MOST_KEPT:
                self.warnings.append(line)
        return len(text)


class Mdmd:
    """One mdmd. `state`: its state directory."""

    def __init__(
        self,
        file: Path,
        state: Path,
        loop: VirtualLoop,
        network: Network,
        tenant: Tenant,
        wall: Callable[[], float],
        make_cluster: MakeCluster = make_cluster,
    ) -> None:
        self._make_cluster = make_cluster
        self._file = file
        self._state = state
        self._loop = loop
        self._network = network
        self._tenant = tenant
        self._wall = wall
        self.log = Log()
        self.kills = 0
        self.life: Incarnation | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start it. Raises what mdmd raises when it can't start."""
        self.life = Incarnation("mdmd")
        self._task = self.life.run(self._begin)

    def _begin(self) -> asyncio.Task[None]:
        outside = Outside(
            make_source=lambda _, __: TenantSource(self._tenant),
            wall=self._wall,
            monotonic=self._loop.time,
            events=EventLog(self.log, self._wall),
            decisions=None,
            make_cluster=self._make_cluster,
        )
        return self._loop.create_task(Daemon(self._file, outside).run())

    @property
    def running(self) -> bool:
        """False after a kill, and after an end that nobody asked for."""
        return self._task is not None and not self._task.done()

    def check(self) -> None:
        """Raises what mdmd ended with, if it did."""
        if self._task is not None and self._task.done():
            self._task.result()

    async def kill(self) -> None:
        """kill -9. What the kernel does then is done too: sockets are closed and locks are let go."""
        assert self.life is not None
        self.kills += 1
        self._task = None
        self._network.kill(self.life)
        await self._loop.kill(self.life)
        # The lock goes with the process; here the process goes on, so the file goes.
        (self._state / "mdmd.lock").unlink()

    async def stop(self) -> None:
        """SIGTERM, and its end."""
        if self._task is not None and self.life is not None:
            self.life.signal(signal.SIGTERM)
            await self._task
            self._task = None
