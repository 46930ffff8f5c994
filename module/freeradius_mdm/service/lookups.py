"""Questions to MDM servers: one query per endpoint however many wait, none when a server is down."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from ..compliance import ComplianceAnswer, ComplianceRecord, ComplianceSource, EndpointKey
from ..config.model import Server
from ..errors import MdmError, SourceError, StoreError
from ..mdm.codes import CODES, MdmCode
from ..mdm.noncompliant import NonCompliantDevices
from ..store.read import StoreReader
from .events import EventLog
from .lane import Lane, LaneHealth, LookupResult, LookupStatus
from .recorder import Recorder
from .single_flight import SingleFlight

_RACER = 1.0  # seconds; an answer this young is what a racing waiter has just fetched, whatever the interval is

_SAME_AUTHENTICATION = 5.0  # seconds from the first EAP packet to the decision
_MOST_FAILED_AHEAD = 10_000

SourceFactory = Callable[[Server], ComplianceSource]


class UnknownServerError(MdmError):
    """No enabled MDM server has that name."""


class Lookups:
    """Belongs to the event loop.

    `make_source` may raise MdmError or OSError; the server then fails every question until the configuration
    is read again, and the others go on.
    """

    def __init__(
        self,
        reader: StoreReader,
        recorder: Recorder,
        make_source: SourceFactory,
        events: EventLog,
        wall: Callable[[], float],
        monotonic: Callable[[], float],
        others: SingleFlight | None = None,
    ) -> None:
        self._others = others
        self._reader = reader
        self._recorder = recorder
        self._make_source = make_source
        self._events = events
        self._wall = wall
        self._monotonic = monotonic
        self._lanes: dict[str, Lane] = {}
        self._unusable: set[str] = set()
        self._failed_ahead: dict[EndpointKey, tuple[LookupResult, float]] = {}
        self._closing: set[asyncio.Task[None]] = set()

    def configure(self, servers: Iterable[Server]) -> None:
        """Take over the enabled servers; whose section did not change keeps source and breaker."""
        wanted = {server.name: server for server in servers if server.enabled}
        for name, lane in list(self._lanes.items()):
            if wanted.get(name) != lane.server or name in self._unusable:
                self._retire(self._lanes.pop(name), stopping=False)
        for name, server in wanted.items():
            if name not in self._lanes:
                source = self._source(server)
                self._lanes[name] = Lane(
                    server, source, self._recorder, self._events, self._wall, self._monotonic, self._others
                )

    async def ask(self, key: EndpointKey, wait: float) -> LookupResult:
        """Have the store hold an answer for `key` that is not due; waits `wait` seconds at most.

        An ANSWERED result was committed before it is returned. Raises UnknownServerError.

        `wait` 0 asks ahead of an authentication that is under way. When that fails, the authentication itself is
        told the same, once, instead of asking a server that is down a second time.
        """
        lane = self._lane(key.server)
        if self._is_current(lane.server, key):
            return LookupResult(LookupStatus.ANSWERED)
        failed, at = self._failed_ahead.pop(key, (None, 0.0))
        if wait and failed is not None and self._monotonic() - at < _SAME_AUTHENTICATION:
            return failed
        flight = lane.fly(key, wait=wait)
        if not wait:
            flight.add_done_callback(lambda done: self._was_ahead(key, done))
        done, _ = await asyncio.wait({flight}, timeout=wait)
        if wait:
            self._failed_ahead.pop(key, None)  # who joined it has been told
        return flight.result() if done else LookupResult(LookupStatus.TIMEOUT)

    def _was_ahead(self, key: EndpointKey, done: asyncio.Task[LookupResult]) -> None:
        if not done.cancelled() and done.result().status is LookupStatus.FAILED:
            self._failed_ahead[key] = (done.result(), self._monotonic())
            while len(self._failed_ahead) > _MOST_FAILED_AHEAD:
                del self._failed_ahead[next(iter(self._failed_ahead))]

    async def renew(self, key: EndpointKey) -> LookupResult:
        """Ask although the answer in the store is not due, behind every authentication that waits.

        One query with whoever else asks about that key. Ends when it ends: the source's timeouts bound that. Raises
        UnknownServerError.
        """
        lane = self._lane(key.server)
        if self._is_new(key):
            return LookupResult(LookupStatus.ANSWERED)
        flight = lane.fly(key, background=True)
        await asyncio.wait({flight})
        return flight.result()

    async def noncompliant(self, server: str, cancelled: Callable[[], bool]) -> NonCompliantDevices | None:
        """That server's bulk list, see `Lane.noncompliant`. Raises SourceError, UnknownServerError."""
        return await self._lane(server).noncompliant(cancelled)

    def resting(self, server: str) -> bool:
        """True while questions to that server are not let through, or there is no such server."""
        return server not in self._lanes or self._lanes[server].resting

    def for_background(self, server: str) -> int:
        """How many questions that nobody waits for may be under way there at once."""
        return self._lanes[server].for_background if server in self._lanes else 0

    def record(self, key: EndpointKey) -> ComplianceRecord | None:
        """What the store holds for that key. Raises StoreError, UnknownServerError."""
        self._lane(key.server)
        return self._reader.record(key)

    def health(self) -> list[LaneHealth]:
        """Each enabled server's state."""
        return [lane.health() for lane in self._lanes.values()]

    async def close(self) -> None:
        """Wait for the queries under way (their timeouts bound it) and close every source."""
        for lane in self._lanes.values():
            self._retire(lane, stopping=True)
        self._lanes.clear()
        await asyncio.gather(*self._closing)

    def _lane(self, server: str) -> Lane:
        lane = self._lanes.get(server)
        if lane is None:
            raise UnknownServerError(f"no enabled MDM server is called {server!r}")
        return lane

    def _is_new(self, key: EndpointKey) -> bool:
        """True when it was answered a moment ago."""
        try:
            record = self._reader.record(key)
        except StoreError:
            return False
        return record is not None and record.answer is not None and 0 <= self._wall() - record.answered_at < _RACER

    def _is_current(self, server: Server, key: EndpointKey) -> bool:
        try:
            record = self._reader.record(key)
        except StoreError:
            return False  # asking again is what may put it right
        if record is None or record.answer is None:
            return False
        now = self._wall()
        racer = 0 <= now - record.answered_at < _RACER
        return racer or not server.is_due(record.answered_at, now)

    def _source(self, server: Server) -> ComplianceSource:
        self._unusable.discard(server.name)
        try:
            return self._make_source(server)
        except (MdmError, OSError) as error:
            self._unusable.add(server.name)
            self._events.error("server_unusable", server=server.name, error=error)
            return _UnusableSource(error)

    def _retire(self, lane: Lane, *, stopping: bool) -> None:
        task = asyncio.create_task(lane.close(stopping=stopping))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


class _UnusableSource:
    """Stands in for a source that could not be made: every question fails with the reason."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def lookup(self, key: EndpointKey) -> ComplianceAnswer:
        raise self._as_source_error()

    def warm_up(self) -> None:
        raise self._as_source_error()

    def close(self) -> None:
        pass

    def _as_source_error(self) -> SourceError:
        if isinstance(self._error, SourceError):
            return self._error
        return SourceError(MdmCode.UNUSABLE.value, f"{self._error}", CODES[MdmCode.UNUSABLE].advice)
