"""The connection's life: find Redis, connect, heartbeats, notice that it is gone, come back."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from ..events import EventLog
from .calls import Calls
from .door import Backoff, Door
from .line import Line
from .members import Beat
from .outbox import Outbox
from .protocol import ClusterMode
from .reasons import SlowError, explain
from .scripts import Scripts
from .timing import Timing

_LINES = 4  # calls, outbox, notices, heartbeats: none waits behind another
_TRIES = 3  # to be quick enough


class RedisLink:
    """Keeps the lines up. `load` is what each heartbeat tells of this node, `beaten` gets its reply.

    `listen` runs for as long as a connection lasts.
    """

    def __init__(
        self,
        door: Door,
        calls: Calls,
        outbox: Outbox,
        scripts: Scripts,
        load: Callable[[], str],
        read_beat: Callable[[Any], Beat],
        beaten: Callable[[Beat], Awaitable[None]],
        listen: Callable[[Line], Coroutine[Any, Any, None]],
        events: EventLog,
        wall: Callable[[], float],
        timing: Timing,
    ) -> None:
        self._door = door
        self._calls = calls
        self._outbox = outbox
        self._scripts = scripts
        self._load = load
        self._read_beat = read_beat
        self._beaten = beaten
        self._listen = listen
        self._events = events
        self._wall = wall
        self._timing = timing
        self._backoff = Backoff(timing.first_pause, timing.longest_pause)
        self._started = 0  # ms, when this instance was first seen by Redis
        self._told_of_eviction = False
        self._told = ""  # the reason that stands in the log
        self.mode = ClusterMode.CUT_OFF
        self.since = wall()
        self.reason = "not connected yet"
        self.tried = False  # whether it is known by now if Redis can be used

    async def keep(self) -> None:
        """Until it is cancelled."""
        while True:
            lines: list[Line] = []
            # A task of its own: whatever ends it, this one goes on and tries again.
            connection = asyncio.create_task(self._be_connected(lines))
            try:
                await asyncio.wait({connection})
                error = asyncio.CancelledError() if connection.cancelled() else connection.exception()
                self._cut_off(_first(error or ConnectionError("the connection has ended")))
            finally:
                connection.cancel()
                await asyncio.gather(connection, return_exceptions=True)
                self._calls.shut()
                for line in lines:
                    await line.close()
            await asyncio.sleep(self._backoff.next())

    async def _be_connected(self, lines: list[Line]) -> None:
        """Returns never; raises why the connection ended."""
        host = await self._door.find()
        for _ in range(_LINES):
            lines.append(await self._door.open(host, self._timing.connect))
        calls, outbox, notices, beats = lines
        for reply in await beats.run(self._scripts.load(), self._timing.connect):
            if isinstance(reply, Exception):
                raise reply
        await self._beat_quickly(beats)
        await self._look_for_eviction(beats)
        self._joined(calls.address)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._calls.run(calls))
            group.create_task(self._outbox.run(outbox))
            group.create_task(self._listen(notices))
            group.create_task(self._keep_beating(beats))
            if self._door.by_sentinel:
                group.create_task(self._watch_sentinel(host))

    async def _look_for_eviction(self, line: Line) -> None:
        """A Redis that throws keys away when it is full would forget leases and orders without a word."""
        text = (await line.one(("INFO", "memory"), self._timing.connect)).decode(errors="replace")
        policy = re.search(r"^maxmemory_policy:(\S+)", text, re.MULTILINE)
        if policy is not None and policy[1] != "noeviction" and not self._told_of_eviction:
            self._told_of_eviction = True
            self._events.warning(
                "cluster_redis_evicts", policy=policy[1], next="set maxmemory-policy noeviction in redis.conf"
            )

    async def _keep_beating(self, line: Line) -> None:
        while True:
            try:
                async with asyncio.timeout(self._timing.beat):
                    await self._calls.doubt.wait()
            except TimeoutError:
                await self._beat(line)
            else:
                await self._beat_quickly(line)
                self._calls.open()

    async def _beat(self, line: Line) -> float:
        """One heartbeat; returns how long it took."""
        begun = time.perf_counter()
        command = self._scripts.call("beat", self._started, self._load())
        beat = self._read_beat(await line.one(command, self._timing.check))
        took = time.perf_counter() - begun
        self._started = beat.started
        await self._beaten(beat)
        return took

    async def _beat_quickly(self, line: Line) -> None:
        """One of a few heartbeats has to be quick, else nobody could wait for Redis. Raises SlowError."""
        took = [await self._beat(line)]
        while min(took) > self._timing.deadline:
            if len(took) == _TRIES:
                raise SlowError(
                    f"it answers in {min(took) * 1000:.0f} ms, more than {self._timing.deadline * 1000:.0f}"
                )
            took.append(await self._beat(line))

    async def _watch_sentinel(self, host: tuple[str, int]) -> None:
        """A primary that was cut off from its Sentinels goes on answering: it must not be believed for long."""
        while True:
            await asyncio.sleep(self._timing.sentinel)
            if await self._door.find() != host:
                raise ConnectionError("Sentinel names another primary now")

    def _joined(self, address: str) -> None:
        self._backoff.reset()
        self._calls.open()
        self.mode, self.since, self.reason, self._told = ClusterMode.JOINED, self._wall(), "", ""
        self._events.info("cluster_joined", redis=address)

    def _cut_off(self, error: BaseException) -> None:
        self._calls.shut()
        self.tried = True
        reason, advice = explain(error)
        if self.mode is ClusterMode.JOINED:
            self.mode, self.since = ClusterMode.CUT_OFF, self._wall()
        self.reason = reason
        if not self._told:
            self._events.warning("cluster_cut_off", redis=self._door.address, reason=reason, next=advice)
        self._told = reason


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
