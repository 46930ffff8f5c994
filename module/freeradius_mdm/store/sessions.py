"""The store's table of sessions: written in the transaction that stores what was read from the journal; and queries.

The columns are the fields of Session. Decisions are found by `decision_id`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from sys import intern
from typing import Any

from ..sessions.model import Session, SessionState
from .asking import rows
from .query import MAXIMUM_LIMIT

LIVE = "live"  # as a state: authorized or started
_PURGE_ROWS = 2000  # per transaction
_NAMES = [each.name for each in fields(Session)]
_FORMER = _NAMES.index("former_acct_session_ids")
_STATE = _NAMES.index("state")
# One object for what many sessions share.
_SHARED = [
    _NAMES.index(name)
    for name in (
        *("client", "nas_name", "nas_address", "nas_identifier", "family", "access", "called_station"),
        *("server", "identity_kind", "rule", "profile", "node"),
    )
]
COLUMNS = ", ".join(_NAMES)
_PUT = (
    f"INSERT INTO sessions ({COLUMNS}) VALUES ({', '.join('?' * len(_NAMES))}) ON CONFLICT (id) DO UPDATE SET "  # noqa: S608
    + ", ".join(f"{name} = excluded.{name}" for name in _NAMES if name != "id")
)
_SEPARATOR = "\n"  # no Acct-Session-Id has one; one that does is not remembered as former


@dataclass(frozen=True, slots=True)
class SessionFilter:
    """Which sessions to show; what is None does not restrict. Text has to be equal as a whole.

    `mac`: 12 hexadecimal digits. `nas`: the client's address, its short name or its NAS-IP-Address. `identity`: what
    the MDM server is asked about. `state`: a SessionState, or `live`.
    """

    mac: str | None = None
    identity: str | None = None
    user: str | None = None
    nas: str | None = None
    rule: str | None = None
    profile: str | None = None
    server: str | None = None
    state: str | None = None

    def condition(self) -> tuple[str, list[Any]]:
        """What stands behind WHERE, and its values."""
        wheres, values = [], []
        for name, value in ((each.name, getattr(self, each.name)) for each in fields(self)):
            if name == "state" and value == LIVE:
                wheres.append("state != 'ended'")
            elif value is not None:
                wheres.append(_COMPARISONS.get(name, f"{name} = ?"))
                values.append(value)
        return " AND ".join(wheres) or "1", values


_COMPARISONS = {"nas": "? IN (client, nas_name, nas_address)"}


def put(connection: sqlite3.Connection, sessions: Iterable[Session]) -> None:
    """Store these sessions as they are now."""
    connection.executemany(_PUT, map(_row, sessions))


def load(connection: sqlite3.Connection, ended_since: float) -> list[Session]:
    """The live sessions, and those that have ended since."""
    rows = connection.execute(
        f"SELECT {COLUMNS} FROM sessions WHERE state != 'ended'"  # noqa: S608 names are ours
        f" UNION ALL SELECT {COLUMNS} FROM sessions WHERE state = 'ended' AND ended_at >= ?",
        (ended_since,),
    )
    return [session_from(row) for row in rows]


def delete(connection: sqlite3.Connection, identifier: str) -> None:
    """Delete one session."""
    connection.execute("DELETE FROM sessions WHERE id = ?", (identifier,))


def purge(connection: sqlite3.Connection, before: float) -> int:
    """Delete some sessions that ended before that moment; returns how many, `_PURGE_ROWS` when there may be more."""
    statement = (
        "DELETE FROM sessions WHERE rowid IN"
        " (SELECT rowid FROM sessions WHERE state = 'ended' AND ended_at < ? LIMIT ?)"
    )
    return connection.execute(statement, (before, _PURGE_ROWS)).rowcount


class SessionQueries:
    """Read-only questions, ended sessions too. Thread safe: each opens the file anew, about 0.2 ms."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def sessions(self, chosen: SessionFilter | None = None, limit: int = 100) -> list[Session]:
        """The one heard of last first, MAXIMUM_LIMIT at most. Raises StoreError."""
        where, values = (chosen or SessionFilter()).condition()
        return self._found(f"{where} ORDER BY last_seen DESC, id LIMIT ?", [*values, max(1, min(limit, MAXIMUM_LIMIT))])

    def session(self, identifier: str) -> Session | None:
        """The session of that id, None when there is none (any more). Raises StoreError."""
        found = self._found("id = ?", [identifier])
        return found[0] if found else None

    def _found(self, where: str, values: Sequence[Any]) -> list[Session]:
        statement = f"SELECT {COLUMNS} FROM sessions WHERE {where}"  # noqa: S608 names are ours
        return [session_from(row) for row in rows(self._file, statement, values)]


def _row(session: Session) -> list[Any]:
    values: list[Any] = [getattr(session, name) for name in _NAMES]
    values[_STATE] = session.state.value
    values[_FORMER] = _SEPARATOR.join(each for each in values[_FORMER] if _SEPARATOR not in each)
    return values


def session_from(row: Sequence[Any]) -> Session:
    """A row of COLUMNS as a value."""
    values = list(row)
    values[_STATE] = SessionState(values[_STATE])
    values[_FORMER] = tuple(values[_FORMER].split(_SEPARATOR)) if values[_FORMER] else ()
    for place in _SHARED:
        values[place] = intern(values[place])
    return Session(*values)
