"""Whose turn it is: fairness, any order of calls, sessions that come and go, failures, clocks."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freeradius_mdm.compliance import EndpointKey
from freeradius_mdm.service.recheck.model import RecheckSettings
from tests.store.samples import key

from .office import MORNING, schedule


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**16),
    load=st.floats(1.2, 20.0),
    with_timer=st.floats(0.0, 1.0),
    hurried=st.floats(0.0, 0.5),
)
def test_nobody_starves_whatever_is_pressing(seed: int, load: float, with_timer: float, hurried: float) -> None:
    """`load` times more than the rate allows, part of it with timers that can never be met, part of it hurried on."""
    rng = random.Random(seed)  # noqa: S311
    count = 60
    sut = schedule(RecheckSettings(10.0 * count / load / count, 1.0, 30.0, 20.0), seed)
    now, answered = MORNING, {}
    for number in range(count):
        sut.track(key(number), None, MORNING)
        answered[key(number)] = MORNING
    timed = [key(number) for number in range(count) if rng.random() < with_timer]
    ages: list[float] = []
    while now < MORNING + 2000:
        now += 1.0
        for device in timed:
            if rng.random() < 0.1:
                sut.track(device, now + rng.uniform(0, 40))
        for number in range(count):
            if rng.random() < hurried / count:
                sut.hurry(key(number))
        for device in sut.take(now):
            ages.append(now - answered[device])
            answered[device] = now
            sut.answered(device, now)
    longest = max(*ages, *(now - at for at in answered.values()))
    # One turn in four belongs to the oldest: 60 of them come round in four times 60 seconds at the latest.
    assert longest <= 4 * count + 5


CALLS = st.lists(
    st.tuples(
        st.sampled_from(
            ["track", "timer", "forget", "answered", "failed", "put_back", "hurry", "take", "back", "later"]
        ),
        st.integers(0, 5),
        st.floats(0.0, 50.0),
    ),
    max_size=120,
)


@settings(max_examples=300, deadline=None)
@given(calls=CALLS, seed=st.integers(0, 99))
def test_any_order_of_calls(calls: list[tuple[str, int, float]], seed: int) -> None:
    sut = schedule(RecheckSettings(20.0, 3.0, 80.0, 20.0), seed)
    tracked: set[EndpointKey] = set()
    out: set[EndpointKey] = set()
    now = MORNING
    sut.next_at(now)
    for call, number, value in calls:
        device = key(number)
        match call:
            case "track":
                sut.track(device, None, now - value)
                tracked.add(device)
            case "timer":
                sut.track(device, now + value, now)
                tracked.add(device)
            case "forget":
                sut.forget(device)
                tracked.discard(device)
                out.discard(device)
            case "answered":
                sut.answered(device, now)
                out.discard(device)
            case "failed":
                sut.failed(device, now)
                out.discard(device)
            case "put_back":
                sut.put_back(device)
                out.discard(device)
            case "hurry":
                assert sut.hurry(device) is (device in tracked)
            case "back":
                now -= 100 * value
            case "later":
                now += value
            case "take":
                taken = sut.take(now)
                assert len(set(taken)) == len(taken)
                assert set(taken) <= tracked - out
                out |= set(taken)
        assert set(sut.keys()) == tracked
    # In the end everybody's turn comes: within an interval or the longest pause after a failure, and what six of
    # them cost at that rate.
    for device in out:
        sut.put_back(device)
    seen: set[EndpointKey] = set()
    end = now + 1900
    while now < end and seen != tracked:
        now = max(now + 0.01, sut.next_at(now))
        seen |= set(sut.take(now))
    assert seen == tracked


def test_who_is_taken_gets_no_other_turn_until_heard_of() -> None:
    sut = schedule()
    sut.track(key(), None)
    assert sut.take(MORNING) == [key()]
    assert sut.take(MORNING + 10_000) == []
    assert sut.next_at(MORNING + 10_000) == float("inf")
    sut.put_back(key())
    assert sut.take(MORNING + 10_001) == [key()]


def test_a_failure_pauses_one_endpoint_and_not_the_others() -> None:
    sut = schedule()
    for number in (1, 2):
        sut.track(key(number), None)
    now, taken = MORNING, Counter[EndpointKey]()
    while now < MORNING + 3600:
        for device in sut.take(now):
            taken[device] += 1
            if device == key(1):
                sut.failed(device, now)
            else:
                sut.answered(device, now)
        now += 1
    # 30 s, 1, 2, 4, 8, 16, 30 min: at 0, 30, 90, 210, 450, 930, 1890 s, a fifth earlier at most.
    assert taken[key(1)] in (7, 8)
    assert taken[key(2)] in (4, 5, 6)


def test_somebody_elses_endpoint_comes_up_again_later() -> None:
    sut = schedule()
    sut.track(key(), None)
    sut.take(MORNING)
    sut.postpone(key(), MORNING + 60)
    assert sut.next_at(MORNING) == MORNING + 60


def test_an_answer_that_somebody_else_got_counts() -> None:
    sut = schedule()
    sut.track(key(), MORNING + 14_400, MORNING)
    sut.answered(key(), MORNING + 2000)
    assert MORNING + 2000 + 720 <= sut.next_at(MORNING + 2000) <= MORNING + 2000 + 900


def test_without_an_interval_only_timers_and_hurried_ones_have_a_turn() -> None:
    off = RecheckSettings(0.0, 5.0, 12_960.0, 1440.0)
    sut = schedule(off)
    sut.track(key(1), None)
    sut.track(key(2), MORNING + 14_400, MORNING)
    # In the first half of the margin.
    assert MORNING + 12_960 - 1 < sut.next_at(MORNING) <= MORNING + 12_960 + 720
    assert sut.take(MORNING + 14_000) == [key(2)]
    sut.answered(key(2), MORNING + 14_000)
    assert sut.next_at(MORNING + 14_000) == float("inf")
    assert sut.hurry(key(1))
    assert sut.take(MORNING + 14_001) == [key(1)]


def test_a_timer_that_has_ended_is_nothing_to_be_ahead_of() -> None:
    sut = schedule(RecheckSettings(0.0, 5.0, 12_960.0, 1440.0))
    sut.track(key(), MORNING + 14_400, MORNING)
    assert sut.take(MORNING + 14_401) == []
    assert sut.next_at(MORNING + 14_401) == float("inf")


def test_the_nearest_timer_first_and_a_share_for_hurried_and_old() -> None:
    sut = schedule(RecheckSettings(900.0, 1.0, 12_960.0, 1440.0))
    for number in range(8):
        sut.track(key(number), MORNING + 800 - number, MORNING - 13_500)
    for number in range(100, 108):
        sut.track(key(number), None, MORNING - 500_000 + 1000 * number)
        sut.track(key(number + 100), None, MORNING)
        sut.hurry(key(number + 100))
    taken = [device for second in range(12) for device in sut.take(MORNING + second)]
    numbers = [int(device.value[-4:], 16) for device in taken]
    assert numbers[::2][:4] == [7, 6, 5, 4]
    assert [number for number in numbers if number >= 200] == [200, 201, 202]
    assert [number for number in numbers if 100 <= number < 200] == [100, 101, 102]


@pytest.mark.parametrize("back", [2.0, 1000.0, 50_000.0])
def test_a_clock_that_is_set_back_takes_every_moment_along(back: float) -> None:
    sut = schedule()
    sut.track(key(1), MORNING + 14_400, MORNING)
    before = sut.next_at(MORNING + 100) - (MORNING + 100)
    now = MORNING + 100 - back
    assert sut.next_at(now) - now == pytest.approx(before)
    # Its record is from the future now, so that an authentication would wait: it is renewed before the timer.
    ahead = schedule(RecheckSettings(0.0, 5.0, 12_960.0, 1440.0))
    ahead.track(key(1), MORNING + 14_400, MORNING)
    ahead.answered(key(1), MORNING + 9000)  # late enough for that timer
    assert ahead.next_at(MORNING + 9000) == float("inf")
    assert ahead.next_at(MORNING + 9000 - back) < MORNING + 14_400 - back


def test_other_settings_while_it_runs() -> None:
    sut = schedule(RecheckSettings(0.0, 5.0, 12_960.0, 1440.0))
    for number in range(3):
        sut.track(key(number), None, MORNING - 10_000)
    sut.hurry(key(2))
    assert sut.take(MORNING, 1) == [key(2)]
    sut.adjust(RecheckSettings(900.0, 0.1, 12_960.0, 1440.0))
    # At the new rate from the last question on, and without the one that is under way.
    assert sut.take(MORNING + 9) == []
    assert len(sut.take(MORNING + 10)) == 1
    assert len(sut.take(MORNING + 20)) == 1
    assert sut.take(MORNING + 100) == []


def test_what_health_tells() -> None:
    sut = schedule()
    sut.track(key(1), None)
    sut.track(key(2), None, MORNING - 100)
    sut.track(key(3), None, MORNING - 1000)
    state = sut.state(MORNING)
    assert (state.tracked, state.backlog, state.never_answered, state.oldest_age) == (3, 2, 1, 1000.0)
