"""Asks again about the endpoints of active sessions when the schedule says whose turn it is."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

from ...compliance import EndpointKey
from ...config.model import Server
from ...errors import StoreError
from ...store.read import StoreReader
from ..events import EventLog
from ..lane import LookupStatus
from ..lookups import Lookups, UnknownServerError
from .model import RecheckSettings
from .schedule import RecheckSchedule

_LONGEST_PAUSE = 1.0  # seconds until it looks again, whatever comes in between
_WHILE_RESTING = 0.5
_NOT_MINE = 60.0
_ARRIVALS = 500  # looked up in the store in one go
_MEASURED = 60.0  # seconds over which the rate is measured


@dataclass(frozen=True, slots=True)
class RecheckHealth:
    """For /v1/health. `backlog`: endpoints whose turn has come. Ages in seconds; rates in questions a second."""

    server: str
    endpoints: int
    backlog: int
    never_answered: int
    oldest_age: float | None
    in_flight: int
    queries_per_second: float
    rate: float
    interval: float
    resting: bool  # the breaker is open, so nothing is asked


@dataclass(slots=True)
class _Line:
    server: Server
    schedule: RecheckSchedule
    in_flight: set[asyncio.Task[None]] = field(default_factory=set)
    asked: deque[float] = field(default_factory=deque)  # wall clock, of the last _MEASURED seconds


class Recheck:
    """Belongs to the event loop.

    `wall`: seconds since the epoch; `sleep` waits that many seconds of it, for a clock that is not the world's. `mine`
    says whether this node is the one to ask about an endpoint; another's is looked at again after a while. `share` is
    this node's part of a server's rate, 0 to 1 (`Cluster.share`).
    """

    def __init__(
        self,
        lookups: Lookups,
        reader: StoreReader,
        events: EventLog,
        wall: Callable[[], float],
        *,
        sleep: Callable[[float], Awaitable[None]] | None = None,
        mine: Callable[[EndpointKey], bool] = lambda _: True,
        share: Callable[[str], float] = lambda _: 1.0,
    ) -> None:
        self._lookups = lookups
        self._reader = reader  # its own: it is used in a thread
        self._events = events
        self._wall = wall
        self._sleep = sleep
        self._mine = mine
        self._share = share
        self._lines: dict[str, _Line] = {}
        self._timers: dict[EndpointKey, float | None] = {}  # of everything that is tracked, known server or not
        self._counts: Counter[str] = Counter()  # of these, per server
        self._arrived: dict[EndpointKey, None] = {}  # not in a schedule yet

    def configure(self, servers: Iterable[Server]) -> None:
        """Take over the enabled servers that may be asked by ourselves; what is scheduled stays."""
        wanted = {server.name: server for server in servers if server.enabled and server.recheck_rate}
        for name in set(self._lines) - set(wanted):
            del self._lines[name]
        for name, server in wanted.items():
            line = self._lines.get(name)
            if line is None:
                self._lines[name] = _Line(server, RecheckSchedule(RecheckSettings.of(server)))
                self._arrived.update((key, None) for key in self._timers if key.server == name)
            elif line.server != server:
                line.server = server
                line.schedule.adjust(RecheckSettings.of(server))

    def track(self, key: EndpointKey, reauth_due_at: float | None) -> None:
        """An endpoint with an active session; the earliest end of its sessions' timers, None without a timer."""
        new = key not in self._timers
        self._timers[key] = reauth_due_at
        self._counts[key.server] += new
        line = self._lines.get(key.server)
        if new and line is not None:
            self._arrived[key] = None
        elif line is not None and key not in self._arrived:
            line.schedule.track(key, reauth_due_at)

    def forget(self, key: EndpointKey) -> None:
        """It has no active session any more."""
        if self._timers.pop(key, self) is not self:
            self._counts[key.server] -= 1
        self._arrived.pop(key, None)
        if key.server in self._lines:
            self._lines[key.server].schedule.forget(key)

    def answered(self, key: EndpointKey, at: float) -> None:
        """The store has an answer of that moment, whoever had asked (`Recorder.on_answer`)."""
        if key.server in self._lines:
            self._lines[key.server].schedule.answered(key, at)

    def hurry(self, keys: Iterable[EndpointKey]) -> int:
        """Ask about these before the others, within the rate; how many of them are tracked."""
        return sum(key.server in self._lines and self._lines[key.server].schedule.hurry(key) for key in keys)

    def tracked(self, server: str) -> list[EndpointKey]:
        """Every endpoint with an active session whose record comes from that server."""
        return [key for key in self._timers if key.server == server]

    def load(self) -> dict[str, int]:
        """How many endpoints with an active session each of the servers has that may be asked (`Cluster.tell_load`)."""
        return {name: self._counts[name] for name in self._lines}

    def health(self) -> list[RecheckHealth]:
        """One entry per enabled server."""
        now = self._wall()
        return [self._health(line, now) for line in self._lines.values()]

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set; what is under way then comes to its end."""
        while not stop.is_set():
            try:
                await self._look_up_arrivals()
                pause = min([self._turn(line) for line in self._lines.values()], default=_LONGEST_PAUSE)
            except Exception as error:  # a defect here must not end rechecks for good
                self._events.error("defect", part="recheck", error=repr(error), next="report this line")
                pause = _LONGEST_PAUSE
            if self._sleep is not None:
                await self._sleep(pause)
            else:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), pause)
        under_way = [task for line in self._lines.values() for task in line.in_flight]
        await asyncio.gather(*under_way, return_exceptions=True)

    def _turn(self, line: _Line) -> float:
        """Send out what is to go now; how long until there is more to do."""
        now, name = self._wall(), line.server.name
        if self._lookups.resting(name):
            return _WHILE_RESTING
        rate = line.server.recheck_rate * self._share(name)
        if not rate:
            return _WHILE_RESTING
        line.schedule.at_rate(rate)
        room = self._lookups.for_background(name) - len(line.in_flight)
        for key in line.schedule.take(now, max(0, room)):
            if not self._mine(key):
                line.schedule.postpone(key, now + _NOT_MINE)
                continue
            line.asked.append(now)
            task = asyncio.create_task(self._ask(line, key))
            line.in_flight.add(task)
            task.add_done_callback(line.in_flight.discard)
        if len(line.in_flight) >= self._lookups.for_background(name):
            return min(_LONGEST_PAUSE, 1 / rate)
        return min(_LONGEST_PAUSE, max(0.0, line.schedule.next_at(now) - now))

    async def _ask(self, line: _Line, key: EndpointKey) -> None:
        schedule = line.schedule
        try:
            result = await self._lookups.renew(key)
        except UnknownServerError:
            return schedule.put_back(key)
        except BaseException:
            schedule.failed(key, self._wall())
            raise
        if result.status is LookupStatus.ANSWERED:
            return schedule.answered(key, self._wall())
        if result.asked:
            return schedule.failed(key, self._wall())
        return schedule.put_back(key)

    async def _look_up_arrivals(self) -> None:
        """Put newcomers into their schedule with the age of their record; mdmd may have been away for hours."""
        while self._arrived:
            keys = [key for key, _ in zip(self._arrived, range(_ARRIVALS), strict=False)]
            answered = await asyncio.to_thread(self._answered_at, keys)
            for key, at in zip(keys, answered, strict=True):
                # It may be gone, or gone and back, by now.
                if self._arrived.pop(key, self) is None and key.server in self._lines:
                    from_the_future = at is not None and at > self._wall()
                    self._lines[key.server].schedule.track(key, self._timers[key], None if from_the_future else at)

    def _answered_at(self, keys: list[EndpointKey]) -> list[float | None]:
        try:
            records = [self._reader.record(key) for key in keys]
        except StoreError:  # asked about early, which is what may put it right
            return [None] * len(keys)
        return [None if record is None or record.answer is None else record.answered_at for record in records]

    def _health(self, line: _Line, now: float) -> RecheckHealth:
        while line.asked and not now - _MEASURED < line.asked[0] <= now:
            line.asked.popleft()
        state = line.schedule.state(now)
        return RecheckHealth(
            server=line.server.name,
            endpoints=state.tracked,
            backlog=state.backlog,
            never_answered=state.never_answered,
            oldest_age=None if state.oldest_age is None else round(state.oldest_age, 1),
            in_flight=len(line.in_flight),
            queries_per_second=round(len(line.asked) / _MEASURED, 3),
            rate=round(line.server.recheck_rate * self._share(line.server.name), 3),
            interval=line.server.recheck_interval,
            resting=self._lookups.resting(line.server.name),
        )
