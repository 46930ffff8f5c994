"""Time: sessions that are not heard of any more, timers, and what accounting adds to a session."""

from __future__ import annotations

import pytest

from freeradius_mdm.sessions import ledger
from freeradius_mdm.sessions.ledger import Tally
from tests.sessions.told import INTERIM, LAPTOP, ON, PHONE, START, STOP, SWITCH, T0, accept, only, played, shown, told

DAY = 86400.0
A1 = {"audit_session_id": "0A0A0A0A0000001400C1A2B3"}
S1 = {"acct_session_id": "0000001A"}

LOST = {
    # No timer: a day after the last accounting, or after the Accept.
    "no timer, no accounting": ([accept(1, 0, SWITCH, LAPTOP, A1)], DAY),
    "no timer, accounting": (
        [accept(1, 0, SWITCH, LAPTOP, A1), told(START, 1, SWITCH, A1, S1), told(INTERIM, 900, SWITCH, A1, S1)],
        DAY + 900,
    ),
    # A timer of 4 h: two timers after its end.
    "timer": ([accept(1, 0, SWITCH, LAPTOP, A1, session_timeout=14400)], 3 * 14400),
    "timer renewed": (
        [
            accept(1, 0, SWITCH, LAPTOP, A1, session_timeout=14400),
            accept(2, 14400, SWITCH, LAPTOP, A1, session_timeout=14400),
        ],
        4 * 14400,
    ),
    "timer, and accounting that goes on after it": (
        [
            accept(1, 0, SWITCH, LAPTOP, A1, session_timeout=600),
            told(START, 1, SWITCH, A1, S1),
            told(INTERIM, 3600, SWITCH, A1, S1),
        ],
        3600 + 2 * 600,
    ),
    "a long timer is waited for": ([accept(1, 0, SWITCH, LAPTOP, A1, session_timeout=5 * 86400)], 15 * DAY),
}


@pytest.mark.parametrize(("events", "after"), LOST.values(), ids=LOST.keys())
def test_lost(events: list, after: float) -> None:
    book = played(*events)
    ledger.aged(book, T0 + after - 1, DAY)
    assert only(book).live
    ledger.aged(book, T0 + after, DAY)
    session = only(book)
    assert (session.live, session.end_cause, session.ended_at) == (False, "lost", T0 + after)


def test_a_lost_session_that_is_heard_of_goes_on() -> None:
    book = played(accept(1, 0, SWITCH, LAPTOP, A1), told(START, 1, SWITCH, A1, S1, of=1))
    ledger.aged(book, T0 + 2 * DAY, DAY)
    assert shown(book) == [(1, 1, "0000001A", "lost")]
    ledger.accounted(book, told(INTERIM, 2 * DAY + 60, SWITCH, A1, S1, of=1))
    assert shown(book) == [(1, 1, "0000001A", "started")]
    assert only(book).ended_at is None


def test_what_has_ended_is_forgotten_after_a_while() -> None:
    book = played(accept(1, 0, SWITCH, LAPTOP, A1), told(STOP, 10, SWITCH, A1, S1, of=1))
    ledger.aged(book, T0 + 10 + ledger.REMEMBERED - 1, DAY)
    assert len(book) == 1
    ledger.aged(book, T0 + 10 + ledger.REMEMBERED, DAY)
    assert len(book) == 0


def test_tally() -> None:
    book = played(accept(1, 0, SWITCH, LAPTOP, A1))
    odd = told(ledger.AccountingStatus.OTHER, 1, problem="it has no Acct-Status-Type")
    events = [told(START, 1, SWITCH, A1, S1), told(START, 1, SWITCH, S1), odd, told(ON, 0, client="192.0.2.99")]
    total = Tally()
    for event in events:
        total = total.plus(ledger.accounted(book, event))
    assert total == Tally(applied=3, unmatched=0, odd=1)
    assert ledger.accounted(book, told(STOP, 2, client="192.0.2.99")) == Tally(unmatched=1)


