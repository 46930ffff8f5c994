"""What the store forgets, a few rows at a time, so that an answer never waits long behind it."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager

KEEP_DECISIONS = 90 * 86400.0  # seconds
# A request's attributes are half of a decision. Deciding again needs them while the decision is in force.
KEEP_REQUESTS = 2 * 86400.0
_ROWS = 2000  # per transaction

Transaction = Callable[[], AbstractContextManager[sqlite3.Connection]]

_STRIP = """
UPDATE decisions SET body = json_set(body, '$.request', json('[]')) WHERE seq IN (
    SELECT seq FROM decisions WHERE at >= ? AND at < ? AND instr(body, '"request":[[')
        AND id NOT IN (SELECT decision_id FROM sessions WHERE state != 'ended'))
"""
_PART_ENDS = f"SELECT at FROM decisions WHERE at >= ? AND at < ? ORDER BY at LIMIT 1 OFFSET {_ROWS}"  # noqa: S608


def purge_decisions(transaction: Transaction, before: float) -> int:
    """Delete decisions, journal rejects and downloads older than that moment; returns the number of decisions."""
    deleted = 0
    for table in ("decisions", "journal_rejects", "downloads"):
        statement = f"DELETE FROM {table} WHERE seq IN (SELECT seq FROM {table} WHERE at < ? LIMIT {_ROWS})"  # noqa: S608
        count = _ROWS
        while count == _ROWS:
            with transaction() as connection:
                count = connection.execute(statement, (before,)).rowcount
            deleted += count if table == "decisions" else 0
    return deleted


def strip_requests(transaction: Transaction, since: float, before: float) -> int:
    """Drop the request's attributes of decisions made in that time which no live session stands on."""
    # By parts of the time, each row once: to look for what is left would go over what is done again and again.
    stripped = 0
    while since < before:
        with transaction() as connection:
            row = connection.execute(_PART_ENDS, (since, before)).fetchone()
            end = before if row is None else max(float(row[0]), math.nextafter(since, math.inf))
            stripped += connection.execute(_STRIP, (since, end)).rowcount
        since = end
    return stripped
