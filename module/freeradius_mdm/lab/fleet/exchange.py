"""What several mdmds share, in virtual time: the `Cluster` protocol with one store for all of them in place of Redis.

It keeps the protocol's promises (service/cluster/protocol.py) and is never out of reach; how RedisCluster keeps them,
over a network that fails, is shown by its own tests against a real Redis.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...compliance import ComplianceAnswer, EndpointKey
from ...service.cluster.protocol import ClusterMode, ClusterState, Inbox, Orphan, Peer, SharedAnswer, SharedExemption
from ...service.cluster.share import Load, Shares
from .virtual_loop import VirtualLoop

GONE_AFTER = 15.0  # seconds without a heartbeat, as in mdm.toml by default
_BEAT = 1.0
_DELAY = 0.005  # seconds that a notice is on its way
_BATCH = 200
_Notice = Callable[[Inbox], Coroutine[Any, Any, None]]


@dataclass(slots=True)
class _Held:
    node: str
    until: float
    token: int = 0


@dataclass(slots=True)
class _Session:
    json: str
    owner: str
    home: str  # the node that authorized it last
    former: str = ""  # whom it was taken from, until its new owner has said that it has it


@dataclass(slots=True)
class Exchange:
    """Everything that is shared."""

    loop: VirtualLoop
    answers: dict[EndpointKey, SharedAnswer] = field(default_factory=dict)
    asking: dict[EndpointKey, _Held] = field(default_factory=dict)
    leases: dict[str, _Held] = field(default_factory=dict)
    sessions: dict[str, _Session] = field(default_factory=dict)
    owned: Counter[str] = field(default_factory=Counter)  # NODE, how many of the sessions are its
    loads: dict[str, Load] = field(default_factory=dict)  # NODE, as its latest heartbeat told
    claims: dict[str, _Held] = field(default_factory=dict)
    settled: set[str] = field(default_factory=set)
    exemptions: dict[str, SharedExemption] = field(default_factory=dict)
    beats: dict[str, float] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)
    ended: dict[str, dict[str, str]] = field(default_factory=dict)  # NODE, session, who saw its end
    given_out: set[str] = field(default_factory=set)  # nodes that are gone, and whose sessions have been taken

    def gone(self, node: str) -> bool:
        """No heartbeat for too long."""
        return self.loop.time() - self.beats.get(node, float("-inf")) >= GONE_AFTER

    def hand_over(self, id_: str, to: Member) -> None:
        """A session gets another owner; the former one is told, if it is there."""
        session = self.sessions[id_]
        former, session.former, session.owner = session.owner, session.owner, to.node
        self.owned[former] -= 1
        self.owned[to.node] += 1
        to.given(id_)
        if former in self.members:
            self.members[former].tell(lambda inbox: inbox.session_moved(id_, to.node))

    def tell_others(self, node: str, notice: _Notice) -> None:
        """Every other node gets it, in order."""
        for name, member in self.members.items():
            if name != node:
                member.tell(notice)


class Member:
    """One node's `Cluster`."""

    def __init__(self, exchange: Exchange, node: str, wall: Callable[[], float]) -> None:
        self._exchange = exchange
        self._loop = exchange.loop
        self._node = node
        self._wall = wall
        self._since = wall()
        self._notices: asyncio.Queue[_Notice] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []
        self._present: set[str] = set()
        self._load: Callable[[], Mapping[str, int]] = dict
        self._shares = Shares()
        self._taken: dict[str, None] = {}  # sessions given to this node that it has not confirmed

    @property
    def node(self) -> str:
        """This node's name."""
        return self._node

    def given(self, id_: str) -> None:
        """A session has become this node's."""
        self._taken[id_] = None

    def tell(self, notice: _Notice) -> None:
        """From another node."""
        self._loop.call_later(_DELAY, self._notices.put_nowait, notice)

    async def start(self, inbox: Inbox) -> None:
        """See Cluster."""
        self._exchange.members[self._node] = self
        self._tasks = [asyncio.create_task(self._begin(inbox)), asyncio.create_task(self._beat(inbox))]

    async def close(self) -> None:
        """See Cluster."""
        for held in self._exchange.leases.values():
            if held.node == self._node:
                held.until = 0.0
        self._exchange.members.pop(self._node, None)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def state(self) -> ClusterState:
        """See Cluster."""
        now, beats = self._loop.time(), self._exchange.beats
        peers = tuple(
            Peer(name, not self._exchange.gone(name), self._wall() - now + at, self._count(name))
            for name, at in beats.items()
            if name != self._node
        )
        return ClusterState(ClusterMode.JOINED, self._node, self._since, peers=peers)

    def tell_load(self, load: Callable[[], Mapping[str, int]]) -> None:
        """See Cluster."""
        self._load = load

    def share(self, server: str) -> float:
        """See Cluster."""
        return self._shares.of(server)

    async def share_answer(self, key: EndpointKey, answer: ComplianceAnswer, at: float) -> None:
        """See Cluster."""
        exchange, shared = self._exchange, SharedAnswer(key, answer, at, self._node)
        exchange.asking.pop(key, None)
        known = exchange.answers.get(key)
        if known is None or known.at < at:
            exchange.answers[key] = shared
            exchange.tell_others(self._node, lambda inbox: inbox.answers([shared]))

    async def newer_answer(self, key: EndpointKey, than: float) -> SharedAnswer | None:
        """See Cluster."""
        found = self._exchange.answers.get(key)
        return found if found is not None and found.at > than else None

    async def may_ask(self, key: EndpointKey, ttl: float) -> bool:
        """See Cluster."""
        return self._take(self._exchange.asking, key, ttl)

    async def answer_failed(self, key: EndpointKey) -> None:
        """See Cluster."""
        held = self._exchange.asking.get(key)
        if held is not None and held.node == self._node:
            del self._exchange.asking[key]

    async def hold(self, lease: str, ttl: float, *, alone: bool) -> bool:
        """See Cluster."""
        return self._take(self._exchange.leases, lease, ttl)

    def holds(self, lease: str) -> bool:
        """See Cluster."""
        held = self._exchange.leases.get(lease)
        return held is not None and held.node == self._node and held.until > self._loop.time()

    def token(self, lease: str) -> int:
        """See Cluster."""
        return self._exchange.leases[lease].token if self.holds(lease) else 0

    async def put_session(self, session_json: str, id_: str) -> None:
        """See Cluster."""
        exchange, known = self._exchange, self._exchange.sessions.get(id_)
        told = json.loads(session_json)
        home = str(told.get("node") or self._node)
        if known is not None and known.owner != self._node:
            owner = known.owner
            older = told["reauthorized_at"] < json.loads(known.json)["reauthorized_at"]
            if (home != self._node or older) and not exchange.gone(owner):
                self.tell(lambda inbox: inbox.session_moved(id_, owner))
                return
            exchange.hand_over(id_, self)
        elif known is None:
            exchange.owned[self._node] += 1
        exchange.sessions[id_] = _Session(session_json, self._node, home)
        self._taken.pop(id_, None)

    async def drop_session(self, id_: str) -> None:
        """See Cluster."""
        known = self._exchange.sessions.pop(id_, None)
        self._taken.pop(id_, None)
        if known is not None:
            self._exchange.owned[known.owner] -= 1
        for name in set() if known is None else {known.owner, known.home} - {self._node}:
            self._exchange.ended.setdefault(name, {})[id_] = self._node

    async def orphaned(self) -> list[Orphan]:
        """See Cluster."""
        exchange = self._exchange
        gone = {name for name in exchange.beats if exchange.gone(name)} - exchange.given_out
        if gone:
            exchange.given_out |= gone
            for id_, session in exchange.sessions.items():
                if session.owner in gone:
                    exchange.hand_over(id_, self)
        found = ((id_, exchange.sessions[id_]) for id_ in itertools.islice(self._taken, _BATCH))
        return [Orphan(session.former, id_, session.json) for id_, session in found]

    async def claim_order(self, order_id: str, ttl: float, *, alone: bool) -> bool:
        """See Cluster."""
        return order_id not in self._exchange.settled and self._take(self._exchange.claims, order_id, ttl)

    async def settle_order(self, order_id: str, result: str) -> None:
        """See Cluster."""
        self._exchange.settled.add(order_id)

    async def put_exemption(self, exemption: SharedExemption) -> None:
        """See Cluster."""
        known = self._exchange.exemptions.get(exemption.id)
        if known is None or (known.text != exemption.text and known.changed_at <= exemption.changed_at):
            self._exchange.exemptions[exemption.id] = exemption
            self._exchange.tell_others(self._node, lambda inbox: inbox.exemptions([exemption.text]))

    async def announce(self, topic: str, text: str) -> None:
        """See Cluster."""
        self._exchange.tell_others(self._node, lambda inbox: inbox.notice(topic, text, self._node))

    async def _begin(self, inbox: Inbox) -> None:
        """Tell what there is, hear what the others know, then deliver."""
        everything = await inbox.everything()
        for shared in everything.answers:
            await self.share_answer(shared.key, shared.answer, shared.at)
        if self._exchange.exemptions:
            await inbox.exemptions([each.text for each in self._exchange.exemptions.values()])
        for exemption in everything.exemptions:
            await self.put_exemption(exemption)
        mine = {session.id: session.json for session in everything.sessions}
        ended = self._exchange.ended.get(self._node, {})
        for id_, told in mine.items():
            if id_ not in ended:
                await self.put_session(told, id_)
        for id_, session in self._exchange.sessions.items():
            if session.home == self._node and session.owner != self._node:
                self._exchange.hand_over(id_, self)
            elif session.owner == self._node and id_ not in mine:
                session.former = self._node
                self._taken[id_] = None
        answers = [shared for shared in self._exchange.answers.values() if shared.node != self._node]
        for start in range(0, len(answers), _BATCH):
            await inbox.answers(answers[start : start + _BATCH])
        while True:
            await (await self._notices.get())(inbox)

    async def _beat(self, inbox: Inbox) -> None:
        while True:
            self._exchange.beats[self._node] = self._loop.time()
            self._exchange.given_out.discard(self._node)
            present = {name for name in self._exchange.beats if name != self._node and not self._exchange.gone(name)}
            loads = self._exchange.loads
            loads[self._node] = Load(self._count(self._node), dict(self._load()))
            self._shares.learn(loads[self._node], [loads[name] for name in present])
            for name in present - self._present:
                await inbox.peer_joined(name)
            for name in self._present - present:
                await inbox.peer_gone(name)
            self._present = present
            ended = self._exchange.ended.pop(self._node, {})
            for id_, by in ended.items():
                await inbox.session_ended(id_, by)
            await asyncio.sleep(_BEAT)

    def _take(self, held: dict[Any, _Held], name: object, ttl: float) -> bool:
        now, known = self._loop.time(), held.get(name)
        if known is not None and known.node != self._node and known.until > now:
            return False
        token = 1 if known is None else known.token + (known.node != self._node)
        held[name] = _Held(self._node, now + ttl, token)
        return True

    def _count(self, node: str) -> int:
        return self._exchange.owned[node]
