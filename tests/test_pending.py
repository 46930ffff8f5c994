"""Decisions under way: kept between two hook calls, and bounded."""

from __future__ import annotations

import pytest

from freeradius_mdm import pending
from freeradius_mdm.pending import Entry, PendingDecisions
from freeradius_mdm.trail import Trail
from tests.builders import NOW


def entry(name: str, started: float = NOW) -> Entry:
    return Entry(Trail(name, started, lambda: NOW))


def test_get_leaves_and_pop_takes() -> None:
    decisions, one = PendingDecisions(), entry("one")
    decisions.put(one, NOW)
    assert decisions.get("one") is one
    assert decisions.pop("one") is one
    assert decisions.pop("one") is None
    assert decisions.get("") is None


def test_what_vanished_between_two_calls_is_forgotten_after_two_minutes() -> None:
    decisions = PendingDecisions()
    decisions.put(entry("old"), NOW)
    decisions.put(entry("new", NOW + 119), NOW + 119)
    assert len(decisions) == 2
    decisions.put(entry("newest", NOW + 120), NOW + 120)
    assert decisions.get("old") is None
    assert len(decisions) == 2


def test_a_flood_is_bounded_and_loses_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pending, "_MOST", 3)
    decisions = PendingDecisions()
    for number in range(5):
        decisions.put(entry(str(number)), NOW)
    assert [decisions.get(str(number)) is not None for number in range(5)] == [False, False, True, True, True]


def test_putting_again_does_not_count_twice() -> None:
    decisions, one = PendingDecisions(), entry("one")
    decisions.put(one, NOW)
    decisions.put(one, NOW + 1)
    assert len(decisions) == 1