def test_what_accounting_adds() -> None:
    book = played(
        accept(1, 0, SWITCH, LAPTOP, A1, user="host/laptop"),
        told(
            INTERIM, 120, SWITCH, A1, S1, of=1, session_time=100, framed_ip="10.20.0.7", framed_ipv6="2001:db8::/64",
            user="CONTOSO\\laptop$", nas_identifier="sw1", acct_multi_session_id="m1",
        ),
    )  # fmt: skip
    session = only(book)
    assert (session.started_at, session.last_seen) == (T0 + 20, T0 + 120)
    assert (session.framed_ip, session.framed_ipv6) == ("10.20.0.7", "2001:db8::/64")
    assert (session.user, session.nas_identifier, session.acct_multi_session_id) == ("CONTOSO\\laptop$", "sw1", "m1")
    # An interim that says less takes nothing away, and a late one no newer address.
    ledger.accounted(book, told(INTERIM, 180, SWITCH, A1, S1, of=1))
    ledger.accounted(book, told(INTERIM, 190, SWITCH, A1, S1, of=1, delay=100, framed_ip="10.20.0.6"))
    assert (only(book).framed_ip, only(book).last_seen) == ("10.20.0.7", T0 + 180)


def test_an_end_says_why_and_when() -> None:
    book = played(
        accept(1, 0, SWITCH, LAPTOP, A1),
        told(STOP, 70, SWITCH, A1, S1, of=1, delay=10, terminate_cause="Idle-Timeout"),
    )
    session = only(book)
    assert (session.ended_at, session.end_cause, session.terminate_cause) == (T0 + 60, "stop", "Idle-Timeout")


def test_a_device_that_names_neither_port_nor_session_has_one_of_a_station() -> None:
    """Each Accept for a dock that comes back would be a session of its own, all of them looked at for the next one."""
    silent = {name: value for name, value in SWITCH.items() if name not in ("nas_port", "nas_port_id")}
    book = played(*(accept(number, number, silent, LAPTOP) for number in range(1, 40)))
    assert shown(book) == [(1, 39, "", "authorized")]


def test_one_that_does_has_as_many_as_it_names() -> None:
    silent = {name: value for name, value in SWITCH.items() if name not in ("nas_port", "nas_port_id")}
    book = played(accept(1, 0, silent, LAPTOP, A1), accept(2, 5, silent, LAPTOP))
    assert shown(book) == [(1, 1, "", "authorized"), (2, 2, "", "authorized")]


@pytest.mark.parametrize("last", [[], [INTERIM], [INTERIM, STOP], [STOP]])
def test_a_session_that_only_accounting_names_is_one(last: list) -> None:
    """RFC 2865 section 5.44: an Access-Request may do without Acct-Session-Id; RFC 2866 section 5.5: it is unique."""
    silent = {name: value for name, value in SWITCH.items() if name not in ("nas_port", "nas_port_id")}
    book = played(
        accept(1, 0, silent, LAPTOP),
        told(START, 1, silent, LAPTOP, S1, of=1),
        accept(2, 600, silent, LAPTOP),
        told(INTERIM, 601, silent, LAPTOP, S1, of=2),
        *(told(status, 900 + number, silent, LAPTOP, S1, of=2) for number, status in enumerate(last)),
    )
    assert shown(book) == [
        (1, 1, "0000001A", "replaced"),
        (2, 2, "0000001A", "stop" if STOP in last else "started"),
    ]


def test_another_station_with_that_number_is_another_session() -> None:
    """Behind one client address, a proxy's, there can be several devices that count alike."""
    silent = {name: value for name, value in SWITCH.items() if name not in ("nas_port", "nas_port_id")}
    book = played(
        accept(1, 0, silent, PHONE),
        told(START, 1, silent, PHONE, S1, of=1),
        accept(2, 600, silent, LAPTOP),
        told(START, 601, silent, LAPTOP, S1, of=2),
    )
    assert shown(book) == [(1, 1, "0000001A", "started"), (2, 2, "0000001A", "started")]
