"""The store's table of orders to network devices (RFC 5176): written before anything is sent, with what came of it.

The columns are the fields of CoaOrder. An order holds the packet that was sent, never the secret it was signed with.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Any

from .asking import rows
from .query import MAXIMUM_LIMIT

_PURGE_ROWS = 2000  # per transaction


class OrderState(StrEnum):
    """How far an order has come; `settled` says whether anything more is to come of it."""

    PLANNED = "planned"  # to be sent when the device's turn comes
    GRACE = "grace"  # to be sent when the grace is over
    SENT = "sent"  # its packet is stored, and is on its way or was when mdmd ended
    ACKED = "acked"  # not settled: the device acknowledged to reauthenticate, and has not done so yet
    NAK = "nak"  # refused; not settled: to be sent again later
    TIMEOUT = "timeout"  # no answer; not settled: the same packet is to be sent again later
    GONE = "gone"  # the session has ended
    SUPERSEDED = "superseded"  # it was not needed any more, or a newer one has taken its place
    DRY_RUN = "dry-run"  # would have been sent
    FAILED = "failed"  # it can't be sent


@dataclass(frozen=True, slots=True)
class CoaOrder:
    """One change of one session. Times are seconds since the epoch; "" and None: not known, or not yet.

    `decision_id`: the decision that was in force. `basis`: what was true of the endpoint, as `basis_of` of
    service/redecide.py has it. `action` is the one tried last, `tried` those that the device can't do. `attributes`:
    `NAME = value` by newlines, what was sent or would have been. `due_at`: when something is to be done next, None
    while its packet is in flight, or when it is settled. `device` to `prepared_at` are of the packet.
    """

    id: str
    session_id: str
    client: str
    family: str
    state: OrderState
    created_at: float
    changed_at: float
    due_at: float | None
    decision_id: str
    old_rule: str
    old_profile: str
    rule: str
    profile: str
    accept: bool
    basis: str
    reason: str
    worse: bool = False  # the session is given less than it had
    action: str = ""
    tried: tuple[str, ...] = ()
    narrower: bool = False
    attempts: int = 0
    attributes: str = ""
    packet: bytes | None = None
    device: str = ""
    port: int = 0
    source: str = ""
    source_port: int = 0
    prepared_at: float | None = None
    code: str = ""
    cause: int | None = None  # Error-Cause of a NAK
    detail: str = ""
    settled: bool = False
    author: str = ""  # the operator who has given it, "" for one that follows from a change
    asked: str = ""  # the one action that the operator wants, "" for what is usual there

    @property
    def authorization(self) -> tuple[bool, str, str]:
        """What the session is to have: accepted or not, rule and profile."""
        return self.accept, self.rule, self.profile

    @property
    def in_doubt(self) -> bool:
        """True when the network device may have carried it out without our knowing."""
        return self.packet is not None and self.state in (OrderState.SENT, OrderState.TIMEOUT)


_NAMES = [each.name for each in fields(CoaOrder)]
_COLUMNS = ", ".join(_NAMES)
_TRIED, _STATE = _NAMES.index("tried"), _NAMES.index("state")
_FLAGS = [_NAMES.index(name) for name in ("accept", "worse", "narrower", "settled")]
_PUT = f"REPLACE INTO coa_orders ({_COLUMNS}) VALUES ({', '.join('?' * len(_NAMES))})"  # noqa: S608


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Which orders to show; what is None does not restrict. `client`: the network device's address."""

    session_id: str | None = None
    client: str | None = None
    state: str | None = None
    profile: str | None = None
    open: bool | None = None


def put(connection: sqlite3.Connection, orders: Iterable[CoaOrder]) -> None:
    """Store these orders as they are now."""
    connection.executemany(_PUT, map(_row, orders))


def unsettled(connection: sqlite3.Connection) -> list[CoaOrder]:
    """Everything that a process that ended has left, in the order in which it was ordered."""
    rows = connection.execute(f"SELECT {_COLUMNS} FROM coa_orders WHERE settled = 0 ORDER BY created_at, id")  # noqa: S608
    return [_order(row) for row in rows]


def purge(connection: sqlite3.Connection, before: float) -> int:
    """Delete some settled orders that have not changed since; returns how many."""
    statement = (
        "DELETE FROM coa_orders WHERE rowid IN"
        " (SELECT rowid FROM coa_orders WHERE settled = 1 AND changed_at < ? LIMIT ?)"
    )
    return connection.execute(statement, (before, _PURGE_ROWS)).rowcount


class OrderQueries:
    """Read-only questions. Thread safe: each opens the file anew, about 0.2 ms. Raise StoreError."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def orders(self, chosen: OrderFilter | None = None, limit: int = 100) -> list[CoaOrder]:
        """The one that changed last first, MAXIMUM_LIMIT at most."""
        wheres, values = [], []
        for name, value in ((each.name, getattr(chosen, each.name)) for each in fields(OrderFilter) if chosen):
            if name == "open" and value is not None:
                wheres.append(f"settled = {0 if value else 1}")
            elif value is not None:
                wheres.append(f"{name} = ?")
                values.append(value)
        where = " AND ".join(wheres) or "1"
        bounded = max(1, min(limit, MAXIMUM_LIMIT))
        return self._found(f"{where} ORDER BY changed_at DESC, id LIMIT ?", [*values, bounded])

    def of_session(self, session_id: str) -> list[CoaOrder]:
        """Every order about a session, in the order in which they were given."""
        return self._found("session_id = ? ORDER BY created_at, id", [session_id])

    def order(self, identifier: str) -> CoaOrder | None:
        """The order of that id."""
        found = self._found("id = ?", [identifier])
        return found[0] if found else None

    def _found(self, where: str, values: Sequence[Any]) -> list[CoaOrder]:
        statement = f"SELECT {_COLUMNS} FROM coa_orders WHERE {where}"  # noqa: S608 names are ours
        return [_order(row) for row in rows(self._file, statement, values)]


def _row(order: CoaOrder) -> list[Any]:
    values: list[Any] = [getattr(order, name) for name in _NAMES]
    values[_STATE] = order.state.value
    values[_TRIED] = " ".join(order.tried)
    return values


def _order(row: Sequence[Any]) -> CoaOrder:
    values = list(row)
    values[_STATE] = OrderState(values[_STATE])
    values[_TRIED] = tuple(values[_TRIED].split())
    for place in _FLAGS:
        values[place] = bool(values[place])
    return CoaOrder(*values)
