"""What network devices tell, in short: Access-Accepts and accounting of a few stations, seconds after a start."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from freeradius_mdm.accounting import AccountingEvent, AccountingStatus
from freeradius_mdm.decision import Decision, Outcome
from freeradius_mdm.sessions import ledger
from freeradius_mdm.sessions.book import Book
from freeradius_mdm.sessions.model import Session

T0 = 1_700_000_000.0
SWITCH = {"client": "192.0.2.10", "nas_address": "192.0.2.10", "nas_port": "50101", "nas_port_id": "Gi1/0/1"}
OTHER_SWITCH = {"client": "192.0.2.11", "nas_address": "192.0.2.11", "nas_port": "50101", "nas_port_id": "Gi1/0/1"}
AP = {"client": "192.0.2.30", "nas_address": "192.0.2.30", "called_station": "02-00-00-00-03-00:CORP"}
OTHER_AP = {"client": "192.0.2.31", "nas_address": "192.0.2.31", "called_station": "02-00-00-00-03-10:CORP"}
ASA = {"client": "192.0.2.20", "nas_address": "192.0.2.20", "nas_port": "16384", "called_station": "203.0.113.10"}
LAPTOP = {"calling_station": "00-50-56-A1-B2-C3"}
PHONE = {"calling_station": "00-1B-54-AA-00-01"}
LAPTOP_MAC, PHONE_MAC = "005056A1B2C3", "001B54AA0001"
START, INTERIM, STOP = AccountingStatus.START, AccountingStatus.INTERIM, AccountingStatus.STOP
ON, OFF = AccountingStatus.ON, AccountingStatus.OFF


def accept(number: int, at: float, *parts: dict[str, Any], **more: Any) -> Decision:
    """The decision of that number: an Access-Accept `at` seconds after T0."""
    values: dict[str, Any] = {"id": f"{number:024x}", "at": T0 + at, "outcome": Outcome.ACCEPT, "access": "wired"}
    for part in (*parts, more):
        values |= part
    port = values.pop("nas_port", "")
    values["request"] = (("NAS-Port", port),) if port else ()
    values.setdefault(
        "mac",
        {LAPTOP["calling_station"]: LAPTOP_MAC, PHONE["calling_station"]: PHONE_MAC}.get(
            values.get("calling_station", ""), ""
        ),
    )
    return Decision(**values)


def told(
    status: AccountingStatus, at: float, *parts: dict[str, Any], of: int | None = None, **more: Any
) -> AccountingEvent:
    """An Accounting-Request that arrives `at` seconds after T0; `of`: the decision that its Class names."""
    values: dict[str, Any] = {}
    for part in (*parts, more):
        values |= part
    ids = () if of is None else (f"{of:024x}",)
    return replace(AccountingEvent(T0 + at, status, decision_ids=ids), **values)


def played(*events: Decision | AccountingEvent) -> Book:
    """The book after these, in this order."""
    book = Book()
    for event in events:
        if isinstance(event, Decision):
            ledger.decided(book, event, "radius1")
        else:
            ledger.accounted(book, event)
    return book


def shown(book: Book) -> list[tuple[int, str, str, str]]:
    """(number of the opening decision, number of the one in force, Acct-Session-Id, state or cause of the end)."""
    sessions = sorted(book, key=lambda each: each.id)
    return [(int(s.id, 16), int(s.decision_id, 16), s.acct_session_id, s.end_cause or s.state.value) for s in sessions]


def only(book: Book) -> Session:
    """The one session."""
    (session,) = book
    return session
