"""What mdmd asks of the other nodes, and what it is told by them.

`Alone` and `RedisCluster` implement `Cluster`; mdmd implements `Inbox`. All of it belongs to one event loop. No method
of `Cluster` raises, and each returns within 50 ms whatever Redis does: what can't be asked is answered as one who is
alone would answer it, what can't be sent is kept and sent later.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from ...compliance import ComplianceAnswer, EndpointKey


class ClusterMode(StrEnum):
    """How a node stands to the others."""

    ALONE = "alone"  # no [cluster] in mdm.toml
    JOINED = "joined"
    CUT_OFF = "cut_off"  # [cluster] is there, Redis can't be used; this node goes on by itself


@dataclass(frozen=True, slots=True)
class Peer:
    """Another node, as the last heartbeat saw it. `last_seen`: seconds since the epoch by Redis's clock."""

    name: str
    alive: bool
    last_seen: float
    sessions: int  # that it answers for


@dataclass(frozen=True, slots=True)
class ClusterState:
    """For /v1/health."""

    mode: ClusterMode
    node: str
    since: float  # seconds since the epoch: when this mode began
    reason: str = ""  # why it is cut off
    redis: str = ""  # HOST:PORT in use, or the last one tried
    peers: tuple[Peer, ...] = ()
    lag: float = 0.0  # seconds between the writing of the latest notice from another node and its being dealt with
    unsent: int = 0  # answers, sessions and notices that wait for Redis
    clock_skew: float = 0.0  # seconds that this machine's clock is ahead of Redis's


@dataclass(frozen=True, slots=True)
class SharedAnswer:
    """An MDM server's answer, when it was given (seconds since the epoch), and the node that asked."""

    key: EndpointKey
    answer: ComplianceAnswer
    at: float
    node: str = ""


@dataclass(frozen=True, slots=True)
class SharedSession:
    """A session. `json` is the caller's own; of it are read `node`, the host that authorized the session last, and
    `reauthorized_at`, when that was.
    """

    id: str
    json: str


@dataclass(frozen=True, slots=True)
class SharedExemption:
    """An exemption; `text` is the caller's own. Of two texts of one id the one that was changed later stays.

    `changed_at`, and `until`, up to when it has to be remembered, are seconds since the epoch.
    """

    id: str
    text: str
    changed_at: float
    until: float


@dataclass(frozen=True, slots=True)
class Orphan:
    """A session that is this node's from now on. `node`: which node answered for it until now.

    Its own name there means a session of its own that it did not name in `Inbox.everything`: one that it ended while
    Redis was away (drop it), or lost with its store (take it back).
    """

    node: str
    id: str
    json: str


@dataclass(frozen=True, slots=True)
class Holdings:
    """Everything a node has to share: the answers that are not too old to be used, its live sessions, exemptions."""

    answers: Sequence[SharedAnswer] = ()
    sessions: Sequence[SharedSession] = ()
    exemptions: Sequence[SharedExemption] = ()


class Inbox(Protocol):
    """What the other nodes tell. Each call may take its time; what it raises is logged as a defect, nothing stops."""

    async def answers(self, answers: Sequence[SharedAnswer]) -> None:
        """Answers of other nodes, up to a few hundred at once. Older ones than the store holds may be among them."""
        ...

    async def session_moved(self, id_: str, to: str) -> None:
        """Another node answers for this session from now on: forget it here, without ending it."""
        ...

    async def session_ended(self, id_: str, by: str) -> None:
        """Another node has seen the end of a session of this one."""
        ...

    async def exemptions(self, texts: Sequence[str]) -> None:
        """Exemptions as other nodes know them, up to all of them; older states than this node's may be among them."""
        ...

    async def notice(self, topic: str, text: str, node: str) -> None:
        """What `Cluster.announce` was called with on another node. Delivered once, in order; not after a long cut."""
        ...

    async def peer_joined(self, name: str) -> None:
        """A node is there for the first time, or again."""
        ...

    async def peer_gone(self, name: str) -> None:
        """No heartbeat of that node for `gone_after`: `orphaned` gives out its sessions."""
        ...

    async def everything(self) -> Holdings:
        """Asked after the first contact, and when Redis was restarted, emptied, or replaced by its replica."""
        ...


