"""Answers of MDM servers: one is enough for all nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ...compliance import ComplianceAnswer, EndpointKey
from ..events import EventLog
from . import wire
from .calls import Calls, CutOffError
from .line import Command, Line
from .outbox import Outbox, Parcel
from .protocol import SharedAnswer
from .scripts import Scripts

_SCAN = 500  # keys at a time
_GIVE_UP = 5.0  # seconds


class Answers:
    """`keep_for`: how long an answer of that server is worth keeping, in seconds from when it was given.

    That is the server's reauth_interval plus last_known_for; 0 for a server that is not known here.
    """

    def __init__(
        self,
        node: str,
        calls: Calls,
        outbox: Outbox,
        scripts: Scripts,
        keep_for: Callable[[str], float],
        events: EventLog,
        wall: Callable[[], float],
    ) -> None:
        self._node = node
        self._calls = calls
        self._outbox = outbox
        self._scripts = scripts
        self._keep_for = keep_for
        self._events = events
        self._wall = wall
        self._complained = False

    def share(self, key: EndpointKey, answer: ComplianceAnswer, at: float) -> None:
        """See Cluster.share_answer."""

        def make() -> Command | None:
            left = at + self._keep_for(key.server) - self._wall()
            value = wire.encode(answer, at, self._node)
            return self._scripts.call("share", str(key), repr(at), value, int(left * 1000)) if left > 0.001 else None

        self._outbox.add(f"a:{key}", Parcel(make, rank=at))

    def share_newer(self, answers: Iterable[SharedAnswer], known: Mapping[str, float]) -> None:
        """Share those that are newer than what Redis is known to hold."""
        for shared in answers:
            if shared.at > known.get(str(shared.key), 0.0):
                self.share(shared.key, shared.answer, shared.at)

    async def newer(self, key: EndpointKey, than: float) -> SharedAnswer | None:
        """See Cluster.newer_answer."""
        try:
            value = await self._calls.ask(("GET", self._scripts.key(f"a:{key}")))
        except CutOffError:
            return None
        shared = self.read(str(key), value) if value is not None else None
        return shared if shared is not None and shared.at > than else None

    async def may_ask(self, key: EndpointKey, ttl: float) -> bool:
        """See Cluster.may_ask."""
        try:
            return bool(await self._calls.ask(self._scripts.call("ask", str(key), max(1, int(ttl * 1000)))))
        except CutOffError:
            return True

    def failed(self, key: EndpointKey) -> None:
        """See Cluster.answer_failed."""
        self._outbox.add(f"q:{key}", Parcel(lambda: self._scripts.call("let_go", f"ask:{key}")))

    def read(self, key: str, value: bytes) -> SharedAnswer | None:
        """An answer as Redis has it; None, and one line in the log, when it is none."""
        try:
            return wire.decode(key, value.decode())
        except ValueError as error:
            if not self._complained:
                self._complained = True
                self._events.error("cluster_answer_unreadable", key=key, error=error, next="who else writes there?")
            return None

    async def read_all(self, line: Line) -> list[SharedAnswer]:
        """Every answer that Redis holds. Raises what the line raises."""
        found: list[SharedAnswer] = []
        start = self._scripts.key("a:")
        cursor: Any = 0
        while True:
            command = ("SCAN", cursor, "MATCH", start + "*", "COUNT", _SCAN)
            cursor, keys = await line.one(command, _GIVE_UP)
            names = [key.decode(errors="replace") for key in keys]
            values = await line.one(("MGET", *names), _GIVE_UP) if names else []
            for name, value in zip(names, values, strict=True):
                shared = self.read(name[len(start) :], value) if value is not None else None
                if shared is not None:
                    found.append(shared)
            cursor = int(cursor)
            if cursor == 0:
                return found
