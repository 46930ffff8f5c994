"""The breaker's states, and that each change is told once."""

from __future__ import annotations

import pytest

from freeradius_mdm.service.breaker import Breaker, BreakerState

from .fakes import down

CLOSED, OPEN, HALF_OPEN = BreakerState.CLOSED, BreakerState.OPEN, BreakerState.HALF_OPEN


@pytest.fixture
def changes() -> list[BreakerState]:
    return []


@pytest.fixture
def breaker(changes: list[BreakerState]) -> Breaker:
    return Breaker(lambda state, _: changes.append(state), threshold=3, first_pause=5, longest_pause=15)


def fail(breaker: Breaker, times: int, now: float) -> None:
    for _ in range(times):
        breaker.failed(down(), now)


def test_opens_after_failures_in_a_row_only(breaker: Breaker, changes: list[BreakerState]) -> None:
    fail(breaker, 2, 0)
    breaker.succeeded()
    fail(breaker, 2, 0)
    assert breaker.permits(0)
    fail(breaker, 1, 0)
    assert not breaker.permits(0)
    assert breaker.refuses(4.9)
    assert breaker.remaining(1) == 4
    assert breaker.reason == "M1211 connection refused"
    assert changes == [OPEN]


def test_late_failures_change_nothing(breaker: Breaker, changes: list[BreakerState]) -> None:
    fail(breaker, 3, 0)
    fail(breaker, 50, 3)
    assert not breaker.refuses(5)
    assert changes == [OPEN]


def test_one_probe_and_closed_again(breaker: Breaker, changes: list[BreakerState]) -> None:
    fail(breaker, 3, 0)
    assert [breaker.permits(5), breaker.permits(5), breaker.permits(500)] == [True, False, False]
    breaker.succeeded()
    assert breaker.permits(6)
    assert changes == [OPEN, HALF_OPEN, CLOSED]


def test_pause_doubles_up_to_a_limit_and_starts_again(breaker: Breaker) -> None:
    fail(breaker, 3, 0)
    now = 0.0
    for pause in (5, 10, 15, 15):
        assert breaker.remaining(now) == pause
        now += pause
        assert breaker.permits(now)
        fail(breaker, 1, now)
    now += 15
    assert breaker.permits(now)
    breaker.succeeded()
    fail(breaker, 3, now)
    assert breaker.remaining(now) == 5


@pytest.mark.parametrize(("asked_for", "pause"), [(30.0, 30.0), (1e9, 3600.0)])
def test_retry_after_opens_at_once(
    breaker: Breaker, changes: list[BreakerState], asked_for: float, pause: float
) -> None:
    breaker.failed(down(asked_for), 100)
    assert breaker.remaining(100) == pause
    assert changes == [OPEN]


def test_retry_after_prolongs_an_open_one(breaker: Breaker, changes: list[BreakerState]) -> None:
    fail(breaker, 3, 0)
    breaker.failed(down(60.0), 1)
    breaker.failed(down(2.0), 1)
    assert breaker.remaining(1) == 60
    assert changes == [OPEN]


def test_a_late_success_closes(breaker: Breaker, changes: list[BreakerState]) -> None:
    """It was under way when the others failed, and shows that the server is there."""
    fail(breaker, 3, 0)
    breaker.succeeded()
    assert breaker.permits(0)
    assert changes == [OPEN, CLOSED]
