"""Finding a decision or a session by whatever an operator has of it; read only, so that mdmd need not run."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from ..decision import Decision
from ..errors import StoreError
from ..sessions.model import Session
from .query import decision_from
from .schema import VERSION, version_of
from .sessions import COLUMNS, session_from

_BUSY_TIMEOUT = 1.0  # seconds
_DIGITS = re.compile(r"[0-9a-f]{1,24}")
_CALLED = """id = ?1 OR acct_session_id = ?1 OR audit_session_id = ?1 OR acct_multi_session_id = ?1
    OR instr(char(10) || former_acct_session_ids || char(10), char(10) || ?1 || char(10))"""


class StoreLookup:
    """Thread safe: each question opens the file anew, about 0.2 ms. Every one raises StoreError."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def decisions_beginning(self, digits: str, limit: int = 10) -> list[Decision]:
        """The decisions whose id begins with these hexadecimal digits, the latest first."""
        if not _DIGITS.fullmatch(digits):
            return []
        # 'g' comes behind every digit, so this is a range of the index.
        rows = self._rows(
            "SELECT body FROM decisions WHERE id >= ?1 AND id < ?1 || 'g' ORDER BY seq DESC LIMIT ?2", digits, limit
        )
        return [decision_from(row[0]) for row in rows]

    def latest_decision(self, column: str, *values: str) -> Decision | None:
        """The latest decision with one of these values; `column` is `user`, `mac` or `identity`."""
        if column not in ("user", "mac", "identity"):
            raise ValueError(column)
        marks = ", ".join("?" * len(values))
        rows = self._rows(
            f"SELECT body FROM decisions WHERE {column} IN ({marks}) ORDER BY seq DESC LIMIT 1",  # noqa: S608 checked
            *values,
        )
        return decision_from(rows[0][0]) if rows else None

    def sessions_called(self, identifier: str) -> list[Session]:
        """The sessions of that id, Acct-Session-Id (also a former one), audit-session-id; heard of last first."""
        rows = self._rows(f"SELECT {COLUMNS} FROM sessions WHERE {_CALLED} ORDER BY last_seen DESC", identifier)  # noqa: S608
        return [session_from(row) for row in rows]

    def sessions_of(self, decision_id: str) -> list[Session]:
        """The sessions that decision opened or is in force for."""
        rows = self._rows(f"SELECT {COLUMNS} FROM sessions WHERE id = ?1 OR decision_id = ?1", decision_id)  # noqa: S608
        return [session_from(row) for row in rows]

    def _rows(self, statement: str, *values: object) -> Sequence[Any]:
        try:
            uri = self._file.absolute().as_uri() + "?mode=ro"
            with closing(sqlite3.connect(uri, uri=True, timeout=_BUSY_TIMEOUT)) as connection:
                found = version_of(connection)
                if found != VERSION:
                    raise StoreError(f"store {self._file} has schema {found}, this program knows {VERSION}")
                return connection.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise StoreError(f"store {self._file} can't be read: {error}") from error
