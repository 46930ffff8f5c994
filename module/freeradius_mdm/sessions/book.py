"""The sessions by everything that matching looks for, changed by one thread, all or nothing.

Live ones, and ended ones for a while, so that accounting which comes late finds its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from .model import Session

_Index = dict[tuple[str, str], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Change:
    """One session before and after; `before` is None for one that is new, `after` None for one that is forgotten."""

    before: Session | None
    after: Session | None


class Book:
    """Implements matching.Candidates. Not thread safe."""

    def __init__(self, sessions: Iterable[Session] = ()) -> None:
        self._sessions: dict[str, Session] = {}
        self._by_decision: dict[str, str] = {}
        self._audit: _Index = {}
        self._acct: _Index = {}
        self._station: _Index = {}
        self._live: dict[str, dict[str, None]] = {}
        self._changed: dict[str, Session | None] | None = None  # each session as it was when `changes` was entered
        for session in sessions:
            self.put(session)

    def __len__(self) -> int:
        return len(self._sessions)

    def __iter__(self) -> Iterator[Session]:
        """Every session, live or remembered; the book must not change meanwhile."""
        return iter(self._sessions.values())

    @contextmanager
    def changes(self) -> Iterator[list[Change]]:
        """What is changed inside is undone when that raises; the list is filled by `so_far`, or at the end."""
        assert self._changed is None
        self._changed = {}
        found: list[Change] = []
        try:
            yield found
            found[:] = self.so_far()
        except BaseException:
            before, self._changed = self._changed, None
            for identifier, session in before.items():
                self._remove(identifier)
                if session is not None:
                    self.put(session)
            raise
        finally:
            self._changed = None

    def so_far(self) -> list[Change]:
        """One Change for each session that is different from what it was when `changes` was entered."""
        was = (self._changed or {}).items()
        found = [Change(before, self._sessions.get(identifier)) for identifier, before in was]
        return [each for each in found if each.before != each.after]

    def get(self, identifier: str) -> Session | None:
        """The session of that id."""
        return self._sessions.get(identifier)

    def put(self, session: Session) -> None:
        """Add a session, or put it in the place of the one with its id."""
        self._remove(session.id)
        self._sessions[session.id] = session
        for decision_id in {session.id, session.decision_id}:
            self._by_decision[decision_id] = session.id
        for index, key in _keys(self, session):
            index[key] = (*index.get(key, ()), session.id)
        if session.live:
            self._live.setdefault(session.nas, {})[session.id] = None

    def forget(self, identifier: str) -> None:
        """Remove a session."""
        self._remove(identifier)

    def _remove(self, identifier: str) -> None:
        session = self._sessions.pop(identifier, None)
        if self._changed is not None:
            self._changed.setdefault(identifier, session)
        if session is None:
            return
        for decision_id in {session.id, session.decision_id}:
            if self._by_decision.get(decision_id) == session.id:
                del self._by_decision[decision_id]
        for index, key in _keys(self, session):
            rest = tuple(each for each in index.get(key, ()) if each != identifier)
            if rest:
                index[key] = rest
            else:
                index.pop(key, None)
        if session.live:
            live = self._live[session.nas]
            del live[identifier]
            if not live:
                del self._live[session.nas]

    def by_decision(self, decision_id: str) -> Session | None:
        """See matching.Candidates."""
        identifier = self._by_decision.get(decision_id)
        return None if identifier is None else self._sessions[identifier]

    def by_audit(self, nas: str, audit_session_id: str) -> list[Session]:
        """See matching.Candidates."""
        return self._of(self._audit.get((nas, audit_session_id), ()))

    def by_acct(self, nas: str, acct_session_id: str) -> list[Session]:
        """See matching.Candidates."""
        return self._of(self._acct.get((nas, acct_session_id), ()))

    def by_station(self, nas: str, mac: str, calling_station: str) -> list[Session]:
        """See matching.Candidates."""
        found: dict[str, None] = {}
        for text in (mac, calling_station.lower()):
            if text:
                found |= dict.fromkeys(self._station.get((nas, text), ()))
        return self._of(found)

    def by_nas(self, nas: str) -> list[Session]:
        """See matching.Candidates."""
        return self._of(self._live.get(nas, ()))

    def _of(self, identifiers: Iterable[str]) -> list[Session]:
        return [self._sessions[each] for each in identifiers]


def _keys(book: Book, session: Session) -> Iterator[tuple[_Index, tuple[str, str]]]:
    """Where a session stands in each index, each place once."""
    if session.audit_session_id:
        yield book._audit, (session.nas, session.audit_session_id)
    for identifier in dict.fromkeys(session.acct_session_ids):
        yield book._acct, (session.nas, identifier)
    for text in dict.fromkeys((session.mac, session.calling_station.lower())):
        if text:
            yield book._station, (session.nas, text)
