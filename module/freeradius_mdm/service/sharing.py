"""What mdmd shares with the other nodes, put together: the only place that knows both the cluster and mdmd's parts."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from ..compliance import ComplianceAnswer, EndpointKey
from ..config.model import Config
from ..errors import StoreError
from ..sessions.book import Change
from ..store.coa_orders import CoaOrder, OrderState
from ..store.query import StoreQueries
from ..store.read import StoreReader
from ..store.write import StoreWriter
from . import shared_sessions
from .cluster.alone import Alone
from .cluster.protocol import Cluster, ClusterMode, Holdings, SharedAnswer
from .events import EventLog
from .exemptions import Exemptions
from .polling import Polling
from .recorder import Recorder
from .sessions import SessionKeeper
from .shared_exemptions import SharedExemptions
from .shared_polling import TOPIC, SharedPolling
from .shared_sessions import SharedSessions
from .single_flight import SingleFlight

# Nothing was sent, so that another node, or the same one later, may have to.
_NOT_CARRIED_OUT = frozenset({OrderState.SUPERSEDED.value, OrderState.GONE.value})
_CLAIM = 60.0  # seconds; longer than one attempt, with its retransmissions and its turn at the device
_LEASES = 2.0  # times gone_after
_QUIET = 2  # looks in a row at which nothing was left to be told
_PAUSE = 0.2  # seconds in which changes of one session become one
_LOOK = 1.0  # seconds between looks for what has to be taken over

InLoop = Callable[[Callable[[], None]], None]


class Sharing:
    """The `Inbox` of a cluster, and what is told to it. Belongs to the event loop, but for the listeners."""

    def __init__(
        self,
        cluster: Cluster,
        config: Callable[[], Config],
        recorder: Recorder,
        keeper: SessionKeeper,
        reader: StoreReader,
        writer: StoreWriter,
        queries: StoreQueries,
        events: EventLog,
        wall: Callable[[], float],
        monotonic: Callable[[], float],
    ) -> None:
        self.cluster = cluster
        self._config = config
        self._recorder = recorder
        self._keeper = keeper
        self._queries = queries
        self._events = events
        self._wall = wall
        self._work: set[asyncio.Task[None]] = set()
        self.flight = SingleFlight(cluster, recorder, reader, wall)
        settings = config().cluster
        assert settings is not None
        self._told_everything = False
        self._lease = _LEASES * settings.gone_after
        self.polling = SharedPolling(
            cluster,
            self._lease,
            queries,
            lambda name: keep_for(config(), name),
            events,
            wall,
            monotonic,
        )
        self._sessions = SharedSessions(cluster, keeper, writer, queries, events, wall)
        self._polling: Polling | None = None
        self._exemptions: SharedExemptions | None = None

    async def start(self, in_loop: InLoop, polling: Polling, exemptions: Exemptions) -> None:
        """Begin to tell and to listen."""
        self._polling = polling
        self._exemptions = SharedExemptions(self.cluster, exemptions, self._events)
        self._exemptions.start()
        polling.share(self.polling)
        self._recorder.on_own.append(lambda key, answer, at: in_loop(lambda: self._share(key, answer, at)))

        def changed(changes: Sequence[Change]) -> None:
            self._sessions.changed(changes, in_loop)

        self._keeper.on_change(changed)
        self._keeper.on_foreign.append(lambda events: self._sessions.foreign(events, in_loop))
        await self.cluster.start(self)

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set."""
        stopped = asyncio.create_task(stop.wait())
        looked_at, loop = float("-inf"), asyncio.get_running_loop()
        while not stop.is_set():
            more = False
            try:
                more = await self._sessions.tell()
                if loop.time() - looked_at >= _LOOK:
                    await self.polling.renew()
                    if not await self._sessions.take_over():
                        looked_at = loop.time()
            except StoreError as error:
                self._events.error("sessions_not_shared", error=error, next="it is tried again")
            except Exception as error:  # a defect must not end this for good
                self._events.error("defect", part="sharing", error=repr(error), next="report this line")
            if not more:
                await asyncio.wait({stopped}, timeout=_PAUSE)
        stopped.cancel()

    async def close(self) -> None:
        """Tell what is untold, and end. Before the store is closed."""
        try:
            while await self._sessions.tell():
                pass
        except StoreError as error:
            self._events.error("sessions_not_shared", error=error, next="the others take over what they know")
        await asyncio.gather(*self._work)
        if self._exemptions is not None:
            await self._exemptions.close()
        await self.cluster.close()

    async def at_home(self, stop: asyncio.Event) -> None:
        """Wait until Redis has said which sessions are still this node's, and not for long when it can't be asked.

        What was this node's when it ended may have been authorized by another one since.
        """
        stopped, loop = asyncio.create_task(stop.wait()), asyncio.get_running_loop()
        until, quiet = loop.time() + self._lease, 0
        while not stop.is_set() and quiet < _QUIET and loop.time() < until:
            state = self.cluster.state()
            known = state.mode is ClusterMode.JOINED and self._told_everything and not state.unsent
            quiet = quiet + 1 if known else 0
            await asyncio.wait({stopped}, timeout=_PAUSE)
        stopped.cancel()

    async def claim(self, order: CoaOrder) -> bool:
        """Whether this node is the one to carry it out now."""
        session = self._keeper.directory.get(order.session_id)
        if session is None:
            return False  # another node answers for it by now
        # No other node has an order about a session that was authorized here, unless it has taken that over.
        home = session.node == self.cluster.node
        return await self.cluster.claim_order(order.id, _CLAIM, alone=home)

    async def settled(self, order_id: str, result: str) -> None:
        """An order has come to its end here."""
        if result not in _NOT_CARRIED_OUT:
            await self.cluster.settle_order(order_id, result)

    async def answers(self, answers: Sequence[SharedAnswer]) -> None:
        """See Inbox."""
        taken = await asyncio.to_thread(self._take, answers)
        self.flight.arrived(taken)

    async def session_moved(self, id_: str, to: str) -> None:
        """See Inbox."""
        await self._sessions.moved(id_, to)

    async def session_ended(self, id_: str, by: str) -> None:
        """See Inbox."""
        await self._sessions.ended(id_, by)

    async def exemptions(self, texts: Sequence[str]) -> None:
        """See Inbox."""
        if self._exemptions is not None:
            await self._exemptions.learn(texts)

    async def notice(self, topic: str, text: str, node: str) -> None:
        """See Inbox."""
        if topic == TOPIC and self._polling is not None:
            await self.polling.learn(text, self._polling)
        elif topic == shared_sessions.TOPIC:
            await self._sessions.authorized_elsewhere(text)
        elif topic == shared_sessions.ACCOUNTING:
            await self._sessions.accounted_elsewhere(text)

    async def peer_joined(self, name: str) -> None:
        """See Inbox."""

    async def peer_gone(self, name: str) -> None:
        """See Inbox. Its sessions are taken over as they are given out."""

    async def everything(self) -> Holdings:
        """See Inbox."""
        found = await asyncio.to_thread(self._everything)
        self._told_everything = True
        return found

    def _share(self, key: EndpointKey, answer: ComplianceAnswer, at: float) -> None:
        task = asyncio.create_task(self.cluster.share_answer(key, answer, at))
        self._work.add(task)
        task.add_done_callback(self._work.discard)

    def _take(self, answers: Sequence[SharedAnswer]) -> list[EndpointKey]:
        now, servers = self._wall(), {each.name: each for each in self._config().servers}
        taken = []
        for shared in answers:
            server = servers.get(shared.key.server)
            # From the future: its age can't be vouched for, and it would keep out what comes after it.
            if server is None or server.is_from_the_future(shared.at, now):
                continue
            if self._recorder.take(shared.key, shared.answer, shared.at):
                taken.append(shared.key)
        return taken

    def _everything(self) -> Holdings:
        config, now = self._config(), self._wall()
        answers = [
            SharedAnswer(record.key, record.answer, record.answered_at)
            for record in self._queries.records()
            if record.answer is not None and now - record.answered_at < keep_for(config, record.key.server)
        ]
        exemptions = self._exemptions.everything() if self._exemptions is not None else []
        return Holdings(answers, self._sessions.everything(), exemptions)


def make_cluster(
    config: Callable[[], Config], events: EventLog, wall: Callable[[], float], monotonic: Callable[[], float]
) -> Cluster:
    """As `[cluster]` says; without one, this mdmd is alone."""
    settings = config().cluster
    if settings is None:
        return Alone(socket.gethostname(), wall)
    # Here, because only who has several nodes needs the library for Redis.
    from .cluster.redis_cluster import RedisCluster

    return RedisCluster(settings, lambda name: keep_for(config(), name), events, wall, monotonic)


def cluster_body(cluster: Cluster) -> dict[str, Any]:
    """For /v1/health."""
    return asdict(cluster.state())


def troubled(cluster: Cluster) -> bool:
    """True when an operator has something to look at."""
    return cluster.state().mode is ClusterMode.CUT_OFF


def keep_for(config: Config, name: str) -> float:
    """How long an answer of that MDM server is of use, in seconds: until due, then as the last known one."""
    try:
        server = config.server(name)
    except KeyError:
        return 0.0
    return server.reauth_interval + server.last_known_for
