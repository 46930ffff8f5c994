"""One MDM server as mdmd sees it: its source, its threads, its breaker, and the queries in flight."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum

from ..codes import Code
from ..compliance import ComplianceSource, EndpointKey
from ..config.model import Server
from ..errors import SourceError
from ..mdm.noncompliant import Listing, NonCompliantDevices
from .breaker import Breaker, BreakerState
from .events import EventLog
from .recorder import Recorder
from .server_info import ServerInfo
from .single_flight import SingleFlight
from .slots import Place, Slots

_KEEP_WARM = 300.0  # seconds
_WARM_UP_PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)  # seconds; the last one is repeated
_REPEATED_FAILURE = 1.0  # seconds in which a refusal is not written again for the same endpoint


class LookupStatus(StrEnum):
    """What asking came to."""

    ANSWERED = "answered"  # the store holds an answer that is not due
    FAILED = "failed"  # the server did not answer, or the store did not take the answer
    TIMEOUT = "timeout"  # not yet; the query goes on, and whoever asks next profits from it


@dataclass(frozen=True, slots=True)
class LookupResult:
    """`failure`: code and text when the status is FAILED. `asked`: False when the server was not asked at all."""

    status: LookupStatus
    failure: str = ""
    asked: bool = field(default=True, compare=False)


@dataclass(frozen=True, slots=True)
class LaneHealth:
    """For /v1/health. Times are seconds since the epoch, 0 for never."""

    name: str
    breaker: BreakerState
    next_probe_in: float  # seconds
    in_flight: int
    warm: bool
    last_success: float
    last_failure: float
    failure: str  # of the last failure


class Lane:
    """Everything about one server. Belongs to the event loop; only `_query` runs in its threads."""

    def __init__(
        self,
        server: Server,
        source: ComplianceSource,
        recorder: Recorder,
        events: EventLog,
        wall: Callable[[], float],
        monotonic: Callable[[], float],
        others: SingleFlight | None = None,
    ) -> None:
        self.server = server
        self._others = others  # nodes; None when this is the only one
        self._source = source
        self._recorder = recorder
        self._events = events
        self._wall = wall
        self._monotonic = monotonic
        self._breaker = Breaker(self._breaker_changed)
        # Two threads more than may ask, so that warming up and the bulk list take nobody's place.
        self._pool = ThreadPoolExecutor(server.max_concurrent + 2, thread_name_prefix=f"lookup-{server.name}")
        self._slots = Slots(server.max_concurrent)
        self._flights: dict[EndpointKey, asyncio.Task[LookupResult]] = {}
        self._background: dict[EndpointKey, Place | None] = {}  # flights that no authentication waits for
        self._awaited: dict[EndpointKey, float] = {}  # seconds, of flights that one may be waiting for
        self._refused: dict[EndpointKey, float] = {}  # when a refusal was last written
        self._warm = False
        self._closing = False
        self._stopping = False
        self._last_success = 0.0
        self._last_failure = 0.0
        self._failure = ""
        self._info = ServerInfo(server.name, source, recorder, events, wall, monotonic)
        self._warming = asyncio.create_task(self._warm_up())

    def fly(self, key: EndpointKey, *, background: bool = False, wait: float = 0.0) -> asyncio.Task[LookupResult]:
        """The query for that key that is under way, or a new one. Never cancel it: others may be waiting.

        `background`: no authentication waits for it, so it lets those go first that are waited for. `wait`: how long
        one does; 0 when that is not known.
        """
        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = asyncio.create_task(self._fly(key))
            flight.add_done_callback(lambda _: self._landed(key))
            if background:
                self._background[key] = None
        elif not background and key in self._background:
            place = self._background.pop(key)
            if place is not None:
                self._slots.promote(place)
        if not background and wait:
            self._awaited[key] = min(wait, self._awaited.get(key, wait))
        return flight

    @property
    def resting(self) -> bool:
        """True while the breaker lets nothing through."""
        return self._breaker.refuses(self._monotonic())

    @property
    def for_background(self) -> int:
        """How many background questions may be under way at once."""
        return self._slots.for_background

    async def noncompliant(self, cancelled: Callable[[], bool]) -> NonCompliantDevices | None:
        """The bulk list of non-compliant devices; None from a server that has none. Takes minutes.

        `cancelled` is called from a thread; once it says True the list is given up.

        Whatever comes of it says nothing about questions for one device: the breaker does not learn from it. Raises
        SourceError.
        """
        source = self._source
        if not isinstance(source, Listing):
            return None
        if self.resting:
            pause = self._breaker.remaining(self._monotonic())
            code, _, detail = self._breaker.reason.partition(" ")
            raise SourceError(code, detail, "none; it is tried again", retry_after=pause, server_down=False)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, source.noncompliant, lambda: self._closing or cancelled())

    def health(self) -> LaneHealth:
        """The present state."""
        return LaneHealth(
            self.server.name,
            self._breaker.state,
            round(self._breaker.remaining(self._monotonic()), 3),
            len(self._flights),
            self._warm,
            self._last_success,
            self._last_failure,
            self._failure,
        )

    async def close(self, *, stopping: bool) -> None:
        """Let queries end (the source's timeouts bound them), then close the source.

        `stopping`: those that still stand in line are given up.
        """
        self._closing = True
        self._stopping = stopping
        self._warming.cancel()
        await asyncio.gather(self._warming, *self._flights.values(), return_exceptions=True)
        await asyncio.to_thread(self._pool.shutdown)
        self._source.close()

    async def _fly(self, key: EndpointKey) -> LookupResult:
        unsaved = self._recorder.unsaved(key)
        if unsaved is not None and not self.server.is_due(unsaved[1], self._wall()):
            # Answered, but the store is failing: asking again would not help anybody.
            return _failed(f"not stored: {self._recorder.error}")
        if self._breaker.refuses(self._monotonic()):
            return await self._refuse(key)
        if self._others is None:
            return await self._ask(key)
        return await self._ask_once(key, self._others)

    async def _ask_once(self, key: EndpointKey, others: SingleFlight) -> LookupResult:
        """Unless another node asks, and is told."""
        if await others.answered(self.server, key, lambda: self._wait_for(key)):
            self._events.info("lookup_shared", server=key.server, kind=key.kind.value, id=key.value)
            return LookupResult(LookupStatus.ANSWERED)
        status = LookupStatus.FAILED
        try:
            result = await self._ask(key)
            status = result.status
        finally:
            if status is not LookupStatus.ANSWERED:
                await others.failed(key)
        return result

    def _wait_for(self, key: EndpointKey) -> float | None:
        return None if key in self._background else self._awaited.get(key, 0.0)

    async def _ask(self, key: EndpointKey) -> LookupResult:
        place = self._slots.enter(background=key in self._background)
        if place.background:
            self._background[key] = place
        try:
            await place.turn
            if self._stopping:
                return _failed("mdmd is stopping", asked=False)
            # Asked again: it may have opened while this one stood in line.
            if not self._breaker.permits(self._monotonic()):
                return await self._refuse(key)
            started = self._monotonic()
            query = asyncio.get_running_loop().run_in_executor(self._pool, self._query, key)
            result, error = await query
            self._learn(error)  # before the next one in line goes out
        finally:
            self._slots.leave(place)
        self._report(key, result, error, (self._monotonic() - started) * 1000)
        return result

    def _query(self, key: EndpointKey) -> tuple[LookupResult, SourceError | None]:
        """Ask, and commit what came before anybody is told. Runs in a thread of the pool; never raises."""
        try:
            answer = self._source.lookup(key)
        except SourceError as error:
            failure = error
        except Exception as error:  # a defect in the source must not stop the others' answers
            failure = SourceError(Code.DEFECT, f"{type(error).__name__}: {error}", "report this line")
        else:
            if self._recorder.answer(key, answer, self._wall()):
                return LookupResult(LookupStatus.ANSWERED), None
            return _failed(f"not stored: {self._recorder.error}"), None
        self._recorder.failure(key, f"{failure.code} {failure.detail}", self._wall())
        return _failed(f"{failure.code} {failure.detail}"), failure

    def _learn(self, error: SourceError | None) -> None:
        if error is None:
            self._last_success = self._wall()
        else:
            self._last_failure, self._failure = self._wall(), f"{error.code} {error.detail}"
        if error is not None and (error.server_down or error.retry_after):
            self._breaker.failed(error, self._monotonic())
        else:
            self._breaker.succeeded()

    def _report(self, key: EndpointKey, result: LookupResult, error: SourceError | None, ms: float) -> None:
        what = {
            "server": key.server,
            "kind": key.kind.value,
            "id": key.value,
            "result": result.status.value,
            "ms": ms,
        }
        if error is not None:
            self._events.warning("lookup", **what, code=error.code, detail=error.detail, next=error.advice)
        elif result.failure:
            self._events.warning("lookup", **what, detail=result.failure)
        else:
            self._events.info("lookup", **what)

    async def _refuse(self, key: EndpointKey) -> LookupResult:
        failure = f"{self._breaker.reason}; not asked again so far"
        if key in self._background:
            return _failed(failure, asked=False)  # nobody waits for a reason
        now = self._monotonic()
        if now - self._refused.get(key, float("-inf")) >= _REPEATED_FAILURE:
            self._refused[key] = now
            await asyncio.to_thread(self._recorder.failure, key, failure, self._wall())
        return _failed(failure, asked=False)

    def _landed(self, key: EndpointKey) -> None:
        self._flights.pop(key)
        self._background.pop(key, None)
        self._awaited.pop(key, None)

    def _breaker_changed(self, state: BreakerState, reason: str) -> None:
        if state is not BreakerState.OPEN:
            self._refused.clear()
        write = self._events.info if state is BreakerState.CLOSED else self._events.warning
        pause = self._breaker.remaining(self._monotonic())
        write("breaker", server=self.server.name, state=state.value, next_probe_s=pause, reason=reason)

    async def _warm_up(self) -> None:
        """Fetch tokens and addresses ahead of the first question, and keep them fresh when nobody asks."""
        attempt = 0
        loop = asyncio.get_running_loop()
        while True:
            try:
                await loop.run_in_executor(self._pool, self._source.warm_up)
            except Exception as error:  # SourceError, or a defect in the source; neither may stop mdmd
                if str(error) != self._failure or attempt == 0:
                    self._events.warning("warm_up_failed", server=self.server.name, error=error)
                self._last_failure, self._failure = self._wall(), str(error)
            else:
                if not self._warm or attempt:
                    self._events.info("warm", server=self.server.name)
                self._warm, attempt = True, 0
                # Behind the first warm-up, so that tokens are fetched once.
                await loop.run_in_executor(self._pool, self._info.renew)
                await asyncio.sleep(min(_KEEP_WARM, max(1.0, self._info.remaining)))
                continue
            await asyncio.sleep(_WARM_UP_PAUSES[min(attempt, len(_WARM_UP_PAUSES) - 1)])
            attempt += 1


def _failed(failure: str, *, asked: bool = True) -> LookupResult:
    return LookupResult(LookupStatus.FAILED, failure, asked)