class Cluster(Protocol):
    """The other nodes."""

    @property
    def node(self) -> str:
        """This node's name."""
        ...

    async def start(self, inbox: Inbox) -> None:
        """Begin; returns at once, contact comes when it comes."""
        ...

    async def close(self) -> None:
        """Let go of leases, send what is unsent if that is quick, and end."""
        ...

    def state(self) -> ClusterState:
        """How this node stands to the others."""
        ...

    def tell_load(self, load: Callable[[], Mapping[str, int]]) -> None:
        """Have each heartbeat, one a second, tell how many endpoints this node has to ask each MDM server about.

        To be called before `start`; `load` is called in the event loop and has to be quick.
        """
        ...

    def share(self, server: str) -> float:
        """This node's part, 0 to 1, of what all nodes together may ask that MDM server, by what `tell_load` tells.

        They add up to 1 while Redis is there. 1 for one who is alone or cut off, or the only one with endpoints of that
        server; 0 for one without any, and for the second after the start in which the others don't know of it yet.
        """
        ...

    async def share_answer(self, key: EndpointKey, answer: ComplianceAnswer, at: float) -> None:
        """Tell every node. The answer given last wins, in whatever order they arrive."""
        ...

    async def newer_answer(self, key: EndpointKey, than: float) -> SharedAnswer | None:
        """What another node was answered after `than`, if anything."""
        ...

    async def may_ask(self, key: EndpointKey, ttl: float) -> bool:
        """Whether this node is the one to ask the MDM server about that key now; it is for `ttl` seconds at most.

        False: another node is asking. Its answer comes through the inbox.
        """
        ...

    async def answer_failed(self, key: EndpointKey) -> None:
        """The question that `may_ask` permitted brought no answer: let others ask, as an answer that is shared does."""
        ...

    async def hold(self, lease: str, ttl: float, *, alone: bool) -> bool:
        """Acquire a named lease, or renew it, for `ttl` seconds. `alone`: what to return when nobody can be asked.

        True for work that several may do at a time without harm, such as polling; False for what only one may do.
        Call it again before a third of `ttl` is left, and `holds` before every single action.
        """
        ...

    def holds(self, lease: str) -> bool:
        """Whether this node still holds it, without asking anybody: no after a pause of the process beyond its end."""
        ...

    def token(self, lease: str) -> int:
        """The lease's fencing token: each new holder's is higher than those before. 0: not held, or held alone."""
        ...

    async def put_session(self, session_json: str, id_: str) -> None:
        """This node answers for that session, whose state is now this."""
        ...

    async def drop_session(self, id_: str) -> None:
        """That session has ended."""
        ...

    async def orphaned(self) -> list[Orphan]:
        """Sessions that have become this node's: of nodes that are gone, or its own given back after it was away.

        Each goes to exactly one node. The same ones come again until `put_session` or `drop_session` was called.
        """
        ...

    async def claim_order(self, order_id: str, ttl: float, *, alone: bool) -> bool:
        """Whether this node is the one to carry out that order; True again for the node that has claimed it.

        Another node can claim it when `settle_order` was not called within `ttl` seconds, and never once it was.
        `alone`: what to return when nobody can be asked, or Redis has begun less than `gone_after` ago and may not have
        been told everything again. True where no other node can have the same order; else False, and ask again later.
        """
        ...

    async def settle_order(self, order_id: str, result: str) -> None:
        """The order has been carried out; remembered for a day."""
        ...

    async def put_exemption(self, exemption: SharedExemption) -> None:
        """Tell every node of an exemption, those too that come later."""
        ...

    async def announce(self, topic: str, text: str) -> None:
        """Tell the other nodes something; see `Inbox.notice`."""
        ...
