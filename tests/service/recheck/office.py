"""Devices that come back by their timers, for the tests of the schedule: no store, no event loop."""

from __future__ import annotations

import heapq
import random
from dataclasses import dataclass, field

from freeradius_mdm.compliance import EndpointKey
from freeradius_mdm.service.recheck.model import RecheckSettings
from freeradius_mdm.service.recheck.schedule import RecheckSchedule
from tests.store.samples import key

HOUR = 3600.0
MORNING = 1_700_000_000.0
# DESIGN.md "Time": 4 h, of which the last tenth is the refresh margin.
USUAL = RecheckSettings(interval=900.0, rate=5.0, lifetime=12_960.0, margin=1440.0)


def schedule(settings: RecheckSettings = USUAL, seed: int = 1) -> RecheckSchedule:
    return RecheckSchedule(settings, random.Random(seed).random)  # noqa: S311


@dataclass
class Office:
    """Devices with sessions whose timers come back, and an MDM server that answers at once.

    A session's timer ends when its record's answer is an interval old (DESIGN.md "Time").
    """

    schedule: RecheckSchedule
    interval: float
    margin: float
    answered: dict[EndpointKey, float] = field(default_factory=dict)
    asked: list[tuple[float, EndpointKey]] = field(default_factory=list)
    ages: list[float] = field(default_factory=list)
    late: int = 0  # reauthentications that found a record that was due, and had to wait
    reauthenticated: int = 0

    def run(self, sign_ins: list[tuple[float, int]], until: float) -> None:
        timers = list(sign_ins)
        heapq.heapify(timers)
        now = timers[0][0]
        while True:
            now = max(now, min(timers[0][0] if timers else until, self.schedule.next_at(now)))
            if now >= until:
                return
            while timers and timers[0][0] <= now:
                number = heapq.heappop(timers)[1]
                heapq.heappush(timers, (self._sign_in(key(number), now), number))
            for device in self.schedule.take(now):
                self.asked.append((now, device))
                self.ages.append(now - self.answered[device])
                self._answer(device, now)

    def _sign_in(self, device: EndpointKey, now: float) -> float:
        if device in self.answered:
            self.reauthenticated += 1
        if now >= self.answered.get(device, 0.0) + self.interval - self.margin:
            self.late += device in self.answered
            self._answer(device, now)
        ends = self.answered[device] + self.interval
        self.schedule.track(device, ends, self.answered[device])
        return ends

    def _answer(self, device: EndpointKey, now: float) -> None:
        self.answered[device] = now
        self.schedule.answered(device, now)


def everybody_at_nine(count: int, within: float = 600.0, seed: int = 2) -> list[tuple[float, int]]:
    rng = random.Random(seed)  # noqa: S311
    return [(MORNING + within * rng.random(), number) for number in range(count)]
