"""From the session directory to the rechecks: which endpoints have a live session, and when its timer ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ...compliance import EndpointKey
from ...sessions.book import Change
from ...sessions.directory import SessionDirectory
from .runner import Recheck


class Feed:
    """`in_loop` has a function called in the event loop, from any thread. `wall`: seconds since the epoch."""

    def __init__(
        self,
        directory: SessionDirectory,
        recheck: Recheck,
        in_loop: Callable[[Callable[[], None]], None],
        wall: Callable[[], float],
    ) -> None:
        self._directory = directory
        self._recheck = recheck
        self._in_loop = in_loop
        self._wall = wall

    def start(self) -> None:
        """Take over every live session. In the event loop."""
        self._look_at(self._directory.endpoints())

    def changed(self, changes: Sequence[Change]) -> None:
        """Sessions have changed (`SessionKeeper.on_change`). In any thread."""
        sessions = [session for change in changes for session in (change.before, change.after) if session is not None]
        keys = list(dict.fromkeys(session.key for session in sessions if session.key is not None))
        if keys:
            self._in_loop(lambda: self._look_at(keys))

    def _look_at(self, keys: Sequence[EndpointKey]) -> None:
        now = self._wall()
        for key in keys:
            sessions = self._directory.of_endpoint(key)
            if not sessions:
                self._recheck.forget(key)
                continue
            # One that has ended without a reauthentication has nothing to be ahead of.
            timers = [each.timer_ends_at for each in sessions if each.timer_ends_at and each.timer_ends_at > now]
            self._recheck.track(key, min(timers, default=None))
