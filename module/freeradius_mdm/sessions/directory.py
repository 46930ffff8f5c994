"""The live sessions as every part of mdmd may look at them, from any thread: only what the store has committed.

A question gives a new list of frozen values, which stays as it is while the directory moves on.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass

from ..compliance import EndpointKey
from .book import Change
from .model import Session, SessionState


@dataclass(frozen=True, slots=True)
class Counts:
    """How many live sessions there are. `by_nas`: by (client, short name); names without a session are not there."""

    authorized: int
    started: int
    by_rule: dict[str, int]
    by_profile: dict[str, int]
    by_nas: dict[tuple[str, str], int]
    by_access: dict[str, int]

    @property
    def live(self) -> int:
        """All of them."""
        return self.authorized + self.started


class SessionDirectory:
    """Live sessions by id, endpoint, network device, rule and profile."""

    def __init__(self, sessions: Iterable[Session] = ()) -> None:
        self._mutex = threading.Lock()
        self._sessions: dict[str, Session] = {}
        self._by_key: dict[Hashable, dict[str, None]] = {}
        self._by_nas: dict[Hashable, dict[str, None]] = {}
        self._by_rule: dict[Hashable, dict[str, None]] = {}
        self._by_profile: dict[Hashable, dict[str, None]] = {}
        self.publish(Change(None, session) for session in sessions)

    def publish(self, changes: Iterable[Change]) -> None:
        """Take over what has been committed."""
        with self._mutex:
            for change in changes:
                if change.before is not None:
                    self._remove(change.before.id)
                if change.after is not None and change.after.live:
                    self._add(change.after)

    def __len__(self) -> int:
        return len(self._sessions)

    def get(self, identifier: str) -> Session | None:
        """The live session of that id."""
        with self._mutex:
            return self._sessions.get(identifier)

    def all(self) -> list[Session]:
        """Every live session."""
        with self._mutex:
            return list(self._sessions.values())

    def of_endpoint(self, key: EndpointKey) -> list[Session]:
        """The live sessions of an endpoint: of a laptop in its dock and in the air, for instance."""
        return self._listed(self._by_key, key)

    def of_nas(self, client: str) -> list[Session]:
        """The live sessions of the network device of that address."""
        return self._listed(self._by_nas, client)

    def of_rule(self, rule: str) -> list[Session]:
        """The live sessions that a rule gave their authorization; "" for the default profile."""
        return self._listed(self._by_rule, rule)

    def of_profile(self, profile: str) -> list[Session]:
        """The live sessions under an authorization profile."""
        return self._listed(self._by_profile, profile)

    def endpoints(self) -> list[EndpointKey]:
        """Every endpoint that has a live session, once."""
        with self._mutex:
            return [key for key in self._by_key if isinstance(key, EndpointKey)]

    def earliest_timer(self, key: EndpointKey) -> float | None:
        """When the first of an endpoint's live sessions reauthenticates by its timer; None when none has one."""
        timers = [each.timer_ends_at for each in self.of_endpoint(key) if each.timer_ends_at is not None]
        return min(timers, default=None)

    def counts(self) -> Counts:
        """Of the live ones."""
        with self._mutex:
            sessions = list(self._sessions.values())
            by_rule, by_profile = _sizes(self._by_rule), _sizes(self._by_profile)
        started = sum(session.state is SessionState.STARTED for session in sessions)
        return Counts(
            authorized=len(sessions) - started,
            started=started,
            by_rule=by_rule,
            by_profile=by_profile,
            by_nas=dict(Counter((session.nas, session.nas_name) for session in sessions)),
            by_access=dict(Counter(session.access for session in sessions)),
        )

    def _listed(self, index: dict[Hashable, dict[str, None]], key: Hashable) -> list[Session]:
        with self._mutex:
            return [self._sessions[each] for each in index.get(key, ())]

    def _add(self, session: Session) -> None:
        self._sessions[session.id] = session
        for index, key in self._places(session):
            index.setdefault(key, {})[session.id] = None

    def _remove(self, identifier: str) -> None:
        session = self._sessions.pop(identifier, None)
        if session is None:
            return
        for index, key in self._places(session):
            del index[key][identifier]
            if not index[key]:
                del index[key]

    def _places(self, session: Session) -> Iterable[tuple[dict[Hashable, dict[str, None]], Hashable]]:
        if (key := session.key) is not None:
            yield self._by_key, key
        yield self._by_nas, session.nas
        yield self._by_rule, session.rule
        yield self._by_profile, session.profile


def _sizes(index: dict[Hashable, dict[str, None]]) -> dict[str, int]:
    return {str(key): len(identifiers) for key, identifiers in index.items()}
