"""Decisions as a log: the newest ones in the order of time, and what has come in since.

Bodies are read only of what is shown, and what is rare is found in the index `decisions_search`, so that a million
decisions are no obstacle.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from .asking import reading
from .query import DecisionFilter, StoredDecision, decision_from

_AT_ONCE = 500  # values in one statement

_PAGE = """
SELECT d.seq, d.body FROM (SELECT seq, at FROM decisions WHERE {} ORDER BY at DESC, seq DESC LIMIT ?) p
JOIN decisions d USING (seq) ORDER BY p.at DESC, p.seq DESC
"""
# The plus keeps SQLite from going by time: what has come in since is found by its number.
_AFTER = "SELECT seq, body FROM decisions WHERE seq > ? AND seq <= ? AND {} ORDER BY seq LIMIT ?"
_TOP = "SELECT coalesce(max(seq), 0) FROM decisions"
_NEWEST_AT = "SELECT coalesce(max(at), 0) FROM decisions"
_FIRST_SINCE = "SELECT min(seq) FROM decisions INDEXED BY decisions_search WHERE at >= ?"
_DEFAULT_HITS = """
SELECT count(*), max(at) FROM decisions WHERE rule = '' AND reason_code != 'M1307' AND CASE reason_code
    WHEN 'M1304' THEN (SELECT json_extract(b.body, '$.would_be_profile') FROM decisions b WHERE b.seq = decisions.seq)
    ELSE profile END = ?
"""


@dataclass(frozen=True, slots=True)
class LogPart:
    """Decisions in the order of ingestion. `reached`: all up to that `seq` have been looked at.

    `begins` and `ends`: the ids of the decisions numbered as was asked for and as was reached, "" when there is none;
    another id under a number that is known means another store. `newest_at`: the latest time of any decision, filtered
    out or not (seconds since the epoch), 0 when there is none.
    """

    decisions: tuple[StoredDecision, ...]
    reached: int
    begins: str
    ends: str
    newest_at: float


class DecisionLog:
    """Read-only questions. Thread safe: each opens the file anew, about 0.2 ms. Raise StoreError."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def newest(self, chosen: DecisionFilter, limit: int) -> list[StoredDecision]:
        """The newest ones by the time of the decision, newest first."""
        with reading(self.file) as connection:
            return _newest(connection, chosen, limit)

    def backlog(self, chosen: DecisionFilter, limit: int) -> LogPart:
        """The same, oldest first, and where to go on from."""
        with reading(self.file) as connection:
            found = _newest(connection, chosen, limit)
            return _part(connection, tuple(reversed(found)), 0, _top(connection))

    def top(self) -> int:
        """The `seq` of the one that came in last; 0 when there is none."""
        with reading(self.file) as connection:
            return _top(connection)

    def before_time(self, moment: float) -> int:
        """The highest `seq` behind which everything is that was decided at that moment or later."""
        with reading(self.file) as connection:
            (first,) = connection.execute(_FIRST_SINCE, (moment,)).fetchone()
            return _top(connection) if first is None else int(first) - 1

    def after(self, seq: int, chosen: DecisionFilter, limit: int = 1000) -> LogPart:
        """What came in behind that `seq`, `limit` decisions at most: ask again from `reached`.

        When `reached` is less than `seq`, the decisions that were there are gone, or it is another store.
        """
        where, values = chosen.condition()
        where = where.replace("at >=", "+at >=").replace("at <", "+at <")
        with reading(self.file) as connection:
            top = _top(connection)
            if top <= seq:
                return _part(connection, (), seq, top)
            rows = connection.execute(_AFTER.format(where), [seq, top, *values, limit]).fetchall()
            found = tuple(StoredDecision(number, decision_from(body)) for number, body in rows)
            return _part(connection, found, seq, found[-1].seq if len(found) == limit else top)

    def numbered(self, numbers: Iterable[int]) -> dict[int, StoredDecision]:
        """The decisions with these `seq`."""
        found: dict[int, StoredDecision] = {}
        with reading(self.file) as connection:
            for part in in_parts(numbers):
                marks = ", ".join("?" * len(part))
                rows = connection.execute(f"SELECT seq, body FROM decisions WHERE seq IN ({marks})", part)  # noqa: S608
                found |= {seq: StoredDecision(seq, decision_from(body)) for seq, body in rows}
        return found

    def has(self, chosen: DecisionFilter) -> bool:
        """Whether any decision is like that."""
        where, values = replace(chosen, before=None).condition()
        with reading(self.file) as connection:
            statement = f"SELECT 1 FROM decisions WHERE {where} ORDER BY at DESC LIMIT 1"  # noqa: S608 names are ours
            return connection.execute(statement, values).fetchone() is not None

    def default_hits(self, profile: str) -> tuple[int, float]:
        """How many stored decisions no rule has matched, so that the default profile applied, and the last one's time.

        In monitor mode: would have applied. `profile`: the default one's name.
        """
        with reading(self.file) as connection:
            count, last = connection.execute(_DEFAULT_HITS, (profile,)).fetchone()
        return int(count), float(last or 0.0)


def in_parts(values: Iterable[Any]) -> Iterator[list[Any]]:
    """A few hundred at a time, as many as one statement takes."""
    each = iter(values)
    while part := list(islice(each, _AT_ONCE)):
        yield part


def _newest(connection: sqlite3.Connection, chosen: DecisionFilter, limit: int) -> list[StoredDecision]:
    where, values = chosen.condition()
    rows = connection.execute(_PAGE.format(where), [*values, limit]).fetchall()
    return [StoredDecision(seq, decision_from(body)) for seq, body in rows]


def _top(connection: sqlite3.Connection) -> int:
    return int(connection.execute(_TOP).fetchone()[0])


def _part(connection: sqlite3.Connection, decisions: tuple[StoredDecision, ...], asked: int, reached: int) -> LogPart:
    newest_at = float(connection.execute(_NEWEST_AT).fetchone()[0])
    return LogPart(decisions, reached, _id(connection, asked), _id(connection, reached), newest_at)


def _id(connection: sqlite3.Connection, seq: int) -> str:
    row = connection.execute("SELECT id FROM decisions WHERE seq = ?", (seq,)).fetchone()
    return str(row[0]) if row else ""
