"""One step of one order: what to ask the device for, its secret, the packet, and what the answer means."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..coa.attributes import Attribute, PacketError, encode_all
from ..coa.clients import Client, ClientError
from ..coa.error_cause import Advice
from ..coa.family import FAMILIES, Action
from ..coa.plan import CoaSession, Impossible, Plan, plan
from ..coa.sender import Order, Prepared, Result, Sender
from ..codes import Code
from ..config.model import CoaMode, CoaSettings, Config
from ..decision import Decision
from ..sessions.model import EndCause, Session
from ..store.coa_orders import CoaOrder, OrderState
from ..store.write import StoreWriter
from . import coa_attributes, coa_orders, coa_settings
from .assessment import Assessment, Assessor
from .coa_alarms import Alarms
from .coa_orders import Times
from .coa_settings import ClientBook
from .events import EventLog
from .redecide import Outlook, pushed_decision
from .sessions import SessionKeeper

_CONFIRMING_SLACK = 1.0  # seconds; a taken over order's packet was dated by another node's clock


class Withdrawn(Exception):
    """The order was replaced while it stood in line: nothing was sent."""


async def _always(_: CoaOrder) -> bool:
    return True


async def _nobody(_: str, __: str) -> None:
    return None


@dataclass(frozen=True, slots=True)
class DeskParts:
    """What the desk works with. `rejected(session, since)`: whether its endpoint was rejected there since; blocks.

    `claim(order)`: whether this node is the one to carry it out; `settled(order id, result)` tells the others.
    """

    writer: StoreWriter
    sessions: SessionKeeper
    assessor: Assessor
    book: ClientBook
    sender: Sender
    config: Callable[[], Config]
    rejected: Callable[[Session, float], bool]
    events: EventLog
    wall: Callable[[], float]
    claim: Callable[[CoaOrder], Awaitable[bool]] = _always
    settled: Callable[[str, str], Awaitable[None]] = _nobody
    times: Times = field(default_factory=Times)
    sleep: Callable[[float], Awaitable[None]] | None = None  # for a clock that is not the world's


# (order as it was, as it is now, what the device is told by it): stores it. Raises Withdrawn, StoreError.
KeepSent = Callable[[CoaOrder, CoaOrder, Decision | None], Awaitable[CoaOrder]]


@dataclass(frozen=True, slots=True)
class _Chosen:
    plan: Plan
    attributes: str
    pushed: Decision | None


class Errands:
    """Belongs to the event loop."""

    def __init__(self, parts: DeskParts, alarms: Alarms, keep_sent: KeepSent) -> None:
        self._parts = parts
        self._alarms = alarms
        self._keep_sent = keep_sent

    async def step(self, order: CoaOrder, session: Session | None) -> CoaOrder:
        """What is due about an order; the order after it. Raises Withdrawn, StoreError."""
        now = self._parts.wall()
        settled = settled_by(order, session, now)
        if settled is not None or session is None:
            return settled or coa_orders.gone(order, now, "the session has ended")
        if order.state is OrderState.ACKED:
            return await self._unconfirmed(order, session)
        if order.author and now >= order.created_at + self._parts.times.by_hand:
            return coa_orders.given_up(order, now, self._parts.times)
        settings = self._parts.config().coa
        if settings.mode is CoaMode.OFF:
            return coa_orders.superseded(order, now, "coa.mode is off")
        prepared = coa_orders.packet_of(order)
        if prepared is not None and order.in_doubt:
            if settings.mode is CoaMode.DRY_RUN:
                held = replace(order, state=OrderState.TIMEOUT)
                why = "not sent again: coa.mode is dry-run"
                return coa_orders.put_off(held, now, self._parts.times, Code.COA_NOT_SENT, why)
            return await self._resume(order, session, prepared, settings)
        return await self._send(order, session, settings)

    async def _unconfirmed(self, order: CoaOrder, session: Session) -> CoaOrder:
        now, since = self._parts.wall(), order.prepared_at or order.created_at
        if await asyncio.to_thread(self._parts.rejected, session, since - _CONFIRMING_SLACK):
            return coa_orders.confirmed(order, now, "it authenticated again and was rejected")
        after = coa_orders.unconfirmed(order, now)
        self._alarms.raise_(order.client, Code.COA_NOT_REAUTHENTICATED, f"session {order.session_id}", now)
        return after

    async def _send(self, order: CoaOrder, session: Session, settings: CoaSettings) -> CoaOrder:
        if order.author:
            outlook = await asyncio.to_thread(self._parts.assessor.now, session, order)
            order = coa_orders.as_it_stands(order, session, outlook)
        else:
            found = await asyncio.to_thread(self._parts.assessor.assess, session, order)
            outlook = found.outlook
            if found.wanted != order.authorization:
                return coa_orders.superseded(order, self._parts.wall(), _why_not(found))
        now = self._parts.wall()
        order, chosen = self._choose(order, session, outlook, settings)
        if chosen is None:
            code = Code.COA_UNSUPPORTED if order.cause is not None else Code.COA_IMPOSSIBLE
            if not order.author:  # who asks for what can't be done is told so, and there is nothing to mend
                self._alarms.raise_(order.client, code, order.detail, now)
            return coa_orders.failed(order, now, code, order.detail)
        if settings.mode is CoaMode.DRY_RUN:
            return coa_orders.rehearsed(order, now, chosen.plan.action, chosen.attributes)
        try:
            client = await asyncio.to_thread(self._parts.book.find, settings, order.client)
        except ClientError as error:
            self._alarms.raise_(order.client, Code.COA_UNKNOWN_CLIENT, str(error), now)
            return coa_orders.put_off(order, now, self._parts.times, Code.COA_UNKNOWN_CLIENT, str(error))
        if not await self._parts.claim(order):
            # Not superseded, which would lead to a new order, and that one's claim to a second packet.
            why = "another node may be carrying it out"
            return coa_orders.put_off(order, now, self._parts.times, Code.COA_ELSEWHERE, why)
        return await self._ask(order, session, chosen, client)

    async def _ask(self, order: CoaOrder, session: Session, chosen: _Chosen, client: Client) -> CoaOrder:
        """Send the packet of what was chosen."""
        current = order

        async def remember(prepared: Prepared) -> None:
            nonlocal current
            made = coa_orders.sent(order, self._parts.wall(), chosen.plan.action, chosen.attributes, prepared)
            current = await self._keep_sent(order, made, chosen.pushed)

        device, port = client.coa_address or order.client, client.coa_port or chosen.plan.port
        to = Order(device, port, chosen.plan.code, chosen.plan.attributes)
        result = await self._parts.sender.send(to, client.secret.octets, remember)
        if current is order:  # it came not so far as to have a packet
            current = replace(order, action=chosen.plan.action.value, attempts=order.attempts + 1)
        return await self._conclude(current, session, result)

    async def _resume(self, order: CoaOrder, session: Session, prepared: Prepared, settings: CoaSettings) -> CoaOrder:
        """Send the stored packet once more: a device that knows it again does nothing twice."""
        try:
            client = await asyncio.to_thread(self._parts.book.find, settings, order.client)
        except ClientError as error:
            now = self._parts.wall()
            self._alarms.raise_(order.client, Code.COA_UNKNOWN_CLIENT, str(error), now)
            held = replace(order, state=OrderState.TIMEOUT)
            return coa_orders.put_off(held, now, self._parts.times, Code.COA_UNKNOWN_CLIENT, str(error))
        current = await self._keep_sent(order, coa_orders.again(order, self._parts.wall()), None)
        result = await self._parts.sender.resume(prepared, client.secret.octets)
        return await self._conclude(current, session, result)

    async def _conclude(self, order: CoaOrder, session: Session, result: Result) -> CoaOrder:
        now, verdict = self._parts.wall(), coa_orders.judged(order, result)
        after = coa_orders.concluded(order, result, verdict, now, self._parts.times)
        if verdict.advice in (Advice.DONE, Advice.GONE):
            self._alarms.clear(order.client)
        elif verdict.advice not in (Advice.FALL_BACK, Advice.NARROWER) or after.settled:
            self._alarms.raise_(order.client, verdict.code, f"{order.action}: {result.detail}", now)
        # The session first: an order that is open still finds out by it that there is nothing left to do.
        await asyncio.to_thread(self._tell_session, after, session, verdict.advice, now)
        return after

    def _tell_session(self, order: CoaOrder, session: Session, advice: Advice, now: float) -> None:
        told = f"{order.code} {order.action}: {order.detail}"
        sessions, action = self._parts.sessions, Action(order.action)
        if advice is Advice.GONE:
            sessions.end(session.id, EndCause.GONE, now, told)
        elif advice is Advice.DONE and action is Action.DISCONNECT:
            sessions.end(session.id, EndCause.DISCONNECTED, now, told)
        elif advice is Advice.DONE and action is Action.PUSH:
            sessions.pushed(session.id, now, told, order.decision_id, order.rule, order.profile)
        else:
            sessions.coa_result(session.id, now, told)

    def _choose(
        self, order: CoaOrder, session: Session, outlook: Outlook, settings: CoaSettings
    ) -> tuple[CoaOrder, _Chosen | None]:
        """The best that the device and what is known of the session allow; the order says why the others were not."""
        named = coa_orders.named(session)
        profile: tuple[Attribute, ...] = ()
        lacking = ""
        if outlook.verdict is None:  # of an operator's order only
            lacking = f"what it would be given can't be said: {outlook.why_not}"
        elif outlook.verdict.accept:
            try:
                profile = coa_attributes.of_reply(outlook.verdict.attributes)
            except ValueError as error:
                lacking = str(error)
        usual = coa_settings.actions(settings, session.family)
        before, why_not = order, dict[str, list[str]]()
        for action in (Action(order.asked),) if order.asked else usual:
            if action.value in order.tried:
                continue
            found = self._planned(order, named, action, profile, lacking)
            if isinstance(found, Plan):
                pushes = FAMILIES[session.family].procedures[action].sends_profile
                pushed = pushed_decision(outlook, self._parts.wall()) if pushes else None
                return order, _Chosen(found, coa_attributes.text(found.attributes), pushed)
            why_not.setdefault(found.reason, []).append(action.value)
            order = replace(
                coa_orders.can_not(order, self._parts.wall(), action, ""), detail=_each_reason_once(before, why_not)
            )
        return replace(order, detail=order.detail or f"{session.family} has no action on a change"), None

    def _planned(
        self,
        order: CoaOrder,
        named: CoaSession,
        action: Action,
        profile: tuple[Attribute, ...],
        lacking: str,
    ) -> Plan | Impossible:
        if lacking and action is Action.PUSH:
            return Impossible(action, lacking)
        made = plan(named, action, profile, narrower=order.narrower)
        if isinstance(made, Plan):
            try:
                encode_all(made.attributes)
            except PacketError as error:
                return Impossible(action, str(error))
        return made


def settled_by(order: CoaOrder, session: Session | None, now: float) -> CoaOrder | None:
    """The order as the session settles it: by its end, or by a decision that came after the packet. None if not."""
    if session is None or not session.live:
        if order.state is OrderState.ACKED:
            return coa_orders.confirmed(order, now, "the session has ended")
        return coa_orders.gone(order, now, "the session has ended")
    since = order.prepared_at
    if since is None or not (order.state is OrderState.ACKED or order.in_doubt):
        return None
    if session.decision_id == order.decision_id or not _after_the_packet(order, session, since):
        return None
    return coa_orders.confirmed(order, now, f"authorized anew by decision {session.decision_id}")


def _after_the_packet(order: CoaOrder, session: Session, prepared_at: float) -> bool:
    """Whether the session's decision came after it.

    Its timer can run out just before: that reauthentication was decided on the old record, and the device has yet to
    do what it was asked for. So within what two clocks may differ, only what the order is for counts.
    """
    if session.reauthorized_at >= prepared_at:
        return True
    has = (session.rule, session.profile)
    return session.reauthorized_at >= prepared_at - _CONFIRMING_SLACK and has == (order.rule, order.profile)


def _each_reason_once(before: CoaOrder, why_not: Mapping[str, Sequence[str]]) -> str:
    """Behind what the device itself said of earlier actions: `ACTION, ACTION: REASON` for what they have in common."""
    told = [before.detail] if before.tried else []
    return "; ".join((*told, *(f"{', '.join(actions)}: {reason}" for reason, actions in why_not.items())))


def _why_not(found: Assessment) -> str:
    if found.outlook.why_not:
        return found.outlook.why_not
    return "the session has what it is to have" if found.wanted is None else "a newer change"
