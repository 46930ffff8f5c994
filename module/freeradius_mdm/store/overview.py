"""Endpoints and MDM servers at a glance, for tools: records with what the decisions and the sessions know besides."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..compliance import ComplianceRecord, EndpointKey, IdKind
from .asking import reading
from .decision_log import in_parts
from .read import RECORD_COLUMNS, record_from

_RECORDS = f"""
SELECT server, kind, value, {RECORD_COLUMNS}, (SELECT max(seq) FROM decisions WHERE identity = records.value)
FROM records WHERE (?1 IS NULL OR server = ?1) AND (?2 IS NULL OR value = ?2)
"""  # noqa: S608 constant
_LIVE_KEYS = """
SELECT server, identity_kind, identity, count(*) FROM sessions WHERE state != 'ended' AND identity != ''
GROUP BY 1, 2, 3
"""
_NEWEST_OF = "SELECT max(seq) FROM decisions WHERE identity = ?"
_OF_MAC = """
SELECT identity FROM decisions WHERE mac = ?1 UNION SELECT identity FROM sessions WHERE mac = ?1
"""
_COUNTS = """
SELECT server, count(*), sum(registration IS NOT NULL), sum(failed_at > 0), max(answered_at), max(failed_at)
FROM records GROUP BY server
"""
_LATEST_FAILURE = "SELECT failure FROM records WHERE server = ? AND failed_at = ? LIMIT 1"
_DUE = "SELECT count(*) FROM records WHERE server = ? AND registration IS NOT NULL AND answered_at <= ?"


@dataclass(frozen=True, slots=True)
class KnownEndpoint:
    """`record` is None for one with a live session that the MDM server was never asked about.

    `newest`: the `seq` of its newest decision, 0 when there is none (any more). `sessions`: how many are live.
    """

    key: EndpointKey
    record: ComplianceRecord | None
    newest: int
    sessions: int


@dataclass(frozen=True, slots=True)
class RecordCounts:
    """The records of one MDM server.

    `answered`: those with an answer. `failing`: those whose last question failed. Times: the latest of all, seconds
    since the epoch, 0 for never. `failure` is the latest one's code and text.
    """

    server: str
    records: int
    answered: int
    failing: int
    answered_at: float
    failed_at: float
    failure: str


class Overview:
    """Read-only questions. Thread safe: each opens the file anew, about 0.2 ms. Raise StoreError."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def endpoints(self, server: str | None = None, value: str | None = None) -> list[KnownEndpoint]:
        """Every endpoint with a record or a live session, in no order."""
        with reading(self._file) as connection:
            sessions = {
                key: count
                for *parts, count in connection.execute(_LIVE_KEYS)
                if (key := _key(*parts)) is not None and server in (None, key.server) and value in (None, key.value)
            }
            found = []
            for row in connection.execute(_RECORDS, (server, value)):
                key = EndpointKey(row[0], IdKind(row[1]), row[2])
                found.append(KnownEndpoint(key, record_from(key, row[3:-1]), row[-1] or 0, sessions.pop(key, 0)))
            for key, count in sessions.items():
                newest = connection.execute(_NEWEST_OF, (key.value,)).fetchone()[0]
                found.append(KnownEndpoint(key, None, newest or 0, count))
        return found

    def identities_of(self, mac: str) -> frozenset[str]:
        """What was asked about for requests from that MAC address, by the decisions and sessions that are stored."""
        with reading(self._file) as connection:
            return frozenset(row[0] for row in connection.execute(_OF_MAC, (mac,)) if row[0])

    def users_of(self, numbers: Iterable[int]) -> dict[int, str]:
        """User-Name by `seq` of decisions."""
        found: dict[int, str] = {}
        with reading(self._file) as connection:
            for part in in_parts(numbers):
                marks = ", ".join("?" * len(part))
                found |= dict(connection.execute(f"SELECT seq, user FROM decisions WHERE seq IN ({marks})", part))  # noqa: S608
        return found

    def servers(self) -> list[RecordCounts]:
        """By name, those of former servers too."""
        with reading(self._file) as connection:
            counted = []
            for server, records, answered, failing, answered_at, failed_at in connection.execute(_COUNTS).fetchall():
                row = connection.execute(_LATEST_FAILURE, (server, failed_at)).fetchone() if failed_at else None
                failure = row[0] if row else ""
                counted.append(RecordCounts(server, records, answered, failing, answered_at, failed_at, failure))
        return counted

    def due(self, server: str, answered_before: float) -> int:
        """How many answers of that server are that old, or older."""
        with reading(self._file) as connection:
            return int(connection.execute(_DUE, (server, answered_before)).fetchone()[0])


def _key(server: str, kind: str, value: str) -> EndpointKey | None:
    try:
        return EndpointKey(server, IdKind(kind), value)
    except ValueError:
        return None
