"""The sessions of this node told to the others, and those of a node that is gone taken over."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ..accounting import AccountingEvent
from ..decision import Decision
from ..errors import StoreError
from ..sessions.book import Change
from ..sessions.model import EndCause, Session
from ..store.query import StoreQueries
from ..store.write import StoreWriter
from . import session_wire
from .cluster.protocol import Cluster, Orphan, SharedSession
from .events import EventLog
from .sessions import SessionKeeper

TOPIC = "authorized"
ACCOUNTING = "accounting"
_AT_ONCE = 200  # sessions
_MOST_FOREIGN = 10_000  # accounting events; a device that floods must not cost memory without end
_EARLY = 10.0  # seconds for which accounting waits for the journal line that its session comes from


@dataclass(slots=True)
class _Early:
    event: AccountingEvent
    until: float  # by the loop's clock
    tried: bool = False  # since it was kept


class SharedSessions:
    """Belongs to the event loop, but for `changed`. `wall`: seconds since the epoch."""

    def __init__(
        self,
        cluster: Cluster,
        keeper: SessionKeeper,
        writer: StoreWriter,
        queries: StoreQueries,
        events: EventLog,
        wall: Callable[[], float],
    ) -> None:
        self._cluster = cluster
        self._keeper = keeper
        self._writer = writer
        self._queries = queries
        self._events = events
        self._wall = wall
        self._changed: dict[str, None] = {}  # sessions to be told of
        self._foreign: deque[AccountingEvent] = deque(maxlen=_MOST_FOREIGN)
        self._early: deque[_Early] = deque(maxlen=_MOST_FOREIGN)
        self._opened: set[str] = set()  # network devices with a new session here
        self._authorized: set[str] = set()  # of these, those with a decision that the others have not been told of

    def changed(self, changes: Sequence[Change], in_loop: Callable[[Callable[[], None]], None]) -> None:
        """Sessions have changed (`SessionKeeper.on_change`). In any thread."""
        after = [change.after for change in changes if change.after is not None]
        ids = dict.fromkeys(session.id for session in after)
        decided = {
            change.after.id
            for change in changes
            if change.after is not None
            and change.after.live
            and change.after.node == self._cluster.node
            and (change.before is None or change.before.decision_id != change.after.decision_id)
        }

        opened = {change.after.nas for change in changes if change.before is None and change.after is not None}

        def note() -> None:
            self._opened |= opened
            self._changed.update(ids)
            self._authorized.update(decided)

        if ids:
            in_loop(note)

    async def tell(self) -> bool:
        """Tell of what has changed; True when there is more. Raises StoreError, and then nothing is lost."""
        await self._try_early()
        while self._foreign:
            await self._cluster.announce(ACCOUNTING, self._foreign.popleft().to_json())
        ids = list(self._changed)[:_AT_ONCE]
        for id_ in ids:
            del self._changed[id_]
        try:
            told = await asyncio.to_thread(self._read, ids)
        except StoreError:
            self._changed.update(dict.fromkeys(ids))
            raise
        for id_, text in told:
            if text is None:
                await self._cluster.drop_session(id_)
            else:
                await self._cluster.put_session(text, id_)
                if id_ in self._authorized:
                    await self._cluster.announce(TOPIC, text)
            self._authorized.discard(id_)
        return bool(self._changed)

    async def take_over(self) -> bool:
        """Sessions that have become this node's; True when there may be more. Raises StoreError: they come again."""
        orphans = await self._cluster.orphaned()
        if not orphans:
            return False
        sessions, decisions = await self._understood(orphans)
        await asyncio.to_thread(self._store, sessions, decisions)
        self._changed.update(dict.fromkeys(session.id for session in sessions))
        former = sorted({orphan.node for orphan in orphans})
        self._events.info("sessions_taken_over", count=len(sessions), of=",".join(former))
        return await self.tell()

    async def authorized_elsewhere(self, text: str) -> None:
        """What another node announced under TOPIC. Raises ValueError."""
        session, _ = session_wire.decode(text)
        ended = await asyncio.to_thread(self._keeper.authorized_elsewhere, session)
        if ended is not None:
            self._events.info("session_moved", session=ended.id, to=session.node, there=session.id)

    def foreign(self, events: Sequence[AccountingEvent], in_loop: Callable[[Callable[[], None]], None]) -> None:
        """Accounting came here about sessions of other nodes, maybe (`SessionKeeper.on_foreign`). In any thread."""
        in_loop(lambda: self._foreign.extend(events))

    async def accounted_elsewhere(self, text: str) -> None:
        """What another node announced under ACCOUNTING. Raises ValueError."""
        event = AccountingEvent.from_json(text)
        if not await asyncio.to_thread(self._keeper.accounted_elsewhere, event):
            # The Start comes a moment after the Accept, whose line in the journal may not be read yet.
            self._early.append(_Early(event, asyncio.get_running_loop().time() + _EARLY))

    async def _try_early(self) -> None:
        """What came too early, in its order, once its network device has a new session here. Raises StoreError."""
        opened, self._opened = self._opened, set()
        waiting, self._early = self._early, deque(maxlen=_MOST_FOREIGN)
        kept: list[_Early] = []
        now = asyncio.get_running_loop().time()
        try:
            while waiting:
                each, applied = waiting[0], False
                if each.event.nas in opened or not each.tried:
                    applied = await asyncio.to_thread(self._keeper.accounted_elsewhere, each.event)
                    each.tried = True
                waiting.popleft()
                if not applied and now < each.until:
                    kept.append(each)
        finally:
            self._early.extendleft(reversed([*kept, *waiting]))

    async def moved(self, id_: str, to: str) -> None:
        """Another node answers for it."""
        self._changed.pop(id_, None)
        if await asyncio.to_thread(self._keeper.forget, id_):
            self._events.info("session_moved", session=id_, to=to)

    async def ended(self, id_: str, by: str) -> None:
        """Another node has seen its end."""
        if await asyncio.to_thread(self._keeper.end, id_, EndCause.STOP, self._wall()):
            self._events.info("session_ended_elsewhere", session=id_, by=by)

    def everything(self) -> list[SharedSession]:
        """Every live session of this node. Blocks; raises StoreError."""
        return [
            SharedSession(session.id, session_wire.encode(session, self._queries.decision(session.decision_id)))
            for session in self._keeper.directory.all()
        ]

    def _read(self, ids: Iterable[str]) -> list[tuple[str, str | None]]:
        """Each session's present state; None for one that has ended. What is only forgotten here is passed over."""
        found: list[tuple[str, str | None]] = []
        for id_ in ids:
            session = self._keeper.known(id_)
            if session is not None and not session.live:
                found.append((id_, None))
            elif session is not None:
                found.append((id_, session_wire.encode(session, self._queries.decision(session.decision_id))))
        return found

    async def _understood(self, orphans: Sequence[Orphan]) -> tuple[list[Session], list[Decision]]:
        sessions, decisions = [], []
        for orphan in orphans:
            try:
                session, decision = session_wire.decode(orphan.json)
                if session.id != orphan.id:
                    raise ValueError(f"it calls itself {session.id}")
            except ValueError as error:
                next_ = "are all nodes of one version?"
                self._events.error("session_not_taken_over", session=orphan.id, of=orphan.node, error=error, next=next_)
                # As it is, so that its own node finds it again.
                await self._cluster.put_session(orphan.json, orphan.id)
                continue
            sessions.append(session)
            if decision is not None:
                decisions.append(decision)
        return sessions, decisions

    def _store(self, sessions: Sequence[Session], decisions: Sequence[Decision]) -> None:
        self._writer.put_decisions(decisions)
        self._keeper.take_over(sessions)
