"""Many nodes through Redis or Valkey. What each call means stands in protocol.py."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ...compliance import ComplianceAnswer, EndpointKey
from ...config.model import ClusterSettings
from ..events import EventLog
from .answers import Answers
from .calls import Calls, CutOffError
from .delivery import Delivery
from .door import Door
from .exemptions import Exemptions
from .leases import Leases, Orders
from .listener import Listener
from .members import Beat, ClockCheck, Members
from .notices import Notices
from .outbox import Outbox, Parcel
from .protocol import ClusterMode, ClusterState, Inbox, Orphan, SharedAnswer, SharedExemption
from .redis_link import RedisLink
from .scripts import Scripts
from .share import to_text
from .takeover import Sessions
from .timing import Timing


class RedisCluster:
    """A `Cluster` on one primary (not on a Redis Cluster, whose shards could not decide at once).

    `keep_for`: see Answers. `wall` is seconds since the epoch, `monotonic` goes on while the process is stopped.
    """

    def __init__(
        self,
        settings: ClusterSettings,
        keep_for: Callable[[str], float],
        events: EventLog,
        wall: Callable[[], float],
        monotonic: Callable[[], float],
        timing: Timing | None = None,
    ) -> None:
        timing = timing or Timing(gone_after=settings.gone_after)
        self._node = settings.node
        self._events = events
        self._wall = wall
        self._timing = timing
        instance = secrets.token_hex(6)
        before = (self._node, instance, timing.notices_kept, int(timing.gone_after * 1000))
        self._scripts = Scripts(settings.prefix, before)
        self._calls = Calls(timing.deadline)
        self._outbox = Outbox(events, timing.most_unsent)
        self._door = Door(settings)
        self._answers = Answers(self._node, self._calls, self._outbox, self._scripts, keep_for, events, wall)
        self._exemptions = Exemptions(self._outbox, self._scripts)
        self._leases = Leases(self._calls, self._scripts, monotonic)
        self._orders = Orders(self._calls, self._outbox, self._scripts, monotonic)
        self._delivery = Delivery(events)
        self._sessions = Sessions(self._node, self._calls, self._outbox, self._scripts, self._delivery.session_moved)
        self._load: Callable[[], Mapping[str, int]] = dict
        self._members = Members(self._node, timing.gone_after, monotonic)
        self._clock = ClockCheck()
        self._listener = Listener(
            self._node,
            Notices(self._scripts, instance, timing.block),
            self._answers,
            self._exemptions,
            self._sessions,
            self._orders,
            self._outbox,
            self._delivery,
            events,
            lambda: wall() - self._clock.skew,
            timing.most_unsent,
        )
        self._link = RedisLink(
            self._door,
            self._calls,
            self._outbox,
            self._scripts,
            lambda: to_text(self._load()),
            lambda reply: Beat.read(reply, self._node),
            self._beaten,
            self._listener.run,
            events,
            wall,
            timing,
        )
        self._tasks: list[asyncio.Task[None]] = []
        self._errands = asyncio.Event()
        self._announced = 0

    @property
    def node(self) -> str:
        """This node's name."""
        return self._node

    async def start(self, inbox: Inbox) -> None:
        """See Cluster."""
        self._delivery.inbox = inbox
        self._tasks = [asyncio.create_task(job()) for job in (self._link.keep, self._delivery.run, self._run_errands)]

    async def close(self) -> None:
        """See Cluster."""
        if self._link.mode is ClusterMode.JOINED:
            with contextlib.suppress(TimeoutError, CutOffError):
                async with asyncio.timeout(self._timing.farewell):
                    await self._leases.let_go()
                    await self._outbox.emptied()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def state(self) -> ClusterState:
        """See Cluster."""
        return ClusterState(
            self._link.mode,
            self._node,
            self._link.since,
            self._link.reason,
            self._door.address,
            self._members.peers,
            self._listener.lag,
            len(self._outbox),
            self._clock.skew,
        )

    def tell_load(self, load: Callable[[], Mapping[str, int]]) -> None:
        """See Cluster."""
        self._load = load

    def share(self, server: str) -> float:
        """See Cluster."""
        if self._link.mode is ClusterMode.JOINED:
            return self._members.share(server)
        return 1.0 if self._link.tried else 0.0

    async def share_answer(self, key: EndpointKey, answer: ComplianceAnswer, at: float) -> None:
        """See Cluster."""
        self._answers.share(key, answer, at)

    async def newer_answer(self, key: EndpointKey, than: float) -> SharedAnswer | None:
        """See Cluster."""
        return await self._answers.newer(key, than)

    async def may_ask(self, key: EndpointKey, ttl: float) -> bool:
        """See Cluster."""
        return await self._answers.may_ask(key, ttl)

    async def answer_failed(self, key: EndpointKey) -> None:
        """See Cluster."""
        self._answers.failed(key)

    async def hold(self, lease: str, ttl: float, *, alone: bool) -> bool:
        """See Cluster."""
        return await self._leases.hold(lease, ttl, alone=alone)

    def holds(self, lease: str) -> bool:
        """See Cluster."""
        return self._leases.holds(lease, cut_off=self._link.mode is not ClusterMode.JOINED)

    def token(self, lease: str) -> int:
        """See Cluster."""
        return self._leases.token(lease)

    async def put_session(self, session_json: str, id_: str) -> None:
        """See Cluster."""
        self._sessions.put(id_, session_json)

    async def drop_session(self, id_: str) -> None:
        """See Cluster."""
        self._sessions.drop(id_)

    async def orphaned(self) -> list[Orphan]:
        """See Cluster."""
        beat = self._listener.beat
        expected = beat is not None and (beat.given > 0 or self._members.orphans_expected)
        return await self._sessions.orphaned() if expected else []

    async def claim_order(self, order_id: str, ttl: float, *, alone: bool) -> bool:
        """See Cluster."""
        return await self._orders.claim(order_id, ttl, alone=alone)

    async def settle_order(self, order_id: str, result: str) -> None:
        """See Cluster."""
        self._orders.settle(order_id, result)

    async def put_exemption(self, exemption: SharedExemption) -> None:
        """See Cluster."""
        self._exemptions.put(exemption)

    async def announce(self, topic: str, text: str) -> None:
        """See Cluster."""
        self._announced += 1
        command = self._scripts.call("announce", topic, text)
        self._outbox.add(f"n:{self._announced}", Parcel(lambda: command))

    async def _beaten(self, beat: Beat) -> None:
        self._listener.beat = beat
        for name, is_there in self._members.learn(beat):
            self._events.info("cluster_peer_joined" if is_there else "cluster_peer_gone", peer=name)
            self._delivery.tell_later("peer", _PeerChange(name, is_there))
        if self._clock.compare(self._wall(), beat.now):
            self._events.warning(
                "cluster_clock", ahead_s=self._clock.skew, next="let NTP set the clocks of the nodes and of Redis"
            )
        if beat.away or beat.ended:
            self._errands.set()

    async def _run_errands(self) -> None:
        """What a heartbeat has shown to be there for this node."""
        while True:
            await self._errands.wait()
            self._errands.clear()
            with contextlib.suppress(CutOffError):  # the next heartbeat shows it again
                await self._sessions.ended(self._delivery.session_ended)
                await self._sessions.reclaim()


@dataclass(frozen=True, slots=True)
class _PeerChange:
    name: str
    is_there: bool

    async def __call__(self, inbox: Inbox) -> None:
        if self.is_there:
            await inbox.peer_joined(self.name)
        else:
            await inbox.peer_gone(self.name)
