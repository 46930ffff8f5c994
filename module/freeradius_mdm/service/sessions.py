"""Keeps the sessions: follows the journal, ages what is lost, takes down what a change of authorization did.

Whatever changes sessions goes through here, in a thread of the caller's: first the book, then the store, then, once
that is committed, the directory that everybody reads, and those who want to know.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from ..accounting import AccountingEvent, AccountingStatus
from ..decision import Decision
from ..download.record import Download
from ..sessions import ledger
from ..sessions.book import Book, Change
from ..sessions.directory import SessionDirectory
from ..sessions.ledger import Tally
from ..sessions.model import EndCause, Session
from ..store.write import JournalPosition, JournalReject, StoreWriter
from .events import EventLog

Line = Decision | AccountingEvent | Download  # what a journal line can say
Listener = Callable[[Sequence[Change]], None]
_MOST_TOLD = 200  # kinds of odd accounting that are told, each once


class SessionKeeper:
    """One in a mdmd. Loads what the store has. Raises StoreError.

    `node`: this host's name. Methods may be called in any thread, and wait for each other and for the store.
    """

    def __init__(self, writer: StoreWriter, events: EventLog, now: float, node: str) -> None:
        self._writer = writer
        self._events = events
        self._node = node
        self._mutex = threading.Lock()
        found = writer.sessions(now - ledger.REMEMBERED)
        self._book = Book(found)
        self._listeners: list[Listener] = []
        # Accounting that may be about another node's sessions, once it is stored: see `accounted_elsewhere`.
        self.on_foreign: list[Callable[[Sequence[AccountingEvent]], None]] = []
        self._told: set[tuple[str, str]] = set()
        self.directory = SessionDirectory(session for session in found if session.live)
        self.tally = Tally()  # since the start

    def on_change(self, listener: Listener) -> None:
        """Have every committed change told, in order, in the thread that made it. A listener must not call back."""
        self._listeners.append(listener)

    def ingest(
        self,
        lines: Sequence[Line],
        rejects: Sequence[JournalReject],
        reached: JournalPosition,
        now: float,
    ) -> list[Decision]:
        """Store what was read from the journal and what it makes of the sessions, all or nothing.

        `lines`: what the lines said, in their order. the decisions that were new. Raises StoreError, and then
        nothing has changed.
        """
        decisions = [line for line in lines if isinstance(line, Decision)]
        downloads = [line for line in lines if isinstance(line, Download)]
        tally = Tally()
        foreign: list[AccountingEvent] = []

        def apply(new: Sequence[Decision]) -> Iterable[Session]:
            nonlocal tally
            tally = self._apply(lines, {id(each) for each in new}, foreign)
            return _stored(self._book.so_far())

        with self._mutex:
            with self._book.changes() as changes:
                new = self._writer.ingest(decisions, rejects, reached, now, downloads, apply)
            self.tally = self.tally.plus(tally)
            self._publish(changes)
        self._tell_odd(lines)
        for listener in self.on_foreign if foreign else ():
            listener(foreign)
        return new

    def age(self, now: float, lost_after: float) -> int:
        """End what was not heard of for too long (seconds); returns how many. Call it about once a minute."""
        with self._mutex:
            with self._book.changes() as changes:
                ledger.aged(self._book, now, lost_after)
                stored = _stored(self._book.so_far())
                if stored:
                    self._writer.put_sessions(stored)
            self._publish(changes)
        for session in stored:
            self._events.info("session_lost", session=session.id, nas=session.nas, mac=session.mac, user=session.user)
        return len(stored)

    def end(self, identifier: str, cause: EndCause, at: float, result: str = "") -> Session | None:
        """A session has ended by something else than accounting: GONE or DISCONNECTED, with the result of the CoA.

        Returns the session, None when no live one has that id (any more).
        """
        return self._amend(identifier, lambda session: ledger.ended(_with_result(session, at, result), cause, at))

    def coa_result(self, identifier: str, at: float, result: str) -> Session | None:
        """Record what came of a change of authorization with a session that goes on; as `end` otherwise."""
        return self._amend(identifier, lambda session: _with_result(session, at, result))

    def pushed(
        self, identifier: str, at: float, result: str, decision_id: str, rule: str, profile: str
    ) -> Session | None:
        """A push has changed what a session had by that decision; by a newer one it has that. As `end` otherwise."""

        def amended(session: Session) -> Session:
            told = _with_result(session, at, result)
            return told if session.decision_id != decision_id else replace(told, rule=rule, profile=profile)

        return self._amend(identifier, amended)

    def take_over(self, sessions: Iterable[Session]) -> None:
        """Sessions that another node has told of: each replaces what is known of it here, if it is newer."""
        with self._mutex:
            with self._book.changes() as changes:
                for session in sessions:
                    ledger.taken_over(self._book, session)
                self._writer.put_sessions(_stored(self._book.so_far()))
            self._publish(changes)

    def authorized_elsewhere(self, session: Session) -> Session | None:
        """Another node has authorized a session; what it was here under another id has ended by that. Returns that one.

        Network devices change their server, when it does not answer, to share out the load, or when it is back.
        """
        with self._mutex:
            with self._book.changes() as changes:
                after = ledger.authorized_elsewhere(self._book, session)
                if after is None:
                    return None
                self._writer.put_sessions([after])
            self._publish(changes)
            return after

    def accounted_elsewhere(self, event: AccountingEvent) -> bool:
        """Another node got an Accounting-Request about a session it does not know; True when it is one of these.

        Network devices may send authentication to one server and accounting to another.
        """
        with self._mutex:
            with self._book.changes() as changes:
                applied = ledger.accounted(self._book, event).applied > 0
                stored = _stored(self._book.so_far())
                if stored:
                    self._writer.put_sessions(stored)
            self._publish(changes)
        return applied

    def known(self, identifier: str) -> Session | None:
        """The session of that id, an ended one too while it is remembered."""
        with self._mutex:
            return self._book.get(identifier)

    def forget(self, identifier: str) -> bool:
        """Another node answers for a session: it is removed here, and has not ended. False: it was not known."""
        with self._mutex:
            with self._book.changes() as changes:
                session = self._book.get(identifier)
                if session is None or not session.live:
                    return False
                self._book.forget(identifier)
                self._writer.delete_session(identifier)
            self._publish(changes)
            return True

    def _amend(self, identifier: str, amended: Callable[[Session], Session]) -> Session | None:
        with self._mutex:
            with self._book.changes() as changes:
                session = self._book.get(identifier)
                if session is None or not session.live:
                    return None
                after = amended(session)
                self._book.put(after)
                self._writer.put_sessions([after])
            self._publish(changes)
            return after

    def _apply(self, lines: Sequence[Line], new: set[int], foreign: list[AccountingEvent]) -> Tally:
        tally = Tally()
        for line in lines:
            if isinstance(line, AccountingEvent):
                found = ledger.accounted(self._book, line)
                tally = tally.plus(found)
                if found.unmatched or line.status in (AccountingStatus.ON, AccountingStatus.OFF):
                    foreign.append(line)
            elif isinstance(line, Decision) and id(line) in new:
                ledger.decided(self._book, line, self._node)
        return tally

    def _publish(self, changes: Sequence[Change]) -> None:
        if not changes:
            return
        self.directory.publish(changes)
        for listener in self._listeners:
            listener(changes)

    def _tell_odd(self, lines: Sequence[Line]) -> None:
        for line in lines:
            if isinstance(line, AccountingEvent) and line.problem:
                kind = (line.nas, line.problem)
                if kind not in self._told and len(self._told) < _MOST_TOLD:
                    self._told.add(kind)
                    self._events.warning("accounting_odd", nas=line.nas, name=line.client_name, problem=line.problem)


def _with_result(session: Session, at: float, result: str) -> Session:
    return replace(session, coa_at=at, coa_result=result) if result else session


def _stored(changes: Iterable[Change]) -> list[Session]:
    """What has to be written: a session that is only forgotten here stays in the store."""
    return [change.after for change in changes if change.after is not None]
