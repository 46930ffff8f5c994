"""Listening to the other nodes, and getting in step with a Redis that is not the one it was."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence

from ..events import EventLog
from .answers import Answers
from .calls import CutOffError
from .delivery import Delivery
from .exemptions import Exemptions
from .leases import Orders
from .line import Line
from .members import Beat
from .notices import Kind, MissedError, Notice, Notices
from .outbox import Outbox
from .protocol import Holdings, SharedAnswer
from .takeover import Sessions

_AT_ONCE = 500  # answers and sessions


class Listener:
    """`redis_now`: seconds since the epoch by Redis's clock; `most`: how much the outbox takes."""

    def __init__(
        self,
        node: str,
        notices: Notices,
        answers: Answers,
        exemptions: Exemptions,
        sessions: Sessions,
        orders: Orders,
        outbox: Outbox,
        delivery: Delivery,
        events: EventLog,
        redis_now: Callable[[], float],
        most: int,
    ) -> None:
        self._node = node
        self._notices = notices
        self._answers = answers
        self._exemptions = exemptions
        self._sessions = sessions
        self._orders = orders
        self._outbox = outbox
        self._delivery = delivery
        self._events = events
        self._redis_now = redis_now
        self._at_once = min(_AT_ONCE, max(1, most // 2))
        self._in_step_with = ""  # the epoch that was read and told completely
        self.beat: Beat | None = None  # the latest
        self.lag = 0.0  # see ClusterState

    async def run(self, line: Line) -> None:
        """For as long as the line lasts; its error is raised."""
        while True:
            beat = self.beat
            if beat is not None and (beat.epoch != self._in_step_with or self._outbox.overflown):
                await self._get_in_step(line, beat)
            try:
                await self._notices.read(line, self._deal)
            except MissedError:
                self._events.info("cluster_notices_missed", next="everything is read anew")
                self._notices.lost()
                self._in_step_with = ""

    async def _get_in_step(self, line: Line, beat: Beat) -> None:
        """Read all answers and exemptions, and tell what Redis does not hold.

        Whatever is written meanwhile comes as a notice.
        """
        self._outbox.overflown = False
        if self._in_step_with:
            self._events.info("cluster_redis_renewed", next="everything is read and told anew")
        self._notices.start(beat.first, beat.notices)
        with contextlib.suppress(CutOffError):
            await self._sessions.ended(self._delivery.session_ended)
            await self._sessions.reclaim()
        found = await self._answers.read_all(line)
        for start in range(0, len(found), _AT_ONCE):
            await self._tell_answers(found[start : start + _AT_ONCE])
        exemptions = await self._exemptions.read_all(line)
        if exemptions:
            await self._tell_exemptions(exemptions)
        ours = await self._sessions.ids(line)
        self._orders.tell_everything()
        try:
            holdings = await self._delivery.inbox.everything()
        except Exception as error:  # then this node's own are told as they change
            self._delivery.complain("everything", error)
        else:
            self._exemptions.put_missing(holdings.exemptions, exemptions)
            await self._tell_everything(holdings, {str(shared.key): shared.at for shared in found})
            await self._sessions.recall(line, ours - {session.id for session in holdings.sessions})
        self._in_step_with = beat.epoch

    async def _tell_everything(self, holdings: Holdings, known: dict[str, float]) -> None:
        """No faster than Redis takes it: the outbox has to have room for what happens meanwhile."""
        for start in range(0, len(holdings.answers), self._at_once):
            self._answers.share_newer(holdings.answers[start : start + self._at_once], known)
            await self._outbox.emptied()
        for start in range(0, len(holdings.sessions), self._at_once):
            for session in holdings.sessions[start : start + self._at_once]:
                self._sessions.put(session.id, session.json)
            await self._outbox.emptied()

    async def _deal(self, notices: Sequence[Notice]) -> None:
        answers: list[SharedAnswer] = []
        for notice in notices:
            if notice.kind == Kind.ANSWER:
                shared = self._answers.read(notice.about, notice.text.encode())
                if shared is not None:
                    answers.append(shared)
                continue
            await self._tell_answers(answers)  # in order
            answers = []
            if notice.kind == Kind.EXEMPTION:
                await self._tell_exemptions([notice.text])
            elif notice.kind == Kind.MOVED and notice.text == self._node:
                await self._tell_moved(notice)
            elif notice.kind == Kind.TOLD:
                await self._tell_notice(notice)
        await self._tell_answers(answers)
        self.lag = max(0.0, self._redis_now() - notices[-1].at)

    async def _tell_answers(self, answers: Sequence[SharedAnswer]) -> None:
        if answers:
            await self._delivery.tell("answers", lambda inbox: inbox.answers(answers))

    async def _tell_exemptions(self, texts: Sequence[str]) -> None:
        await self._delivery.tell("exemptions", lambda inbox: inbox.exemptions(texts))

    async def _tell_moved(self, notice: Notice) -> None:
        await self._delivery.tell("session_moved", lambda inbox: inbox.session_moved(notice.about, notice.node))

    async def _tell_notice(self, notice: Notice) -> None:
        await self._delivery.tell("notice", lambda inbox: inbox.notice(notice.about, notice.text, notice.node))
