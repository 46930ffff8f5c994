"""Polling: the bulk list of non-compliant devices as an extra sweep beside the rechecks (intune.md sections 5 and 6).

The list names devices and says nothing else, so it is no answer: a device that it contradicts is asked about one by
one. Listed and not known as non-compliant: it may have ceased to be compliant. Known as non-compliant and not on a
complete list: it may have become compliant again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ..compliance import Compliance, ComplianceRecord, EndpointKey, IdKind
from ..config.model import Server
from ..errors import SourceError, StoreError
from ..mdm.codes import MdmCode
from ..mdm.noncompliant import NonCompliantDevices
from ..store.read import StoreReader
from .events import EventLog
from .lookups import Lookups, UnknownServerError
from .polling_window import PollingWindow, WindowFile, WindowState
from .recheck.runner import Recheck

_PAUSES = (60.0, 300.0, 900.0, 1800.0)  # seconds after failures in a row; the last one is repeated
_FIRST_SWEEP = 60.0  # seconds after the start, when sessions and tokens are there
_RESERVE = 60.0  # seconds more than the last sweep took that have to be left of the open hour


@dataclass(frozen=True, slots=True)
class PollingHealth:
    """For /v1/health. Moments are seconds since the epoch, 0 for never; the rest are seconds and counts."""

    server: str
    interval: float
    supported: bool  # False: that server has no such list
    last_sweep: float  # the last complete one
    devices: int  # entries of its list
    contradicted: int  # endpoints with a session that were asked about because of it
    took: float
    next_sweep: float
    window: WindowState
    window_began: float
    failure: str  # of the last attempt, empty when it was complete


@dataclass(frozen=True, slots=True)
class Sweep:
    """What came of an attempt that began at `started` (seconds since the epoch).

    `found` is None when there was no complete list; `looked_at`: whom this node has compared it with.
    """

    server: str
    started: float
    window: PollingWindow
    found: NonCompliantDevices | None = None
    looked_at: frozenset[EndpointKey] = frozenset()


class Nodes(Protocol):
    """Those that share the polling."""

    async def mine(self, server: str) -> bool:
        """Whether this node is the one that polls that server."""
        ...

    def still_mine(self, server: str) -> bool:
        """The same before each page. Called from a thread."""
        ...

    async def swept(self, sweep: Sweep) -> None:
        """What came of an attempt of this node."""
        ...


@dataclass(slots=True)
class _Poll:
    server: Server
    file: WindowFile
    window: PollingWindow
    next_at: float
    failures: int = 0
    supported: bool = True
    last_sweep: float = 0.0
    devices: int = 0
    contradicted: int = 0
    took: float = 0.0
    failure: str = ""


class Polling:
    """Belongs to the event loop. `wall`: seconds since the epoch; `stopping` ends a sweep between two pages.

    `mine` says whether this node is the one that polls a server; see `share`.
    """

    def __init__(
        self,
        lookups: Lookups,
        recheck: Recheck,
        reader: StoreReader,
        state_directory: Path,
        events: EventLog,
        wall: Callable[[], float],
        *,
        stopping: Callable[[], bool] = lambda: False,
        mine: Callable[[str], Awaitable[bool]] | None = None,
    ) -> None:
        self._lookups = lookups
        self._recheck = recheck
        self._reader = reader  # its own: it is used in a thread
        self._directory = state_directory
        self._events = events
        self._wall = wall
        self._stopping = stopping
        self._mine = mine
        self._still_mine: Callable[[str], bool] = lambda _: True
        self._swept: Callable[[Sweep], Awaitable[None]] | None = None
        self._polls: dict[str, _Poll] = {}

    def share(self, nodes: Nodes) -> None:
        """There are other nodes: one of them polls, and tells the others."""
        self._mine, self._still_mine, self._swept = nodes.mine, nodes.still_mine, nodes.swept

    def configure(self, servers: Iterable[Server]) -> None:
        """Take over the enabled servers that are polled."""
        wanted = {server.name: server for server in servers if server.enabled and server.polling_interval}
        for name in set(self._polls) - set(wanted):
            del self._polls[name]
        for name, server in wanted.items():
            poll = self._polls.get(name)
            if poll is None:
                file = WindowFile(self._directory, name)
                self._polls[name] = _Poll(server, file, file.read(), self._wall() + _FIRST_SWEEP)
            elif poll.server != server:
                poll.server, poll.supported = server, True
                poll.next_at = min(poll.next_at, self._wall() + server.polling_interval)

    async def sweep(self) -> None:
        """Do what is due; to be called about once a second, one call at a time. Returns when that is done."""
        for poll in list(self._polls.values()):
            now = self._wall()
            poll.next_at = min(poll.next_at, now + max(poll.server.polling_interval, 4 * 3600.0))  # clock set back
            if not poll.supported or now < self._next(poll, now):
                continue
            if self._mine is None or await self._mine(poll.server.name):
                await self._sweep(poll, now)
            else:
                poll.next_at = now + _PAUSES[0]

    def health(self) -> list[PollingHealth]:
        """One entry per server that is polled."""
        now = self._wall()
        return [
            PollingHealth(
                server=poll.server.name,
                interval=poll.server.polling_interval,
                supported=poll.supported,
                last_sweep=poll.last_sweep,
                devices=poll.devices,
                contradicted=poll.contradicted,
                took=round(poll.took, 3),
                next_sweep=round(self._next(poll, now), 3) if poll.supported else 0.0,
                window=poll.window.state(now),
                window_began=poll.window.began,
                failure=poll.failure,
            )
            for poll in self._polls.values()
        ]

    def _next(self, poll: _Poll, now: float) -> float:
        return max(poll.next_at, poll.window.next_call(max(now, poll.next_at), poll.took + _RESERVE))

    async def _sweep(self, poll: _Poll, started: float) -> None:
        name = poll.server.name
        try:
            found = await self._lookups.noncompliant(name, lambda: self._stopping() or not self._still_mine(name))
        except UnknownServerError:
            return
        except Exception as error:
            await self._failed(poll, error)
            await self._tell(Sweep(name, started, poll.window))
            return
        if found is None:
            poll.supported = False
            return
        await self._keep(poll, poll.window.called(started))
        poll.last_sweep, poll.took = started, self._wall() - started
        poll.next_at = started + poll.server.polling_interval
        poll.failures, poll.failure, poll.devices = 0, "", found.count
        tracked = self._recheck.tracked(name)
        keys = await asyncio.to_thread(self._contradicted, tracked, found)
        poll.contradicted = self._recheck.hurry(keys)
        self._events.info(
            "polled", server=name, devices=found.count, asked_about=poll.contradicted, seconds=float(poll.took)
        )
        await self._tell(Sweep(name, started, poll.window, found, frozenset(tracked)))

    async def learn(
        self, server: str, swept: float, window: PollingWindow, contradicted: Iterable[EndpointKey]
    ) -> None:
        """Another node has polled: `swept` is when its sweep began, 0 when it was none; see PollingWindow."""
        poll = self._polls.get(server)
        if poll is None:
            return
        await self._keep(poll, window)
        if swept:
            poll.next_at = max(poll.next_at, swept + poll.server.polling_interval)
            poll.last_sweep = max(poll.last_sweep, swept)
        asked_about = self._recheck.hurry(contradicted)
        if asked_about:
            self._events.info("polled_elsewhere", server=server, asked_about=asked_about)

    async def _tell(self, sweep: Sweep) -> None:
        if self._swept is not None:
            await self._swept(sweep)

    async def _failed(self, poll: _Poll, error: Exception) -> None:
        """Nothing of a list that broke off counts."""
        now = self._wall()
        refused = isinstance(error, SourceError) and error.code == MdmCode.BULK_CLOSED
        retry_after = error.retry_after if isinstance(error, SourceError) else None
        if refused:
            await self._keep(poll, poll.window.refused(now, retry_after))
            poll.next_at = now
        else:
            poll.next_at = now + max(retry_after or 0.0, _PAUSES[min(poll.failures, len(_PAUSES) - 1)])
            poll.failures += 1
        if str(error) != poll.failure:
            again = max(0.0, self._next(poll, now) - now)
            self._events.warning("polling_failed", server=poll.server.name, error=error, again_in_s=again)
        poll.failure = str(error)

    async def _keep(self, poll: _Poll, window: PollingWindow) -> None:
        if window == poll.window:
            return
        poll.window = window
        try:
            await asyncio.to_thread(poll.file.write, window)
        except OSError as error:
            self._events.warning("polling_window_not_saved", file=poll.file.path, error=error.strerror)

    def _contradicted(self, keys: list[EndpointKey], found: NonCompliantDevices) -> list[EndpointKey]:
        try:
            return [key for key in keys if contradicts(found, key, self._reader.record(key))]
        except StoreError as error:
            self._events.warning("polling_not_compared", error=error, next="the next sweep will be")
            return []


def contradicts(found: NonCompliantDevices, key: EndpointKey, record: ComplianceRecord | None) -> bool:
    """True when a complete list and the record can't both be right."""
    answer = None if record is None else record.answer
    if key.kind is IdKind.MAC:
        listed = key.value in found.macs
    else:
        listed = key.value in found.guids
        if answer is not None and not listed:
            listed = not found.macs.isdisjoint(answer.macs)
    return listed != (answer is not None and answer.compliance is Compliance.NONCOMPLIANT)
