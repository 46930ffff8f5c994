"""Writing the store: for mdmd alone.

One process writes, held to that by a lock on `mdmd.lock`; inside it any thread may, one transaction at a
time. A method that has returned has committed: readers see it at once, and killing the process loses nothing.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..compliance import ComplianceAnswer, EndpointKey
from ..decision import Decision
from ..download.record import Download
from ..errors import StoreError
from ..exemption import Exemption
from ..sessions.model import Session
from . import coa_orders, dacls, exemptions_table, record_changes, retention, schema
from . import sessions as session_table
from .coa_orders import CoaOrder
from .dacls import AclVersion
from .opening import clear_errors, lock, open_for_writing
from .record_changes import RecordChange

# What the sessions become through the decisions that were new.
ChangeSessions = Callable[[Sequence[Decision]], Iterable[Session]]

_PURGE_ROWS = 2000  # per transaction, so that an answer never waits long behind the retention
_FAILURE_LENGTH = 500  # characters

_PUT_ANSWER = """
INSERT INTO records (server, kind, value, registration, compliance, managed, macs, answered_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET registration = excluded.registration, compliance = excluded.compliance,
    managed = excluded.managed, macs = excluded.macs, answered_at = excluded.answered_at,
    failed_at = 0, failure = ''
"""
_ANSWERED_AT = "SELECT answered_at FROM records WHERE server = ? AND kind = ? AND value = ?"
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
            self._lock = lock(directory / "mdmd.lock")
        except OSError as error:
            raise StoreError(f"state directory {directory} can't be used: {error.strerror}") from error
        try:
            self._connection = open_for_writing(self._file, busy_timeout)
        except StoreError:
            os.close(self._lock)
            raise

    def put_answer(self, key: EndpointKey, answer: ComplianceAnswer, at: float) -> RecordChange | None:
        """Store what the MDM server answered at `at`; an earlier failure is forgotten.

        Returns what changed by it, which stays unsettled until `settle` is called.
        """
        with self._transaction() as connection:
            return _put_answer(connection, key, answer, at)

    def put_newer_answer(
        self, key: EndpointKey, answer: ComplianceAnswer, at: float
    ) -> tuple[bool, RecordChange | None]:
        """The same for an answer that another node was given, unless the one that is there was given later.

        Returns whether it was stored, and what changed by it.
        """
        with self._transaction() as connection:
            columns = (key.server, key.kind.value, key.value)
            known = connection.execute(_ANSWERED_AT, columns).fetchone()
            if known is not None and known[0] >= at:
                return False, None
            return True, _put_answer(connection, key, answer, at)

    def settle(self, key: EndpointKey, at: float) -> None:
        """The change of that moment has had its effect."""
        with self._transaction() as connection:
            record_changes.settle(connection, key, at)

    def unsettled(self) -> list[RecordChange]:
        """The changes that have not been settled, in the order of time."""
        with self._mutex, clear_errors(self._file):
            return record_changes.unsettled(self._connection)

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
        downloads: Sequence[Download] = (),
        sessions: ChangeSessions | None = None,
    ) -> list[Decision]:
        """Store what was read from the journal together with how far that was, all or nothing.

        Returns the decisions that were new. One that is there already (a journal file copied back by hand) is
        neither stored nor counted twice. `sessions` is called inside the transaction with the new decisions, and gives
        the sessions that are different now.
        """
        new = []
        with self._transaction() as connection:
            for decision in decisions:
                if connection.execute(_ADD_DECISION, _columns(decision)).rowcount == 1:
                    new.append(decision)
            # In monitor mode the rule that matched is the one that would have been enforced.
            hits = [(decision.rule or decision.would_be_rule, decision.at) for decision in new]
            connection.executemany(_COUNT_HIT, [hit for hit in hits if hit[0]])
            dacls.hand(connection, new)
            if sessions is not None:
                session_table.put(connection, sessions(new))
            dacls.add_downloads(connection, downloads)  # after what was handed out, which each is linked with
            connection.executemany(
                "INSERT INTO journal_rejects (segment, position, at, reason, line) VALUES (?, ?, ?, ?, ?)",
                [(reject.segment, reject.position, now, reject.reason, reject.line) for reject in rejects],
            )
            connection.execute(
                "REPLACE INTO journal_positions VALUES (?, ?, ?)",
                (reached.segment, reached.inode, reached.position),
            )
        return new

    def put_dacl_versions(self, versions: Iterable[AclVersion], at: float) -> None:
        """Store that these downloadable ACLs are in force at that moment."""
        with self._transaction() as connection:
            dacls.put_versions(connection, versions, at)

    def put_redirect_url(self, server: str, redirect_url: str, at: float) -> None:
        """Store the page where the MDM server lets a user enrol or mend the device; "" when it names none."""
        with self._transaction() as connection:
            connection.execute("REPLACE INTO server_info VALUES (?, ?, ?)", (server, redirect_url, at))

    def put_sessions(self, changed: Iterable[Session]) -> None:
        """Store sessions that have changed for another reason than the journal."""
        with self._transaction() as connection:
            session_table.put(connection, changed)

    def delete_session(self, identifier: str) -> None:
        """Delete a session that another node answers for."""
        with self._transaction() as connection:
            session_table.delete(connection, identifier)

    def put_decisions(self, decisions: Iterable[Decision]) -> None:
        """Store decisions of another node, whose sessions are this one's now. They are no hits of a rule here."""
        with self._transaction() as connection:
            connection.executemany(_ADD_DECISION, map(_columns, decisions))

    def sessions(self, ended_since: float) -> list[Session]:
        """The live sessions, and those that have ended since."""
        with self._mutex, clear_errors(self._file):
            return session_table.load(self._connection, ended_since)

    def purge_sessions(self, before: float) -> int:
        """Delete sessions that ended before that moment; returns how many."""
        deleted = count = 0
        while True:
            with self._transaction() as connection:
                count = session_table.purge(connection, before)
            deleted += count
            if not count:
                return deleted

    def put_orders(self, orders: Iterable[CoaOrder], pushed: Iterable[Decision] = ()) -> None:
        """Store orders to network devices; `pushed`: authorizations that a device is told of by one of them."""
        with self._transaction() as connection:
            coa_orders.put(connection, orders)
            dacls.hand(connection, pushed)

    def unsettled_orders(self) -> list[CoaOrder]:
        """The orders that something has still to come of."""
        with self._mutex, clear_errors(self._file):
            return coa_orders.unsettled(self._connection)

    def purge_orders(self, before: float) -> int:
        """Delete settled orders that have not changed since that moment; returns how many."""
        deleted = count = 0
        while True:
            with self._transaction() as connection:
                count = coa_orders.purge(connection, before)
            deleted += count
            if not count:
                return deleted

    def make_exemption(self, asked: Exemption) -> Exemption:
        """Store a new exemption; as it was stored."""
        with self._transaction() as connection:
            return exemptions_table.make(connection, asked)

    def end_exemption(self, identifier: str, at: float, by: str, reason: str) -> Exemption | None:
        """End an exemption before its time; None when there is none of that id, or it was ended already."""
        with self._transaction() as connection:
            return exemptions_table.end(connection, identifier, at, by, reason)

    def merge_exemptions(self, told: Iterable[Exemption]) -> list[Exemption]:
        """Store what another node knows; returns those of which something was new."""
        with self._transaction() as connection:
            return [each for each in told if exemptions_table.merge(connection, each)]

    def unsettled_exemptions(self, now: float) -> list[Exemption]:
        """Those made, ended or expired for which live sessions have not been looked at."""
        with self._mutex, clear_errors(self._file):
            return exemptions_table.unsettled(self._connection, now)

    def settle_exemption(self, identifier: str, *, over: bool) -> None:
        """Live sessions have been looked at for its having been made, or for its being over."""
        with self._transaction() as connection:
            exemptions_table.settle(connection, identifier, over=over)

    def purge_exemptions(self, before: float) -> int:
        """Delete exemptions whose time was over before that moment; returns how many."""
        with self._transaction() as connection:
            return exemptions_table.purge(connection, before)

    def positions(self) -> dict[str, JournalPosition]:
        """How far each journal segment has been read, by the segment's name."""
        with self._mutex, clear_errors(self._file):
            rows = self._connection.execute("SELECT segment, inode, position FROM journal_positions").fetchall()
        return {row[0]: JournalPosition(*row) for row in rows}

    def forget(self, segments: Iterable[str]) -> None:
        """Drop the positions of segments that are gone."""
        with self._transaction() as connection:
            connection.executemany(
                "DELETE FROM journal_positions WHERE segment = ?", [(segment,) for segment in segments]
            )

    def purge(self, before: float) -> int:
        """Delete decisions, journal rejects and downloads older than that moment; returns the number of decisions."""
        return retention.purge_decisions(self._transaction, before)

    def strip_requests(self, since: float, before: float) -> int:
        """Drop the request's attributes of decisions in that time which no live session stands on."""
        return retention.strip_requests(self._transaction, since, before)

    def purge_dacls(self, before: float) -> int:
        """Delete ACL versions last in force before that moment; returns how many. See `dacls.purge`."""
        with self._transaction() as connection:
            return dacls.purge(connection, before)

    def close(self) -> None:
        """Close the file and let go of the lock."""
        with self._mutex:
            self._connection.close()
            os.close(self._lock)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._mutex, clear_errors(self._file):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                # A full disk makes SQLite roll back by itself.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise


def _put_answer(
    connection: sqlite3.Connection, key: EndpointKey, answer: ComplianceAnswer, at: float
) -> RecordChange | None:
    told = (answer.registration.value, answer.compliance.value, answer.managed.value)
    change = record_changes.note(connection, key, answer, at)
    connection.execute(_PUT_ANSWER, (key.server, key.kind.value, key.value, *told, " ".join(answer.macs), at))
    return change


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
