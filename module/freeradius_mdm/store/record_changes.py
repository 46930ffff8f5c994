"""Changes of compliance that nobody has dealt with yet: written with the answer, deleted when they are settled.

A change is committed together with the answer that brought it, so that a process that is killed right after finds it
again. One row per endpoint: `old` is what held before the first change that is not settled.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from ..compliance import Compliance, ComplianceAnswer, EndpointKey, IdKind, Managed, Registration

TABLE = """
-- Changes of compliance that are not settled. `old_*` is NULL when the MDM server had never answered before.
CREATE TABLE record_changes (
    server TEXT NOT NULL, kind TEXT NOT NULL, value TEXT NOT NULL,
    old_registration TEXT, old_compliance TEXT, old_managed TEXT, at REAL NOT NULL,
    PRIMARY KEY (server, kind, value)
) WITHOUT ROWID;
"""

_BEFORE = "SELECT registration, compliance, managed FROM records WHERE server = ? AND kind = ? AND value = ?"
_NOTE = """
INSERT INTO record_changes VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET at = excluded.at
"""
_SETTLE = "DELETE FROM record_changes WHERE server = ? AND kind = ? AND value = ? AND at <= ?"
_UNSETTLED = """
SELECT c.server, c.kind, c.value, c.old_registration, c.old_compliance, c.old_managed,
    r.registration, r.compliance, r.managed, r.macs, c.at
FROM record_changes c JOIN records r USING (server, kind, value) WHERE r.registration IS NOT NULL ORDER BY c.at
"""


@dataclass(frozen=True, slots=True)
class RecordChange:
    """`old` is None for the first answer ever, and has no `macs`. `at`: seconds since the epoch."""

    key: EndpointKey
    old: ComplianceAnswer | None
    new: ComplianceAnswer
    at: float


def note(connection: sqlite3.Connection, key: EndpointKey, new: ComplianceAnswer, at: float) -> RecordChange | None:
    """Before the new answer is written, in its transaction: what it changes; None when nothing.

    MAC addresses don't count: no rule can see them.
    """
    columns = (key.server, key.kind.value, key.value)
    row = connection.execute(_BEFORE, columns).fetchone() or (None, None, None)
    if row == (new.registration.value, new.compliance.value, new.managed.value):
        return None
    connection.execute(_NOTE, (*columns, *row, at))
    return RecordChange(key, _answer(*row), new, at)


def settle(connection: sqlite3.Connection, key: EndpointKey, at: float) -> None:
    """The change of that moment, and whatever came before it, has had its effect."""
    connection.execute(_SETTLE, (key.server, key.kind.value, key.value, at))


def unsettled(connection: sqlite3.Connection) -> list[RecordChange]:
    """What a process that ended has left, in the order of time; `new` is what the record says now."""
    return [
        RecordChange(EndpointKey(row[0], IdKind(row[1]), row[2]), _answer(*row[3:6]), _known(*row[6:10]), row[10])
        for row in connection.execute(_UNSETTLED)
    ]


def _answer(registration: str | None, compliance: str | None, managed: str | None) -> ComplianceAnswer | None:
    if registration is None or compliance is None or managed is None:
        return None
    return _known(registration, compliance, managed, "")


def _known(registration: str, compliance: str, managed: str, macs: str) -> ComplianceAnswer:
    return ComplianceAnswer(Registration(registration), Compliance(compliance), Managed(managed), tuple(macs.split()))
