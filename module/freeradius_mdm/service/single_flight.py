"""One question to an MDM server over all nodes: who asks, and who waits for what another node is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from ..compliance import EndpointKey
from ..config.model import Server
from ..errors import StoreError
from ..store.read import StoreReader
from .cluster.protocol import Cluster, SharedAnswer
from .recorder import Recorder

_LOOK_AGAIN = 0.25  # seconds; the node that asks may have failed, or be gone
_PATIENCE = 2.0  # seconds that an authentication's question waits for another node's answer at most
_FRESH = 10.0  # seconds; an answer this young is as good as one asked for now


class SingleFlight:
    """Belongs to the event loop, as the reader does."""

    def __init__(self, cluster: Cluster, recorder: Recorder, reader: StoreReader, wall: Callable[[], float]) -> None:
        self._cluster = cluster
        self._recorder = recorder
        self._reader = reader
        self._wall = wall
        self._waiting: dict[EndpointKey, asyncio.Event] = {}  # one flight of a key at a time

    async def answered(self, server: Server, key: EndpointKey, awaited: Callable[[], float | None]) -> bool:
        """True when another node's answer is in the store by now; False: ask, and say `failed` if nothing comes of it.

        `awaited`: how long an authentication waits for it (0: not known), None when none does. It may change.

        With nobody to be asked it returns within 50 ms.
        """
        ttl = _longest(server)
        than = self._stored_at(key)
        # The permission first: an answer that was given in between is seen by the second question.
        mine, newer = await asyncio.gather(self._cluster.may_ask(key, ttl), self._cluster.newer_answer(key, than))
        if newer is not None and await self._took(server, newer, renew=awaited() is None):
            if mine:
                await self.failed(key)
            return True
        return not mine and await self._comes(server, key, than, ttl, awaited)

    async def failed(self, key: EndpointKey) -> None:
        """Nothing came of the question: other nodes may ask."""
        await self._cluster.answer_failed(key)

    def arrived(self, keys: Iterable[EndpointKey]) -> None:
        """The store has answers of other nodes about these."""
        for key in keys:
            if key in self._waiting:
                self._waiting[key].set()

    async def _comes(
        self, server: Server, key: EndpointKey, than: float, ttl: float, awaited: Callable[[], float | None]
    ) -> bool:
        """Wait while another node asks; False: this one has to."""
        began = asyncio.get_running_loop().time()
        arrived = self._waiting[key] = asyncio.Event()
        try:
            while True:
                wait = awaited()
                patience = ttl if wait is None else min(_PATIENCE, wait / 2 or _PATIENCE)
                left = began + patience - asyncio.get_running_loop().time()
                if left <= 0:
                    return False
                try:
                    await asyncio.wait_for(arrived.wait(), min(left, _LOOK_AGAIN))
                except TimeoutError:
                    if not await self._cluster.may_ask(key, ttl):
                        continue
                    # It has failed, or its answer is on the way here.
                    newer = await self._cluster.newer_answer(key, than)
                    if newer is None or not await self._took(server, newer, renew=wait is None):
                        return False
                    await self.failed(key)
                    return True
                arrived.clear()
                at = self._stored_at(key)
                if at > than and self._good(server, at, renew=wait is None):
                    return True
        finally:
            del self._waiting[key]

    async def _took(self, server: Server, newer: SharedAnswer, *, renew: bool) -> bool:
        if server.is_from_the_future(newer.at, self._wall()):
            return False
        await asyncio.to_thread(self._recorder.take, newer.key, newer.answer, newer.at)
        return self._stored_at(newer.key) >= newer.at and self._good(server, newer.at, renew=renew)

    def _good(self, server: Server, at: float, *, renew: bool) -> bool:
        now = self._wall()
        return not server.is_due(at, now) and (not renew or now - at < _FRESH)

    def _stored_at(self, key: EndpointKey) -> float:
        try:
            record = self._reader.record(key)
        except StoreError:
            return 0.0
        return 0.0 if record is None or record.answer is None else record.answered_at


def _longest(server: Server) -> float:
    """Seconds that a whole question may take: a token, an address, the question, and one of them again."""
    return 2 * (server.connect_timeout + server.read_timeout)
