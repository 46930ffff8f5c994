"""Finding a decision or a session by whatever an operator has of it; read only, so that mdmd need not run."""

from __future__ import annotations

import re
from pathlib import Path

from ..decision import Decision
from ..sessions.model import Session
from .asking import rows
from .query import decision_from
from .sessions import COLUMNS, session_from

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
        statement = "SELECT body FROM decisions WHERE id >= ?1 AND id < ?1 || 'g' ORDER BY seq DESC LIMIT ?2"
        return [decision_from(row[0]) for row in rows(self._file, statement, [digits, limit])]

    def latest_decision(self, column: str, *values: str) -> Decision | None:
        """The latest decision with one of these values; `column` is `user`, `mac` or `identity`."""
        if column not in ("user", "mac", "identity"):
            raise ValueError(column)
        marks = ", ".join("?" * len(values))
        statement = f"SELECT body FROM decisions WHERE {column} IN ({marks}) ORDER BY seq DESC LIMIT 1"  # noqa: S608
        found = rows(self._file, statement, values)
        return decision_from(found[0][0]) if found else None

    def sessions_called(self, identifier: str) -> list[Session]:
        """The sessions of that id, Acct-Session-Id (also a former one), audit-session-id; heard of last first."""
        if not identifier:  # what a session lacks names none
            return []
        statement = f"SELECT {COLUMNS} FROM sessions WHERE {_CALLED} ORDER BY last_seen DESC"  # noqa: S608
        return [session_from(row) for row in rows(self._file, statement, [identifier])]

    def sessions_of(self, decision_id: str) -> list[Session]:
        """The sessions that decision opened or is in force for."""
        statement = f"SELECT {COLUMNS} FROM sessions WHERE id = ?1 OR decision_id = ?1"  # noqa: S608
        return [session_from(row) for row in rows(self._file, statement, [decision_id])]
