"""Many nodes through Redis or Valkey. What each call means stands in protocol.py."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import traceback
from collections.abc import Awaitable, Callable, Sequence

from ...compliance import ComplianceAnswer, EndpointKey
from ...config.model import ClusterSettings
from ..events import EventLog
from .answers import Answers
from .calls import Calls, CutOffError
from .door import Door
from .leases import Leases, Orders
from .line import Line
from .members import Beat, ClockCheck, Members
from .notices import Kind, MissedError, Notice, Notices
from .outbox import Outbox, Parcel
from .protocol import ClusterMode, ClusterState, Inbox, Orphan, SharedAnswer
from .redis_link import RedisLink
from .scripts import Scripts
from .takeover import Sessions
from .timing import Timing

_YIELD_EVERY = 500  # answers and sessions at a time


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
        self._leases = Leases(self._calls, self._scripts, monotonic)
        self._orders = Orders(self._calls, self._outbox, self._scripts, monotonic)
        self._sessions = Sessions(self._node, self._calls, self._outbox, self._scripts, self._session_moved)
        self._members = Members(self._node, timing.gone_after, monotonic)
        self._notices = Notices(self._scripts, instance, timing.block)
        self._clock = ClockCheck()
        self._link = RedisLink(
            self._door,
            self._calls,
            self._outbox,
            self._scripts,
            lambda reply: Beat.read(reply, self._node),
            self._beaten,
            self._listen,
            events,
            wall,
            timing,
        )
        self._inbox: Inbox | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._to_tell: asyncio.Queue[tuple[str, Callable[[Inbox], Awaitable[None]]]] = asyncio.Queue()
        self._errands = asyncio.Event()
        self._beat: Beat | None = None
        self._in_step_with = ""  # the epoch that was read and told completely
        self._lag = 0.0
        self._announced = 0

    @property
    def node(self) -> str:
        """This node's name."""
        return self._node

    async def start(self, inbox: Inbox) -> None:
        """See Cluster."""
        self._inbox = inbox
        self._tasks = [asyncio.create_task(job()) for job in (self._link.keep, self._tell, self._run_errands)]

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
            self._lag,
            len(self._outbox),
            self._clock.skew,
        )

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
        expected = self._beat is not None and (self._beat.given > 0 or self._members.orphans_expected)
        return await self._sessions.orphaned() if expected else []

    async def claim_order(self, order_id: str, ttl: float, *, alone: bool) -> bool:
        """See Cluster."""
        return await self._orders.claim(order_id, ttl, alone=alone)

    async def settle_order(self, order_id: str, result: str) -> None:
        """See Cluster."""
        self._orders.settle(order_id, result)

    async def announce(self, topic: str, text: str) -> None:
        """See Cluster."""
        self._announced += 1
        command = self._scripts.call("announce", topic, text)
        self._outbox.add(f"n:{self._announced}", Parcel(lambda: command))

    async def _beaten(self, beat: Beat) -> None:
        self._beat = beat
        for name, is_there in self._members.learn(beat):
            self._events.info("cluster_peer_joined" if is_there else "cluster_peer_gone", peer=name)
            if is_there:
                self._put_to_tell("peer_joined", lambda inbox, name=name: inbox.peer_joined(name))  # type: ignore[misc]
            else:
                self._put_to_tell("peer_gone", lambda inbox, name=name: inbox.peer_gone(name))  # type: ignore[misc]
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
                await self._sessions.ended(self._session_ended)
                await self._sessions.reclaim()

    async def _listen(self, line: Line) -> None:
        """Everything that other nodes tell, for as long as the line lasts."""
        while True:
            beat = self._beat
            if beat is not None and (beat.epoch != self._in_step_with or self._outbox.overflown):
                await self._get_in_step(line, beat)
            try:
                await self._notices.read(line, self._deal)
            except MissedError:
                self._events.info("cluster_notices_missed", next="everything is read anew")
                self._notices.lost()
                self._in_step_with = ""

    async def _get_in_step(self, line: Line, beat: Beat) -> None:
        """Read all answers, and tell what Redis does not hold; whatever is written meanwhile comes as a notice."""
        assert self._inbox is not None
        self._outbox.overflown = False
        if self._in_step_with:
            self._events.info("cluster_redis_renewed", next="everything is read and told anew")
        self._notices.start(beat.first, beat.notices)
        with contextlib.suppress(CutOffError):
            await self._sessions.ended(self._session_ended)
            await self._sessions.reclaim()
        found = await self._answers.read_all(line)
        for start in range(0, len(found), _YIELD_EVERY):
            await self._call("answers", self._inbox.answers(found[start : start + _YIELD_EVERY]))
        ours = await self._sessions.ids(line)
        self._orders.tell_everything()
        try:
            holdings = await self._inbox.everything()
        except Exception as error:
            self._complain("everything", error)
            self._in_step_with = beat.epoch
            return
        known = {str(shared.key): shared.at for shared in found}
        some = min(_YIELD_EVERY, max(1, self._timing.most_unsent // 2))
        for start in range(0, len(holdings.answers), some):
            self._answers.share_newer(holdings.answers[start : start + some], known)
            await self._outbox.emptied()
        for start in range(0, len(holdings.sessions), some):
            for session in holdings.sessions[start : start + some]:
                self._sessions.put(session.id, session.json)
            await self._outbox.emptied()
        await self._sessions.recall(line, ours - {session.id for session in holdings.sessions})
        self._in_step_with = beat.epoch

    async def _deal(self, notices: Sequence[Notice]) -> None:
        assert self._inbox is not None
        answers: list[SharedAnswer] = []
        for notice in notices:
            if notice.kind == Kind.ANSWER:
                shared = self._answers.read(notice.about, notice.text.encode())
                if shared is not None:
                    answers.append(shared)
                continue
            if answers:
                await self._call("answers", self._inbox.answers(answers))
                answers = []
            if notice.kind == Kind.MOVED and notice.text == self._node:
                await self._call("session_moved", self._inbox.session_moved(notice.about, notice.node))
            elif notice.kind == Kind.TOLD:
                await self._call("notice", self._inbox.notice(notice.about, notice.text, notice.node))
        if answers:
            await self._call("answers", self._inbox.answers(answers))
        self._lag = max(0.0, self._wall() - self._clock.skew - notices[-1].at)

    async def _session_moved(self, id_: str, to: str) -> None:
        self._put_to_tell("session_moved", lambda inbox: inbox.session_moved(id_, to))

    async def _session_ended(self, id_: str, by: str) -> None:
        assert self._inbox is not None
        await self._call("session_ended", self._inbox.session_ended(id_, by))

    def _put_to_tell(self, what: str, call: Callable[[Inbox], Awaitable[None]]) -> None:
        self._to_tell.put_nowait((what, call))

    async def _tell(self) -> None:
        """What heartbeats show, told aside from them: they must not wait for anybody."""
        assert self._inbox is not None
        while True:
            what, call = await self._to_tell.get()
            await self._call(what, call(self._inbox))

    async def _call(self, what: str, telling: Awaitable[None]) -> None:
        try:
            await telling
        except Exception as error:  # a defect there must not end the connection
            self._complain(what, error)

    def _complain(self, what: str, error: Exception) -> None:
        trace = "".join(traceback.format_exception(error)[-3:])
        self._events.error("defect", chore=f"cluster inbox {what}", error=repr(error), trace=trace)
