"""Whose turn it is to be asked about: a pure schedule of the endpoints of one MDM server.

Three kinds of turns, shared out so that none of them can starve another:

    timer    a session's reauthentication comes soon and would find a record that is due: the nearest one first
    hurried  something says that the record is wrong (the bulk list): first come, first served
    age      `interval` after the last answer, or what the rate makes of it: the oldest first

Of four turns two belong to timers, one to hurried ones and one to age; what one of them can't use goes to the others.
Times are wall clock seconds since the epoch, given with each call. Every call costs O(log n).
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace

from ...compliance import EndpointKey
from .model import Endpoint, RecheckSettings, ScheduleState
from .pace import Pace

_CLOCK_STEP = 1.0  # seconds; a smaller step back is the daily work of NTP
_FIRST_RETRY, _LONGEST_RETRY = 30.0, 1800.0  # seconds after a failure, doubled for each further one
_TIMERS_SHARE = 0.75  # of the rate, which timers can count on while no hurried one is there
_MOST_OF_A_LIFE = 0.9  # of an answer's lifetime, which is how early a refresh ahead may come


_Booking = tuple[float, int, Endpoint, int]  # when, a serial number, whose, its stamp


class RecheckSchedule:
    """Not thread safe. `random_part` gives a number from 0 to 1."""

    def __init__(self, settings: RecheckSettings, random_part: Callable[[], float] = random.random) -> None:
        self._settings = settings
        self._random = random_part
        self._pace = Pace(settings.rate)
        self._endpoints: dict[EndpointKey, Endpoint] = {}
        self._by_age: list[_Booking] = []
        # By when a refresh ahead may begin if there is no crowd; then by the next try after a failure; then by the end.
        self._by_timer: list[_Booking] = []
        self._pausing: list[_Booking] = []
        self._ready: list[_Booking] = []
        self._hurried: deque[tuple[Endpoint, int]] = deque()
        self._with_timer = 0
        self._serial = itertools.count()
        self._turn = 0
        self._latest = float("-inf")
        pick = (self._nearest_timer, self._first_hurried, self._oldest)
        timer, hurried, age = pick
        self._turns = (pick, (hurried, timer, age), pick, (age, timer, hurried))

    def track(self, key: EndpointKey, reauth_due_at: float | None, answered_at: float | None = None) -> None:
        """An active session's endpoint, and when its timer ends (the earliest one of several sessions; None: no timer).

        `answered_at`: of its record, for an endpoint that is new here; None when it has no answer, or one from the
        future, which makes it due.
        """
        endpoint = self._endpoints.get(key)
        if endpoint is None:
            endpoint = self._endpoints[key] = Endpoint(key, answered_at, self._random())
        elif endpoint.timer == reauth_due_at:
            return  # as it was
        self._with_timer += (reauth_due_at is not None) - (endpoint.timer is not None)
        endpoint.timer = reauth_due_at
        if not endpoint.out:
            self._book(endpoint)

    def forget(self, key: EndpointKey) -> None:
        """It has no active session any more."""
        endpoint = self._endpoints.pop(key, None)
        if endpoint is not None:
            self._with_timer -= endpoint.timer is not None
            endpoint.stamp += 1

    def answered(self, key: EndpointKey, at: float) -> None:
        """There is an answer of that moment, whoever had asked. An endpoint that is not tracked is ignored."""
        endpoint = self._endpoints.get(key)
        if endpoint is not None:
            endpoint.answered_at, endpoint.vouched, endpoint.part = at, True, self._random()
            endpoint.failures, endpoint.retry_at = 0, 0.0
            endpoint.out = endpoint.hurried = False
            self._book(endpoint)

    def failed(self, key: EndpointKey, now: float) -> None:
        """It was asked about in vain: again after a pause that grows."""
        endpoint = self._endpoints.get(key)
        if endpoint is not None and endpoint.out:
            pause = min(_FIRST_RETRY * 2.0 ** min(endpoint.failures, 16), _LONGEST_RETRY)
            endpoint.failures += 1
            endpoint.retry_at = now + pause * (1 - self._settings.jitter * self._random())
            endpoint.out = endpoint.hurried = False
            self._book(endpoint)

    def postpone(self, key: EndpointKey, until: float) -> None:
        """It was taken and is somebody else's to ask about: not before that moment again."""
        endpoint = self._endpoints.get(key)
        if endpoint is not None and endpoint.out:
            endpoint.retry_at = until
            endpoint.out = endpoint.hurried = False
            self._book(endpoint)

    def put_back(self, key: EndpointKey) -> None:
        """It was taken and not asked about: the turn it had is its next one."""
        endpoint = self._endpoints.get(key)
        if endpoint is not None and endpoint.out:
            endpoint.out = False
            self._book(endpoint)

    def hurry(self, key: EndpointKey) -> bool:
        """Have it asked about soon; False when it is not tracked."""
        endpoint = self._endpoints.get(key)
        if endpoint is None:
            return False
        if not endpoint.hurried:
            endpoint.hurried = True
            endpoint.retry_at = 0.0
            if not endpoint.out:
                self._book(endpoint)
        return True

    def take(self, now: float, most: int | None = None) -> list[EndpointKey]:
        """Whose turn it is now, as many as rate and `most` allow.

        Each of them has to be followed by `answered`, `failed` or `put_back`; until then it gets no other turn.
        """
        self._look_at_clock(now)
        taken: list[EndpointKey] = []
        while (most is None or len(taken) < most) and self._pace.next_at() <= now:
            endpoint = self._next(now)
            if endpoint is None:
                break
            self._pace.grant(now)
            endpoint.stamp += 1
            endpoint.out = True
            taken.append(endpoint.key)
        return taken

    def next_at(self, now: float) -> float:
        """When `take` will have something, as things stand: in the past for "now", infinite for nobody."""
        self._look_at_clock(now)
        moments = [float("inf")]
        if self._clean_hurried():
            moments.append(now)
        self._look_at_timers(now)
        if self._clean(self._ready, now):
            moments.append(now)
        if self._pausing:
            moments.append(self._pausing[0][0])
        if self._by_timer:
            moments.append(self._by_timer[0][0] - self._lead())
        if self._clean(self._by_age):
            moments.append(self._by_age[0][0])
        return max(min(moments), self._pace.next_at())

    def adjust(self, settings: RecheckSettings) -> None:
        """Go on with other settings. O(n log n)."""
        self._settings = settings
        self._pace = self._pace.at_rate(settings.rate)
        self._rebook()

    def at_rate(self, rate: float) -> None:
        """Go on at that many questions a second. Nothing is booked anew: no booking depends on the rate."""
        if rate != self._settings.rate:
            self._settings = replace(self._settings, rate=rate)
            self._pace = self._pace.at_rate(rate)

    def state(self, now: float) -> ScheduleState:
        """Counts and ages. O(n)."""
        self._look_at_clock(now)
        times = [each.answered_at for each in self._endpoints.values() if each.answered_at]
        lead = self._lead()
        waiting = {id(each) for when, _, each, stamp in self._by_age if when <= now and stamp == each.stamp}
        waiting |= {
            id(each)
            for heap, latest in ((self._by_timer, now + lead), (self._pausing, now), (self._ready, float("inf")))
            for when, _, each, stamp in heap
            if when <= latest and stamp == each.stamp and each.timer is not None and each.timer > now >= each.retry_at
        }
        waiting |= {id(each) for each, stamp in self._hurried if stamp == each.stamp}
        oldest = max(0.0, now - min(times)) if times else None
        return ScheduleState(len(self._endpoints), len(waiting), len(self._endpoints) - len(times), oldest)

    def keys(self) -> Iterable[EndpointKey]:
        """Everything that is tracked."""
        return self._endpoints.keys()

    def _next(self, now: float) -> Endpoint | None:
        for pick in self._turns[self._turn]:
            endpoint = pick(now)
            if endpoint is not None:
                self._turn = (self._turn + 1) % len(self._turns)
                return endpoint
        return None

    def _nearest_timer(self, now: float) -> Endpoint | None:
        self._look_at_timers(now)
        return heapq.heappop(self._ready)[2] if self._clean(self._ready, now) else None

    def _look_at_timers(self, now: float) -> None:
        """Move on those whose time has come; neither of the first two lines has a void booking at its top then."""
        while self._clean(self._by_timer, now) and self._by_timer[0][0] - self._lead() <= now:
            endpoint = heapq.heappop(self._by_timer)[2]
            self._push(self._pausing, endpoint.retry_at, endpoint)
        while self._clean(self._pausing, now) and self._pausing[0][0] <= now:
            endpoint = heapq.heappop(self._pausing)[2]
            self._push(self._ready, endpoint.timer or now, endpoint)

    def _oldest(self, now: float) -> Endpoint | None:
        if self._clean(self._by_age) and self._by_age[0][0] <= now:
            return heapq.heappop(self._by_age)[2]
        return None

    def _first_hurried(self, now: float) -> Endpoint | None:
        return self._hurried.popleft()[0] if self._clean_hurried() else None

    def _book(self, endpoint: Endpoint) -> None:
        """Put it into every line it belongs to; where it stood before counts no more."""
        settings = self._settings
        endpoint.stamp += 1
        if endpoint.hurried:
            self._hurried.append((endpoint, endpoint.stamp))
        if settings.interval:
            when = endpoint.answered_at + settings.interval * (1 - settings.jitter * endpoint.part)
            self._push(self._by_age, max(when, endpoint.retry_at), endpoint)
        timer = endpoint.timer
        if timer is not None and (not endpoint.vouched or endpoint.answered_at <= timer - settings.lifetime):
            when = timer - self._reach() * (1 - 0.5 * endpoint.part)
            self._push(self._by_timer, when, endpoint)

    def _push(self, heap: list[_Booking], when: float, endpoint: Endpoint) -> None:
        heapq.heappush(heap, (when, next(self._serial), endpoint, endpoint.stamp))
        if len(heap) > 3 * len(self._endpoints) + 100:  # more void than valid: sweep, at a constant share of the cost
            heap[:] = [booking for booking in heap if booking[3] == booking[2].stamp]
            heapq.heapify(heap)

    def _reach(self) -> float:
        """How long before its timer ends a refresh ahead comes at the earliest, when there is no crowd.

        The margin, unless that is nearly all of an answer's life: one that is asked for earlier would be due again.
        """
        return min(self._settings.margin, _MOST_OF_A_LIFE * self._settings.lifetime)

    def _lead(self) -> float:
        """How much earlier it starts because they may all come at the same moment."""
        everybody = self._with_timer / (_TIMERS_SHARE * self._settings.rate)
        return min(everybody, _MOST_OF_A_LIFE * self._settings.lifetime - self._reach())

    def _clean(self, heap: list[_Booking], now: float | None = None) -> bool:
        """Drop void bookings from the top, and with `now` those whose timer has ended; True when one is left."""
        while heap:
            _, _, endpoint, stamp = heap[0]
            ended = now is not None and endpoint.timer is not None and endpoint.timer <= now
            if stamp == endpoint.stamp and not ended:
                return True
            heapq.heappop(heap)
        return False

    def _clean_hurried(self) -> bool:
        while self._hurried and self._hurried[0][1] != self._hurried[0][0].stamp:
            self._hurried.popleft()
        return bool(self._hurried)

    def _look_at_clock(self, now: float) -> None:
        """A clock that was set back takes every moment with it; ages and what is left of timers stay what they were."""
        back = self._latest - now
        self._latest = now
        if back <= _CLOCK_STEP or back == float("inf"):
            return
        self._pace.shift(-back)
        for endpoint in self._endpoints.values():
            if endpoint.answered_at:
                # The record in the store keeps its time, and counts as due while that is in the future.
                endpoint.vouched = endpoint.vouched and endpoint.answered_at <= now
                endpoint.answered_at -= back
            if endpoint.timer is not None:
                endpoint.timer -= back
            endpoint.retry_at = max(0.0, endpoint.retry_at - back)
        self._rebook()

    def _rebook(self) -> None:
        self._by_age.clear()
        self._by_timer.clear()
        self._pausing.clear()
        self._ready.clear()
        hurried = [endpoint for endpoint, stamp in self._hurried if stamp == endpoint.stamp]
        self._hurried.clear()
        waiting = set(map(id, hurried))
        for endpoint in hurried + [each for each in self._endpoints.values() if id(each) not in waiting]:
            if not endpoint.out:
                self._book(endpoint)
