"""The rate changes with this node's share of it: what is booked comes neither later nor earlier for it.

DESIGN.md "Time": after a failure 30 s, then twice that; a retry comes up to a fifth early.
"""

from __future__ import annotations

import pytest

from freeradius_mdm.service.recheck.model import RecheckSettings
from freeradius_mdm.service.recheck.schedule import RecheckSchedule
from tests.store.samples import key

from .office import MORNING

WHOLE, SMALL = 5.0, 0.25


def _one_failed(rate: float) -> RecheckSchedule:
    """100 endpoints with timers; the one whose timer ends after 600 s was asked about at that rate, in vain."""
    made = RecheckSchedule(RecheckSettings(0.0, WHOLE, 12_960.0, 1440.0), lambda: 0.5)
    made.at_rate(rate)
    made.track(key(0), MORNING + 600, MORNING - 13_000)
    for number in range(1, 100):
        made.track(key(number), MORNING + 12_000 + number, MORNING)
    assert made.take(MORNING) == [key(0)]
    made.failed(key(0), MORNING)  # again 27 s later: half of what is random
    return made


def _asked_again(sut: RecheckSchedule) -> float:
    """Seconds. As the runner does it: it looks when there is something to do, and once a second."""
    now = MORNING
    for _ in range(3000):
        if sut.take(now):
            return now - MORNING
        now += min(1.0, max(0.001, sut.next_at(now) - now))
    raise AssertionError("never")


@pytest.mark.parametrize("before", [WHOLE, SMALL])
@pytest.mark.parametrize("after", [WHOLE, SMALL])
def test_a_retry_comes_when_it_was_booked(before: float, after: float) -> None:
    sut = _one_failed(before)
    sut.at_rate(after)
    assert 27 <= _asked_again(sut) <= 28


def test_and_when_the_rate_goes_up_and_down() -> None:
    sut = _one_failed(WHOLE)
    for second in range(27):
        sut.at_rate((WHOLE, SMALL, 1.0)[second % 3])
        assert sut.take(MORNING + second) == []
        assert sut.next_at(MORNING + second) >= MORNING + 27
    sut.at_rate(WHOLE)
    assert sut.take(MORNING + 28) == [key(0)]


def test_the_backlog_is_without_those_that_pause() -> None:
    sut = _one_failed(WHOLE)
    sut.at_rate(SMALL)
    assert sut.state(MORNING + 1).backlog == 0
    assert sut.next_at(MORNING + 1) == MORNING + 27
    assert sut.state(MORNING + 2).backlog == 0
    assert sut.state(MORNING + 28).backlog == 1


def test_somebody_elses_endpoint_with_a_timer_comes_up_again_when_it_was_said() -> None:
    sut = RecheckSchedule(RecheckSettings(0.0, SMALL, 12_960.0, 1440.0), lambda: 0.5)
    sut.track(key(0), MORNING + 600, MORNING - 13_000)
    assert sut.take(MORNING) == [key(0)]
    sut.postpone(key(0), MORNING + 60)
    sut.at_rate(WHOLE)
    assert sut.next_at(MORNING + 1) == MORNING + 60
    assert sut.take(MORNING + 59.9) == []
    assert sut.take(MORNING + 60) == [key(0)]


def test_a_refresh_ahead_begins_earlier_for_a_crowd_at_the_rate_that_is_in_force() -> None:
    """1000 timers ending together take 1000/0.75 s at 1 a second, 267 s at 5, ahead of half the margin, 720 s."""
    sut = RecheckSchedule(RecheckSettings(0.0, WHOLE, 12_960.0, 1440.0), lambda: 1.0)
    ends = MORNING + 12_960
    for number in range(1000):
        sut.track(key(number), ends, MORNING)
    assert sut.next_at(MORNING) == pytest.approx(ends - 720 - 1000 / (0.75 * 5))
    sut.at_rate(1.0)
    assert sut.next_at(MORNING) == pytest.approx(ends - 720 - 1000 / 0.75)
    sut.at_rate(WHOLE)
    assert sut.next_at(MORNING) == pytest.approx(ends - 720 - 1000 / (0.75 * 5))
