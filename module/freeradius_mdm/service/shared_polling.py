"""One node polls an MDM server's bulk list; the others learn what it has found, and when."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Container
from dataclasses import dataclass
from typing import Any

from ..compliance import EndpointKey, IdKind
from ..mdm.noncompliant import NonCompliantDevices
from ..store.query import StoreQueries
from .cluster.protocol import Cluster, ClusterMode
from .events import EventLog
from .polling import Polling, Sweep, contradicts
from .polling_window import PollingWindow

TOPIC = "polled"
_KEYS = 200  # in one notice


@dataclass(frozen=True, slots=True)
class _Notice:
    """`swept` is 0 when there was no complete list."""

    server: str
    swept: float
    window: PollingWindow
    keys: tuple[EndpointKey, ...]

    def text(self) -> str:
        keys = [[key.kind.value, key.value] for key in self.keys]
        window = [self.window.began, self.window.closed_until]
        return json.dumps({"server": self.server, "swept": self.swept, "window": window, "keys": keys})

    @classmethod
    def read(cls, text: str) -> _Notice:
        """Raises ValueError."""
        try:
            found: dict[str, Any] = json.loads(text)
            server, (began, closed_until) = str(found["server"]), map(float, found["window"])
            keys = tuple(EndpointKey(server, IdKind(kind), str(value)) for kind, value in found["keys"])
            return cls(server, float(found["swept"]), PollingWindow(began, closed_until), keys)
        except (KeyError, TypeError) as error:
            raise ValueError(f"not a notice of a sweep: {text[:80]!r}") from error


class SharedPolling:
    """Belongs to the event loop, but for `still_mine`.

    `ttl`: seconds after which another node polls when this one is gone. `keep_for`: how old a record of that server
    may be, seconds.
    """

    def __init__(
        self,
        cluster: Cluster,
        ttl: float,
        queries: StoreQueries,
        keep_for: Callable[[str], float],
        events: EventLog,
        wall: Callable[[], float],
        monotonic: Callable[[], float],
    ) -> None:
        self._cluster = cluster
        self._ttl = ttl
        self._queries = queries
        self._keep_for = keep_for
        self._events = events
        self._wall = wall
        self._monotonic = monotonic
        self._held: set[str] = set()
        self._renewed = monotonic()

    async def mine(self, server: str) -> bool:
        """Whether this node is the one to poll that server; it stays that for as long as `renew` is called."""
        if self.still_mine(server):
            return True
        granted = await self._cluster.hold(_lease(server), self._ttl, alone=self._alone())
        if granted and server not in self._held:
            self._held.add(server)
            self._events.info("polling_here", server=server)
        return granted

    def still_mine(self, server: str) -> bool:
        """The same before each page. In any thread."""
        return self._cluster.holds(_lease(server))

    async def renew(self) -> None:
        """To be called about once a second."""
        if self._monotonic() - self._renewed < self._ttl / 3:
            return
        self._renewed = self._monotonic()
        for server in list(self._held):
            if not await self._cluster.hold(_lease(server), self._ttl, alone=self._alone()):
                self._held.discard(server)
                self._events.info("polling_elsewhere", server=server)

    def _alone(self) -> bool:
        """Cut off for as long as a lease lasts: a reply of Redis that was late once is no reason to poll as well."""
        state = self._cluster.state()
        return state.mode is ClusterMode.CUT_OFF and self._wall() - state.since >= self._ttl

    async def swept(self, sweep: Sweep) -> None:
        """Tell the others what came of an attempt here, and which of their endpoints the list contradicts."""
        keys: list[EndpointKey] = []
        if sweep.found is not None:
            keys = await asyncio.to_thread(self._contradicted, sweep.server, sweep.found, sweep.looked_at)
        started = sweep.started if sweep.found is not None else 0.0
        for start in range(0, max(1, len(keys)), _KEYS):
            notice = _Notice(sweep.server, started, sweep.window, tuple(keys[start : start + _KEYS]))
            await self._cluster.announce(TOPIC, notice.text())

    async def learn(self, text: str, polling: Polling) -> None:
        """What another node's `swept` told. Raises ValueError."""
        notice = _Notice.read(text)
        await polling.learn(notice.server, notice.swept, notice.window, notice.keys)

    def _contradicted(self, server: str, found: NonCompliantDevices, but: Container[EndpointKey]) -> list[EndpointKey]:
        since = self._wall() - self._keep_for(server)
        records = self._queries.records(server)
        return [
            each.key
            for each in records
            if each.key not in but and each.answered_at > since and contradicts(found, each.key, each)
        ]


def _lease(server: str) -> str:
    return f"poll:{server}"
