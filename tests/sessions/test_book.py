"""The book's indexes, and that a failure undoes everything."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freeradius_mdm.accounting import AccountingEvent
from freeradius_mdm.decision import Decision
from freeradius_mdm.sessions import ledger
from freeradius_mdm.sessions.book import Book, Change
from freeradius_mdm.sessions.opening import opened
from tests.sessions.told import (
    AP,
    LAPTOP,
    LAPTOP_MAC,
    ON,
    OTHER_SWITCH,
    PHONE,
    START,
    STOP,
    SWITCH,
    accept,
    only,
    played,
    told,
)

A1 = {"audit_session_id": "0A0A0A0A0000001400C1A2B3"}


def asked(book: Book) -> list[object]:
    """Everything that it can be asked about."""
    return [
        sorted(book, key=lambda each: each.id),
        [book.by_decision(f"{number:024x}") for number in range(8)],
        [sorted(s.id for s in book.by_nas(nas)) for nas in ("192.0.2.10", "192.0.2.11", "192.0.2.30")],
        [sorted(s.id for s in book.by_audit("192.0.2.10", each)) for each in ("", "A", "B", A1["audit_session_id"])],
        [sorted(s.id for s in book.by_acct("192.0.2.10", each)) for each in ("", "1", "2")],
        sorted(s.id for s in book.by_station("192.0.2.10", LAPTOP_MAC, "")),
        sorted(s.id for s in book.by_station("192.0.2.10", "", LAPTOP["calling_station"].lower())),
    ]


_ACCEPTS = st.builds(
    accept,
    st.integers(1, 7),
    st.integers(0, 99),
    st.sampled_from([SWITCH, OTHER_SWITCH, AP]),
    st.sampled_from([LAPTOP, PHONE]),
    st.sampled_from([{}, {"audit_session_id": "A"}, {"audit_session_id": "B"}]),
)
_EVENTS = st.one_of(
    _ACCEPTS,
    st.builds(
        told,
        st.sampled_from([START, STOP, ON]),
        st.integers(0, 99),
        st.sampled_from([SWITCH, OTHER_SWITCH, AP]),
        st.sampled_from([{}, LAPTOP, PHONE]),
        st.sampled_from([{}, {"acct_session_id": "1"}, {"acct_session_id": "2"}]),
        of=st.sampled_from([None, 1, 2, 3]),
    ),
)


def apply(book: Book, event: Decision | AccountingEvent) -> None:
    if isinstance(event, Decision):
        ledger.decided(book, event, "radius1")
    else:
        ledger.accounted(book, event)


def fail_after(book: Book, events: list) -> None:
    with book.changes():
        for event in events:
            apply(book, event)
        raise ZeroDivisionError


@settings(max_examples=300)
@given(st.lists(_EVENTS, max_size=12), st.lists(_EVENTS, max_size=6))
def test_a_failure_undoes_everything(before: list, then: list) -> None:
    book = played(*before)
    was = asked(book)
    with pytest.raises(ZeroDivisionError):
        fail_after(book, then)
    assert asked(book) == was
    # And it goes on as one that has seen no failure.
    for event in then:
        apply(book, event)
    assert asked(book) == asked(played(*before, *then))


@settings(max_examples=300)
@given(st.lists(_EVENTS, max_size=12))
def test_what_is_loaded_again_is_the_same(events: list) -> None:
    book = played(*events)
    assert asked(Book(book)) == asked(book)


@settings(max_examples=300)
@given(st.lists(_ACCEPTS, max_size=12))
def test_one_station_has_one_live_session_at_one_port(events: list) -> None:
    """Until a network device's accounting says otherwise."""
    live = [(s.nas, s.nas_port, s.mac) for s in played(*events) if s.live and s.nas_port]
    assert len(live) == len(set(live))


def test_changes_tell_before_and_after_once() -> None:
    book = Book()
    with book.changes() as first:
        apply(book, accept(1, 0, SWITCH, LAPTOP, A1))
        apply(book, told(START, 1, SWITCH, A1, of=1))
    (change,) = first
    assert (change.before, change.after) == (None, only(book))
    with book.changes() as none:
        apply(book, told(START, 1, SWITCH, A1, of=1))
        book.put(replace(only(book)))
    assert none == []
    was = only(book)
    with book.changes() as gone:
        book.forget(was.id)
    assert gone == [Change(was, None)]
    assert asked(book) == asked(Book())


def test_a_decision_that_is_no_longer_in_force_names_nothing() -> None:
    book = played(accept(1, 0, SWITCH, LAPTOP, A1), accept(2, 5, SWITCH, LAPTOP, A1), accept(3, 9, SWITCH, LAPTOP, A1))
    assert book.by_decision(f"{1:024x}") == book.by_decision(f"{3:024x}") == only(book)
    assert book.by_decision(f"{2:024x}") is None


def test_a_decision_opens_a_session_with_all_it_says() -> None:
    made = accept(
        1, 0, SWITCH, LAPTOP, A1, total_ms=250.0, session_timeout=14400, user="inner", rule="Compliant", profile="Staff"
    )
    made = replace(made, request=(("User-Name", "inner"), ("User-Name", "anonymous@example"), ("NAS-Port", "50101")))
    session = opened(made, "radius1")
    assert (session.user, session.nas_port, session.nas_port_id) == ("anonymous@example", "50101", "Gi1/0/1")
    assert (session.authorized_at, session.timer_ends_at) == (made.at + 0.25, made.at + 14400.25)
    named = replace(made, attributes=(("User-Name", "anonymous"), ("Session-Timeout", "14400")))
    assert opened(named, "radius1").user == "anonymous"
    # A line that an earlier version has written.
    old = opened(replace(made, request=(), attributes=(), nas_port="50101"), "radius1")
    assert (old.user, old.nas_port) == ("inner", "50101")
    assert opened(replace(made, request=(), nas_port="Gi1/0/1"), "radius1").nas_port == ""
