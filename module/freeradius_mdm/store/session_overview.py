"""Sessions at a glance, for tools: listed with what network devices were last told about them, and counted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ..sessions.model import Session
from .asking import reading
from .decision_log import in_parts
from .sessions import COLUMNS, SessionFilter, session_from


class GroupBy(StrEnum):
    """What sessions are counted by."""

    DEVICE = "device"  # the endpoint
    NAS = "nas"
    RULE = "rule"
    PROFILE = "profile"


_GROUP = {
    GroupBy.DEVICE: "CASE WHEN mac != '' THEN mac WHEN identity != '' THEN identity ELSE user END",
    GroupBy.NAS: "CASE WHEN nas_name != '' THEN nas_name WHEN client != '' THEN client ELSE nas_address END",
    GroupBy.RULE: "rule",
    GroupBy.PROFILE: "profile",
}
_ADDRESSES = """
SELECT mac, CASE WHEN framed_ip != '' THEN framed_ip ELSE framed_ipv6 END FROM sessions
WHERE mac IN ({}) AND state != 'ended' AND (framed_ip != '' OR framed_ipv6 != '') ORDER BY reauthorized_at
"""
# SQLite takes the other columns from the row that has the maximum.
_LAST_ORDERS = """
SELECT session_id, state, action, code, detail, changed_at, settled, max(created_at) FROM coa_orders
WHERE session_id IN ({}) GROUP BY session_id
"""


@dataclass(frozen=True, slots=True)
class LastOrder:
    """The order about a session that was given last: see CoaOrder."""

    session_id: str
    state: str
    action: str
    code: str
    detail: str
    changed_at: float
    settled: bool


@dataclass(frozen=True, slots=True)
class SessionCount:
    """Sessions of one group; the moments are when they were authorized first, seconds since the epoch."""

    name: str
    sessions: int
    oldest: float
    newest: float


class SessionOverview:
    """Read-only questions. Thread safe: each opens the file anew, about 0.2 ms. Raise StoreError."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def sessions(self, chosen: SessionFilter, limit: int) -> list[Session]:
        """The one heard of last first."""
        where, values = chosen.condition()
        statement = (
            f"SELECT {COLUMNS} FROM sessions WHERE rowid IN"  # noqa: S608 names are ours
            f" (SELECT rowid FROM sessions WHERE {where} ORDER BY last_seen DESC, id LIMIT ?)"
            " ORDER BY last_seen DESC, id"
        )
        with reading(self._file) as connection:
            return [session_from(row) for row in connection.execute(statement, [*values, limit])]

    def counts(self, chosen: SessionFilter, by: GroupBy) -> list[SessionCount]:
        """The largest group first."""
        where, values = chosen.condition()
        statement = (
            f"SELECT {_GROUP[by]}, count(*), min(authorized_at), max(authorized_at) FROM sessions"  # noqa: S608 ours
            f" WHERE {where} GROUP BY 1 ORDER BY 2 DESC, 1"
        )
        with reading(self._file) as connection:
            return [SessionCount(*row) for row in connection.execute(statement, values)]

    def last_orders(self, sessions: Iterable[str]) -> dict[str, LastOrder]:
        """By the id of the session; those without any are left out."""
        found: dict[str, LastOrder] = {}
        with reading(self._file) as connection:
            for part in in_parts(sessions):
                rows = connection.execute(_LAST_ORDERS.format(", ".join("?" * len(part))), part)
                for session_id, state, action, code, detail, changed_at, settled, _ in rows:
                    told = LastOrder(session_id, state, action, code, detail, changed_at, bool(settled))
                    found[session_id] = told
        return found

    def addresses(self, macs: Iterable[str]) -> dict[str, str]:
        """The IP address that accounting told of a live session, by MAC address (12 hexadecimal digits)."""
        found: dict[str, str] = {}
        with reading(self._file) as connection:
            for part in in_parts(macs):
                found |= dict(connection.execute(_ADDRESSES.format(", ".join("?" * len(part))), part))
        return found
