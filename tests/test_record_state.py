"""DESIGN.md, "Time" and "When Intune does not answer", sentence by sentence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freeradius_mdm.compliance import (
    UNREGISTERED_ANSWER,
    Compliance,
    ComplianceAnswer,
    ComplianceRecord,
    Managed,
    Registration,
)
from freeradius_mdm.record_state import RecordSource, RecordState, needs_answer, state_of
from tests.builders import KEY, NOW, record, server

# Interval 14400 s, margin 1440 s: current for 12960 s, due after that.
SERVER = server()
UNKNOWN = RecordState(Registration.UNKNOWN, Compliance.UNKNOWN, Managed.UNKNOWN, False, None, None, 600)


@pytest.mark.parametrize(
    ("age", "asked"),
    [
        # A record is due at answered_at + interval; within the margin before that it counts as due already.
        (0, False),
        (12959.9, False),
        (12960, True),
        (14399, True),
        (14400, True),
        (10**6, True),
        # An answer from the future, after the clock was set back; NTP's small steps do not count.
        (-0.9, False),
        (-1.1, True),
        (-(10**6), True),
    ],
)
def test_when_the_server_is_asked(age: float, asked: bool) -> None:
    assert needs_answer(record(NOW - age), SERVER, NOW) is asked


def test_what_was_never_answered_is_asked_and_a_disabled_server_never_is() -> None:
    assert needs_answer(None, SERVER, NOW)
    assert needs_answer(ComplianceRecord(KEY, None, 0.0, NOW - 1, "M1202 no answer in time"), SERVER, NOW)
    disabled = server(enabled=False)
    for found in (None, record(NOW), record(NOW - 20000), ComplianceRecord(KEY, None, 0.0)):
        assert not needs_answer(found, disabled, NOW)


def test_a_live_answer_gives_exactly_the_interval() -> None:
    # It came 1.3 s after the authentication began, which is 0.4 s ago.
    found = state_of(record(NOW - 0.4), SERVER, NOW - 1.7, NOW)
    assert (found.source, found.reachable, found.age, found.timer) == (RecordSource.LIVE, True, 0, 14400)


@pytest.mark.parametrize(
    ("age", "timer"),
    [
        # The time left, rounded down.
        (3600, 10800),
        (3600.5, 10799),
        (12959, 1441),
        (12959.9, 1440),
        (0.1, 14399),
    ],
)
def test_a_cached_answer_gives_the_time_left(age: float, timer: int) -> None:
    found = state_of(record(NOW - age), SERVER, NOW, NOW)
    assert (found.source, found.reachable, found.timer) == (RecordSource.CACHED, True, timer)
    assert found.age == int(age)


@given(
    interval=st.integers(10, 86400),
    part=st.floats(0.01, 0.99),
    age=st.floats(0, 100_000),
    fraction=st.floats(0, 0.999),
)
def test_no_session_runs_on_an_answer_older_than_the_interval(
    interval: int, part: float, age: float, fraction: float
) -> None:
    """As long as Intune answers: the session's end is at most one interval after the answer."""
    at = server(reauth_interval=float(interval), refresh_margin=max(1.0, interval * part))
    now = NOW + fraction
    found = state_of(record(now - age), at, now, now)
    if found.source is RecordSource.CACHED:
        assert (now - (now - age)) + found.timer <= interval + 1e-6
    assert found.timer >= 1


@pytest.mark.parametrize(
    ("age", "source"),
    [
        # No answer in time: last known up to last_known_for, also inside the margin; older is unknown.
        (12960, RecordSource.LAST_KNOWN),
        (14400, RecordSource.LAST_KNOWN),
        (86400, RecordSource.LAST_KNOWN),
        (86401, None),
    ],
)
def test_last_known(age: float, source: RecordSource | None) -> None:
    found = state_of(record(NOW - age), SERVER, NOW, NOW)
    assert found.source is source
    assert not found.reachable
    assert found.timer == 600
    if source:
        assert (found.registration, found.compliance, found.managed, found.age) == (
            Registration.REGISTERED,
            Compliance.COMPLIANT,
            Managed.TRUE,
            int(age),
        )
    else:
        assert found == UNKNOWN


def test_last_known_for_zero_turns_it_off() -> None:
    assert state_of(record(NOW - 14400), server(last_known_for=0.0), NOW, NOW) == UNKNOWN


@pytest.mark.parametrize("ahead", [2.0, 3600.0, 10**8])
def test_an_answer_from_the_future_is_not_last_known_for_ever(ahead: float) -> None:
    assert state_of(record(NOW + ahead), SERVER, NOW, NOW) == UNKNOWN


@pytest.mark.parametrize("found", [None, ComplianceRecord(KEY, None, 0.0, NOW, "M1202 no answer in time")])
def test_nothing_known(found: ComplianceRecord | None) -> None:
    assert state_of(found, SERVER, NOW, NOW) == UNKNOWN


def test_a_disabled_server_keeps_its_records_as_last_known() -> None:
    at = server(enabled=False)
    fresh = state_of(record(NOW - 60), at, NOW, NOW)
    assert (fresh.source, fresh.reachable, fresh.age, fresh.timer) == (RecordSource.LAST_KNOWN, False, 60, 600)
    assert state_of(record(NOW - 86401), at, NOW, NOW) == UNKNOWN


def test_an_answer_of_this_very_moment_is_live_and_one_from_before_is_not() -> None:
    assert state_of(record(NOW), SERVER, NOW, NOW + 1).source is RecordSource.LIVE
    assert state_of(record(NOW - 0.001), SERVER, NOW, NOW + 1).source is RecordSource.CACHED


@pytest.mark.parametrize(
    "answer",
    [
        # ise.md section 2.2: the rows of what can be answered.
        ComplianceAnswer(Registration.REGISTERED, Compliance.NONCOMPLIANT, Managed.TRUE),
        ComplianceAnswer(Registration.REGISTERED, Compliance.UNKNOWN, Managed.UNKNOWN),
        UNREGISTERED_ANSWER,
    ],
)
def test_values_are_those_of_the_answer(answer: ComplianceAnswer) -> None:
    found = state_of(ComplianceRecord(KEY, answer, NOW), SERVER, NOW, NOW)
    assert (found.registration, found.compliance, found.managed) == (
        answer.registration,
        answer.compliance,
        answer.managed,
    )
    assert found.reachable
