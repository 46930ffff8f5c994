"""Times and durations as people say them; expected by hand from the calendar. 1,800,000,000 is 2027-01-15 08:00 UTC."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from freeradius_mdm.cli.show import times

NOW = 1_800_000_000.0


@pytest.fixture(autouse=True)
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, ""),
        (0, "0 s"),
        (0.25, "250 ms"),
        (45, "45 s"),
        (60, "1 min"),
        (90, "1 min 30 s"),
        (3 * 3600 + 5 * 60 + 7, "3 h 5 min"),
        (2 * 86400 + 30, "2 d"),
        (2 * 86400 + 4 * 3600, "2 d 4 h"),
        (-90, "-1 min 30 s"),
    ],
)
def test_duration(seconds: float | None, said: str) -> None:
    assert times.duration(seconds) == said


@pytest.mark.parametrize(
    ("before", "said"), [(0.4, "now"), (180, "3 min ago"), (-7200, "in 2 h"), (NOW, ""), (90000, "1 d 1 h ago")]
)
def test_ago(before: float, said: str) -> None:
    assert times.ago(NOW - before, NOW) == said


def test_clock_and_moment_are_in_the_readers_zone() -> None:
    assert times.clock(NOW, NOW) == "09:00:00"
    assert times.clock(NOW - 86400, NOW) == "2027-01-14 09:00"
    assert times.moment(NOW) == "2027-01-15 09:00:00 CET"
    assert (times.clock(None, NOW), times.moment(0)) == ("", "")


def test_moments_in_a_sentence() -> None:
    assert times.in_zone("valid until 2027-07-15 08:00:00Z.") == "valid until 2027-07-15 10:00:00 CEST."
    assert times.in_zone("2027-01-15, SHA-256 00Z") == "2027-01-15, SHA-256 00Z"
