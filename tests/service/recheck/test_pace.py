"""Never more than the rate, and not less either when the caller is a little late."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from freeradius_mdm.service.recheck.pace import Pace

TINY = 1e-6


def grants(pace: Pace, moments: list[float]) -> list[float]:
    """When questions went out, if somebody looks at these moments and takes all he gets."""
    out = []
    for now in moments:
        while pace.next_at() <= now:
            pace.grant(now)
            out.append(now)
    return out


@given(
    rate=st.floats(0.1, 100.0),
    steps=st.lists(st.floats(0.0, 3.0), min_size=1, max_size=150),
)
@example(rate=1.0, steps=[0.0, 1.25, 0.75])  # what is caught up for must not make a window too full
@example(rate=2.5, steps=[0.05, 0.65, 0.15, 0.65, 0.15])  # nor a second, with two windows of 0.8 s
def test_never_more_than_the_rate_in_any_window(rate: float, steps: list[float]) -> None:
    now, moments = 1000.0, []
    for step in steps:
        now += step
        moments.append(now)
    out = grants(Pace(rate), moments)
    # `k` questions need the time of `k` at that rate: the next one after them comes no earlier.
    most = max(1, int(rate))
    for first, beyond in zip(out, out[most:], strict=False):
        assert beyond - first >= most / rate - TINY
    if rate >= 1:
        for first, beyond in zip(out, out[math.ceil(rate) :], strict=False):
            assert beyond - first >= 1 - TINY


@pytest.mark.parametrize(("rate", "in_a_minute"), [(5.0, 300), (0.1, 6), (2.5, 150), (100.0, 6000)])
def test_the_rate_is_used_up_by_a_caller_that_is_late_by_milliseconds(rate: float, in_a_minute: int) -> None:
    pace, now, count = Pace(rate), 0.0, 0
    while now < 60:
        if pace.next_at() <= now:
            pace.grant(now)
            count += 1
        now = max(pace.next_at(), now) + 0.002
    assert in_a_minute * 0.97 <= count <= in_a_minute + max(1, rate)


def test_evenly_spaced_from_the_first_one_on() -> None:
    out = grants(Pace(4.0), [step / 100 for step in range(200)])
    assert all(later - earlier == pytest.approx(0.25, abs=0.011) for earlier, later in pairwise(out))


def test_a_past_goes_along_to_another_rate_and_another_clock() -> None:
    pace = Pace(1.0)
    pace.grant(100.0)
    assert pace.at_rate(0.1).next_at() == 110.0
    pace.shift(-50.0)
    assert pace.next_at() == 51.0
