"""Writing the store: for mdmd alone.

One process writes, held to that by a lock on `mdmd.lock`; inside it any thread may, one transaction at a
time. A method that has returned has committed: readers see it at once, and killing the process loses nothing.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..compliance import ComplianceAnswer, EndpointKey
from ..decision import Decision
from ..errors import StoreError
from . import schema

KEEP_DECISIONS = 90 * 86400.0  # seconds
_PURGE_ROWS = 2000  # per transaction, so that an answer never waits long behind the retention
_FAILURE_LENGTH = 500  # characters

_PUT_ANSWER = """
INSERT INTO records (server, kind, value, registration, compliance, managed, macs, answered_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET registration = excluded.registration, compliance = excluded.compliance,
    managed = excluded.managed, macs = excluded.macs, answered_at = excluded.answered_at,
    failed_at = 0, failure = ''
"""
_PUT_FAILURE = """
INSERT INTO records (server, kind, value, failed_at, failure) VALUES (?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET failed_at = excluded.failed_at, failure = excluded.failure
"""
_ADD_DECISION = """
INSERT INTO decisions
    (id, at, outcome, user, mac, identity, nas_address, server, rule, profile, reason_code, body)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING
"""
_COUNT_HIT = """
INSERT INTO rules (name, hits, last_hit) VALUES (?, 1, ?)
ON CONFLICT DO UPDATE SET hits = hits + 1, last_hit = max(last_hit, excluded.last_hit)
"""


@dataclass(frozen=True, slots=True)
class JournalPosition:
    """Everything before `position` (bytes) of that file has been dealt with."""

    segment: str
    inode: int
    position: int


@dataclass(frozen=True, slots=True)
class JournalReject:
    """A journal line that could not be understood, as it stands in the file."""

    segment: str
    position: int
    reason: str
    line: bytes


class StoreWriter:
    """The one writer of `directory/store.sqlite`. Makes directory, file and schema when they are missing.

    `busy_timeout`: seconds to wait for another process that holds the file, a backup for instance.
    Raises StoreError when another mdmd uses the directory, or the file can't be used.
    """

    def __init__(self, directory: Path, busy_timeout: float = 2.0) -> None:
        self._file = directory / "store.sqlite"
        self._mutex = threading.Lock()
        try:
            schema.make_directory(directory)
            self._lock = _lock(directory / "mdmd.lock")
        except OSError as error:
            raise StoreError(f"state directory {directory} can't be used: {error.strerror}") from error
        try:
            self._connection = _open(self._file, busy_timeout)
        except StoreError:
            os.close(self._lock)
            raise

    def put_answer(self, key: EndpointKey, answer: ComplianceAnswer, at: float) -> None:
        """Store what the MDM server answered at `at`; an earlier failure is forgotten."""
        told = (answer.registration.value, answer.compliance.value, answer.managed.value)
        with self._transaction() as connection:
            connection.execute(_PUT_ANSWER, (key.server, key.kind.value, key.value, *told, " ".join(answer.macs), at))

    def put_failure(self, key: EndpointKey, failure: str, at: float) -> None:
        """Store that asking failed at `at`, with code and text; the last answer is kept."""
        line = " ".join(failure.split())[:_FAILURE_LENGTH]
        with self._transaction() as connection:
            connection.execute(_PUT_FAILURE, (key.server, key.kind.value, key.value, at, line))

    def ingest(
        self,
        decisions: Sequence[Decision],
        rejects: Sequence[JournalReject],
        reached: JournalPosition,
        now: float,
    ) -> list[Decision]:
        """Store what was read from the journal together with how far that was, all or nothing.

        Returns the decisions that were new. One that is there already (a journal file copied back by hand) is
        neither stored nor counted twice.
        """
        new = []
        with self._transaction() as connection:
            for decision in decisions:
                if connection.execute(_ADD_DECISION, _columns(decision)).rowcount == 1:
                    new.append(decision)
            # In monitor mode the rule that matched is the one that would have been enforced.
            hits = [(decision.rule or decision.would_be_rule, decision.at) for decision in new]
            connection.executemany(_COUNT_HIT, [hit for hit in hits if hit[0]])
            connection.executemany(
                "INSERT INTO journal_rejects (segment, position, at, reason, line) VALUES (?, ?, ?, ?, ?)",
                [(reject.segment, reject.position, now, reject.reason, reject.line) for reject in rejects],
            )
            connection.execute(
                "REPLACE INTO journal_positions VALUES (?, ?, ?)",
                (reached.segment, reached.inode, reached.position),
            )
        return new

    def positions(self) -> dict[str, JournalPosition]:
        """How far each journal segment has been read, by the segment's name."""
        with self._mutex, _clear_errors(self._file):
            rows = self._connection.execute("SELECT segment, inode, position FROM journal_positions").fetchall()
        return {row[0]: JournalPosition(*row) for row in rows}

    def forget(self, segments: Iterable[str]) -> None:
        """Drop the positions of segments that are gone."""
        with self._transaction() as connection:
            connection.executemany(
                "DELETE FROM journal_positions WHERE segment = ?", [(segment,) for segment in segments]
            )

    def purge(self, before: float) -> int:
        """Delete decisions and journal rejects older than that moment; returns the number of decisions."""
        deleted = 0
        for table in ("decisions", "journal_rejects"):
            statement = f"DELETE FROM {table} WHERE seq IN (SELECT seq FROM {table} WHERE at < ? LIMIT {_PURGE_ROWS})"  # noqa: S608
            count = _PURGE_ROWS
            while count == _PURGE_ROWS:
                with self._transaction() as connection:
                    count = connection.execute(statement, (before,)).rowcount
                deleted += count if table == "decisions" else 0
        return deleted

    def close(self) -> None:
        """Close the file and let go of the lock."""
        with self._mutex:
            self._connection.close()
            os.close(self._lock)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._mutex, _clear_errors(self._file):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                # A full disk makes SQLite roll back by itself.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise


def _lock(path: Path) -> int:
    schema.make_file(path)
    handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
    except BlockingIOError as error:
        holder = os.pread(handle, 20, 0).decode("ascii", "replace").strip() or "unknown"
        os.close(handle)
        raise StoreError(
            f"another mdmd (process {holder}) uses {path.parent}: stop it, or set another state_directory"
        ) from error
    except OSError:
        os.close(handle)
        raise
    return handle


def _open(file: Path, busy_timeout: float) -> sqlite3.Connection:
    try:
        schema.make_file(file)
        connection = sqlite3.connect(file, timeout=busy_timeout, isolation_level=None, check_same_thread=False)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"store {file} can't be opened: {error}") from error
    try:
        schema.upgrade(connection)
    except (ValueError, sqlite3.Error) as error:
        connection.close()
        raise StoreError(f"store {file} can't be used: {error}") from error
    return connection


@contextmanager
def _clear_errors(file: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise StoreError(f"store {file} can't be used: {error}") from error


def _columns(decision: Decision) -> tuple[str | float, ...]:
    return (
        decision.id,
        decision.at,
        decision.outcome.value,
        decision.user,
        decision.mac,
        decision.identity,
        decision.nas_address,
        decision.server,
        decision.rule,
        decision.profile,
        decision.reason_code,
        decision.to_json(),
    )
