"""The store's table of exemptions. `effect` says what live sessions have been looked at for: `made`, then `over`.

That column is this node's own; the others are the fields of Exemption, the same on every node in the end. Standard
library only: radiusd imports this.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ..compliance import EndpointKey, IdKind
from ..errors import StoreError
from ..exemption import Exemption, newer

TABLE = """
-- Exemptions that operators have made; the columns are described at Exemption in exemption.py, `effect` in
-- store/exemptions_table.py.
CREATE TABLE exemptions (
    id TEXT NOT NULL PRIMARY KEY, server TEXT NOT NULL, kind TEXT NOT NULL, value TEXT NOT NULL, profile TEXT NOT NULL,
    author TEXT NOT NULL, reason TEXT NOT NULL, made_at REAL NOT NULL, until REAL NOT NULL, ended_at REAL,
    ended_by TEXT NOT NULL, end_reason TEXT NOT NULL, effect TEXT NOT NULL DEFAULT ''
);
CREATE INDEX exemptions_endpoint ON exemptions (server, kind, value, made_at, id);
CREATE INDEX exemptions_unsettled ON exemptions (until) WHERE effect != 'over';
"""
COLUMNS = "id, server, kind, value, profile, author, reason, made_at, until, ended_at, ended_by, end_reason"
LATEST = f"""SELECT {COLUMNS} FROM exemptions WHERE server = ? AND kind = ? AND value = ?
    ORDER BY made_at DESC, id DESC LIMIT 1"""  # noqa: S608 constant

_SHORTLY = 0.001  # seconds, by which one that takes the place of another is younger, whatever the clock says
_PUT = f"""INSERT INTO exemptions ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET
        ended_at = excluded.ended_at, ended_by = excluded.ended_by, end_reason = excluded.end_reason"""  # noqa: S608
_BY_ID = f"SELECT {COLUMNS} FROM exemptions WHERE id = ?"  # noqa: S608
_UNSETTLED = f"""SELECT {COLUMNS} FROM exemptions
    WHERE effect != 'over' AND (effect = '' OR ended_at IS NOT NULL OR until <= ?) ORDER BY made_at, id"""  # noqa: S608


def make(connection: sqlite3.Connection, asked: Exemption) -> Exemption:
    """Store a new one, which counts instead of every earlier one of that endpoint; as it was stored."""
    before = latest(connection, asked.key)
    made_at = asked.made_at if before is None else max(asked.made_at, before.made_at + _SHORTLY)
    made = replace(asked, made_at=made_at)
    connection.execute(_PUT, _row(made))
    return made


def end(connection: sqlite3.Connection, identifier: str, at: float, by: str, reason: str) -> Exemption | None:
    """End one before its time; None when there is none of that id, or it was ended already."""
    found = by_id(connection, identifier)
    if found is None or found.ended_at is not None:
        return None
    after = replace(found, ended_at=at, ended_by=by, end_reason=reason)
    connection.execute(_PUT, _row(after))
    return after


def merge(connection: sqlite3.Connection, told: Exemption) -> bool:
    """Store what another node knows of one, unless the same or more is known here."""
    if not newer(by_id(connection, told.id), told):
        return False
    connection.execute(_PUT, _row(told))
    return True


def by_id(connection: sqlite3.Connection, identifier: str) -> Exemption | None:
    """The exemption of that id."""
    row = connection.execute(_BY_ID, (identifier,)).fetchone()
    return None if row is None else exemption_from(row)


def latest(connection: sqlite3.Connection, key: EndpointKey) -> Exemption | None:
    """The endpoint's exemption that was made last."""
    row = connection.execute(LATEST, (key.server, key.kind.value, key.value)).fetchone()
    return None if row is None else exemption_from(row)


def unsettled(connection: sqlite3.Connection, now: float) -> list[Exemption]:
    """Those for which live sessions have to be looked at: just made, ended or expired."""
    return [exemption_from(row) for row in connection.execute(_UNSETTLED, (now,))]


def settle(connection: sqlite3.Connection, identifier: str, *, over: bool) -> None:
    """Live sessions have been looked at for its having been made, or for its being over."""
    effect = "over" if over else "made"
    connection.execute("UPDATE exemptions SET effect = ? WHERE id = ?", (effect, identifier))


def purge(connection: sqlite3.Connection, before: float) -> int:
    """Delete those that were over before that moment, and whose time was; returns how many."""
    return connection.execute("DELETE FROM exemptions WHERE effect = 'over' AND until < ?", (before,)).rowcount


def exemption_from(row: Sequence[Any]) -> Exemption:
    """A row of COLUMNS as a value. Raises StoreError for one that we can't have written."""
    try:
        return Exemption(row[0], EndpointKey(row[1], IdKind(row[2]), row[3]), *row[4:])
    except (TypeError, ValueError) as error:
        raise StoreError(f"the stored exemption {row[0]} is damaged: {error}") from error


def _row(one: Exemption) -> tuple[Any, ...]:
    key = (one.key.server, one.key.kind.value, one.key.value)
    told = (one.profile, one.author, one.reason, one.made_at, one.until, one.ended_at, one.ended_by, one.end_reason)
    return (one.id, *key, *told)
