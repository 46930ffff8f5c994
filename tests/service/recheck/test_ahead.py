"""DESIGN.md "Time": a reauthentication by timer finds a record that is not due, so no authentication waits for Intune.

Sessions with timers over a working day, on the injected clock, with the real schedule, lookups and store. The timer
sent is what the hooks send (record_state.state_of).
"""

from __future__ import annotations

import asyncio
import heapq
from pathlib import Path

import pytest

from freeradius_mdm.record_state import RecordSource, needs_answer, state_of
from tests.service.fakes import AT, server
from tests.store.samples import key

from .test_runner import run, running

HOUR = 3600.0


@pytest.mark.parametrize("recheck", [900.0, 0.0])
def test_no_reauthentication_waits(tmp_path: Path, recheck: float) -> None:
    intune = server(recheck_interval=recheck, recheck_rate=5.0)

    async def test() -> None:
        async with running(tmp_path, intune) as r:
            clock, lookups, store = r.bench.clock, r.bench.lookups, r.bench.reader
            signing_in = [(AT + 2.0 * number, number, True) for number in range(60)]
            timers, waited, came_back, shortest = list(signing_in), 0, 0, 1e9
            heapq.heapify(timers)
            while clock.now < AT + 10 * HOUR:
                clock.now += 10
                await r.settled()
                while timers and timers[0][0] <= clock.now:
                    _, number, first = heapq.heappop(timers)
                    came_back += not first
                    if needs_answer(store.record(key(number)), intune, clock.now):
                        waited += not first
                        await lookups.ask(key(number), 30)
                        await asyncio.sleep(0)
                    state = state_of(store.record(key(number)), intune, clock.now + 1, clock.now)
                    assert (state.reachable, state.source) == (True, RecordSource.CACHED)
                    shortest = min(shortest, state.timer)
                    ends = clock.now + state.timer
                    r.recheck.track(key(number), ends)
                    heapq.heappush(timers, (ends, number, False))
            assert waited == 0
            assert came_back >= 120
            # A cached answer's timer is what is left of the interval, which renewing ahead keeps long.
            assert shortest > 4 * HOUR - max(recheck, 1440.0) - 60

    run(test())
