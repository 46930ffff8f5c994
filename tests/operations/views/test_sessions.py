"""Sessions with what is left of their timers, and what came of the last CoA."""

from __future__ import annotations

from pathlib import Path

import pytest

from freeradius_mdm.operations.views.sessions import counts, sessions
from freeradius_mdm.sessions.model import SessionState
from freeradius_mdm.store.coa_orders import CoaOrder, OrderState
from freeradius_mdm.store.session_overview import GroupBy, SessionCount
from freeradius_mdm.store.sessions import LIVE, SessionFilter

from .samples import LAPTOP_MAC, NOW, TABLET_MAC, Site, make_site, session


def order(number: int, of: int, state: OrderState, at: float, **changes: object) -> CoaOrder:
    values: dict[str, object] = {
        "id": f"{number:024x}",
        "session_id": f"{of:08x}" + "0" * 16,
        "client": "192.0.2.12",
        "family": "cisco-ios-xe",
        "state": state,
        "created_at": at,
        "changed_at": at + 1,
        "due_at": None,
        "decision_id": "",
        "old_rule": "Compliant",
        "old_profile": "Employee",
        "rule": "Quarantined",
        "profile": "Quarantine",
        "accept": True,
        "basis": "",
        "reason": "",
    }
    return CoaOrder(**{**values, **changes})  # type: ignore[arg-type]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    made = make_site(tmp_path)
    with made.writer() as writer:
        writer.put_sessions(
            [
                session(1),
                session(2, last_seen=NOW - 60, client="192.0.2.13", nas_name="", nas_address="", profile="Quarantine"),
                session(3, last_seen=NOW - 90, mac=TABLET_MAC, timer_ends_at=NOW - 5, coa_at=NOW - 7, coa_result="old"),
                session(4, state=SessionState.ENDED, end_cause="stop", ended_at=NOW - 1, last_seen=NOW - 1),
                session(5, mac="", identity="", user="guest", rule="", last_seen=NOW - 700, timer_ends_at=None),
            ]
        )
        writer.put_orders(
            [
                order(1, 1, OrderState.NAK, NOW - 300, code="M1610", settled=True),
                order(2, 1, OrderState.SENT, NOW - 200, action="reauthenticate"),
                order(3, 2, OrderState.ACKED, NOW - 100, action="push", code="M1601", detail="ACK", settled=True),
            ]
        )
    return made


def test_the_one_heard_of_last_is_first_with_its_timer(site: Site) -> None:
    found = sessions(site.config, SessionFilter(), 10, NOW)
    shown = [(int(row.session.id[:8], 16), row.timer_left) for row in found.sessions]
    assert shown == [(4, None), (2, 3000.0), (3, -5.0), (1, 3000.0), (5, None)]  # an ended one has no timer
    assert not found.more


def test_the_last_order_else_what_the_session_remembers(site: Site) -> None:
    rows = {int(row.session.id[:8], 16): row for row in sessions(site.config, SessionFilter(), 10, NOW).sessions}
    assert (rows[1].coa, rows[1].coa_at) == ("sent reauthenticate", NOW - 199)
    assert (rows[2].coa, rows[2].coa_at) == ("acked M1601 push", NOW - 99)
    assert (rows[3].coa, rows[3].coa_at) == ("old", NOW - 7)
    assert (rows[5].coa, rows[5].coa_at) == ("", None)


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (SessionFilter(state=LIVE), [2, 3, 1, 5]),
        (SessionFilter(state="ended"), [4]),
        (SessionFilter(mac=TABLET_MAC), [3]),
        (SessionFilter(nas="192.0.2.13"), [2]),
        (SessionFilter(nas="sw-12", state=LIVE), [3, 1, 5]),
        (SessionFilter(profile="Quarantine"), [2]),
        (SessionFilter(user="guest"), [5]),
    ],
)
def test_filters(site: Site, chosen: SessionFilter, expected: list[int]) -> None:
    assert [int(row.session.id[:8], 16) for row in sessions(site.config, chosen, 10, NOW).sessions] == expected


def test_more_than_the_limit(site: Site) -> None:
    found = sessions(site.config, SessionFilter(), 2, NOW)
    assert ([int(row.session.id[:8], 16) for row in found.sessions], found.more) == ([4, 2], True)


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        (GroupBy.DEVICE, [(LAPTOP_MAC, 2), (TABLET_MAC, 1), ("guest", 1)]),
        (GroupBy.NAS, [("sw-12", 3), ("192.0.2.13", 1)]),
        (GroupBy.RULE, [("Compliant", 3), ("", 1)]),
        (GroupBy.PROFILE, [("Employee", 3), ("Quarantine", 1)]),
    ],
)
def test_counts(site: Site, by: GroupBy, expected: list[tuple[str, int]]) -> None:
    found = counts(site.config, SessionFilter(state=LIVE), by)
    assert [(each.name, each.sessions) for each in found] == expected


def test_a_group_tells_since_when(site: Site) -> None:
    site.put(sessions=(session(6, authorized_at=NOW - 5, rule="Quarantined"), session(7, rule="Quarantined")))
    found = counts(site.config, SessionFilter(rule="Quarantined"), GroupBy.RULE)
    assert found == [SessionCount("Quarantined", 2, NOW - 600, NOW - 5)]
