"""What becomes of an order: pure transitions, no clock, no store, no socket."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..coa.error_cause import Advice
from ..coa.family import FAMILIES, Action, CoaFamily
from ..coa.plan import CoaSession
from ..coa.sender import Outcome, Prepared, Result
from ..coa.verdict import Verdict, judge
from ..codes import MEANINGS, Code
from ..config.model import CoaMode
from ..sessions.model import Session
from ..store.coa_orders import CoaOrder, OrderState
from .redecide import Outlook

REMEMBERED = 300.0  # seconds for which a device can know a packet again (RFC 5176 section 6.3)
# Of these an ACK says that it has happened; of the others, that it is going to.
_DONE_BY_ACK = frozenset({Action.PUSH, Action.DISCONNECT})
_ENDS_SESSION = frozenset({Action.DISCONNECT})
_UNANSWERED = frozenset({Code.COA_NO_ANSWER, Code.COA_ANSWER_INVALID, Code.COA_UNREACHABLE})


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds. `pauses`: after each failure, the last one again and again. `confirm`: from ACK to reauthentication.

    `by_hand`: for how long an operator's order is tried; who has given it does not expect it hours later.
    """

    pauses: tuple[float, ...] = (10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0)
    confirm: float = 120.0
    by_hand: float = 300.0

    def pause(self, attempts: int) -> float:
        """After that many attempts."""
        return self.pauses[min(max(attempts, 1), len(self.pauses)) - 1]

    def next(self, order: CoaOrder, now: float, attempts: int) -> float:
        """When an order is due again after that many attempts."""
        due = now + self.pause(attempts)
        return min(due, order.created_at + self.by_hand) if order.author else due


def ordered(outlook: Outlook, now: float, grace: float, number: int) -> CoaOrder:
    """The order that brings a session to what it is to have. `number`: how many it had since the last one was sent.

    The id says what it is for, and after what, so that two nodes that come to the same conclusion give the same order,
    and a node that takes the session over never gives one again that was carried out before.
    """
    session = outlook.session
    accept, rule, profile = outlook.authorization
    after = f"{session.coa_at or 0.0!r} {number}"
    said = "\n".join((session.id, session.decision_id, str(accept), rule, profile, after))
    delayed = grace > 0 and outlook.worse
    assert outlook.verdict is not None
    exemption = outlook.verdict.decision.exemption
    by = f"exemption {exemption}" if exemption else f"rule {rule or 'none'}"
    gets = f"{by}, profile {profile}" if accept else f"a reject ({_reject_reason(outlook)})"
    return CoaOrder(
        id=hashlib.sha256(said.encode()).hexdigest()[:24],
        session_id=session.id,
        client=session.nas,
        family=session.family,
        state=OrderState.GRACE if delayed else OrderState.PLANNED,
        created_at=now,
        changed_at=now,
        due_at=now + grace if delayed else now,
        decision_id=session.decision_id,
        old_rule=session.rule,
        old_profile=session.profile,
        rule=rule,
        profile=profile,
        accept=accept,
        basis=outlook.basis,
        reason=f"{outlook.was} became {outlook.basis}: {gets}",
        worse=outlook.worse,
    )


def _reject_reason(outlook: Outlook) -> str:
    assert outlook.verdict is not None
    return outlook.verdict.decision.reason[:200]


def by_hand(session: Session, action: str, author: str, identifier: str, now: float) -> CoaOrder:
    """An operator's order. `action`: the one that is wanted, "" for what is usual on that network device."""
    return CoaOrder(
        id=identifier,
        session_id=session.id,
        client=session.nas,
        family=session.family,
        state=OrderState.PLANNED,
        created_at=now,
        changed_at=now,
        due_at=now,
        decision_id=session.decision_id,
        old_rule=session.rule,
        old_profile=session.profile,
        rule=session.rule,
        profile=session.profile,
        accept=True,
        basis="",
        reason=f"by {author}: {action or 'the usual action'}",
        author=author,
        asked=action,
    )


def as_it_stands(order: CoaOrder, session: Session, outlook: Outlook) -> CoaOrder:
    """An operator's order just before it is sent: what the session is to have by it, as far as that can be said."""
    order = replace(order, decision_id=session.decision_id, old_rule=session.rule, old_profile=session.profile)
    if outlook.verdict is None:
        return replace(order, rule=session.rule, profile=session.profile)
    accept, rule, profile = outlook.authorization
    return replace(order, accept=accept, rule=rule, profile=profile, basis=outlook.basis)


def given_up(order: CoaOrder, now: float, times: Times) -> CoaOrder:
    """An operator's order that has come to nothing for too long."""
    state = OrderState.NAK if order.state is OrderState.NAK else OrderState.FAILED
    if order.code in _UNANSWERED:
        state = OrderState.TIMEOUT
    why = f"given up after {times.by_hand:.0f} s"
    code = order.code or Code.COA_NOT_SENT.value
    return _settled(order, state, now, code=code, detail=f"{order.detail}; {why}" if order.detail else why)


def superseded(order: CoaOrder, now: float, why: str) -> CoaOrder:
    """It is not needed any more."""
    return _settled(order, OrderState.SUPERSEDED, now, detail=why)


def gone(order: CoaOrder, now: float, why: str) -> CoaOrder:
    """Its session has ended."""
    return _settled(order, OrderState.GONE, now, detail=why)


def confirmed(order: CoaOrder, now: float, why: str) -> CoaOrder:
    """It has had its effect, as something else than an answer shows."""
    return _settled(order, OrderState.ACKED, now, code=Code.COA_ACKNOWLEDGED.value, detail=why)


def unconfirmed(order: CoaOrder, now: float) -> CoaOrder:
    """Acknowledged, and nothing came of it."""
    code = Code.COA_NOT_REAUTHENTICATED
    return _settled(order, OrderState.ACKED, now, code=code.value, detail=MEANINGS[code].text)


def failed(order: CoaOrder, now: float, code: Code, why: str) -> CoaOrder:
    """It can't be sent, and trying again would change nothing."""
    return _settled(order, OrderState.FAILED, now, code=code.value, detail=why)


def rehearsed(order: CoaOrder, now: float, action: Action, attributes: str) -> CoaOrder:
    """What would have been sent."""
    return replace(
        _settled(order, OrderState.DRY_RUN, now, detail="not sent: coa.mode is dry-run"),
        action=action.value,
        attributes=attributes,
    )


def sent(order: CoaOrder, now: float, action: Action, attributes: str, prepared: Prepared) -> CoaOrder:
    """Its packet is about to go out."""
    return replace(
        order,
        state=OrderState.SENT,
        changed_at=now,
        due_at=None,
        action=action.value,
        attributes=attributes,
        attempts=order.attempts + 1,
        packet=prepared.octets,
        device=prepared.device,
        port=prepared.port,
        source=prepared.source,
        source_port=prepared.source_port,
        prepared_at=prepared.created,
    )


def again(order: CoaOrder, now: float) -> CoaOrder:
    """The stored packet goes out again."""
    return replace(order, state=OrderState.SENT, changed_at=now, due_at=None, attempts=order.attempts + 1)


def packet_of(order: CoaOrder) -> Prepared | None:
    """The packet to send again; None when there is none, or the device may have forgotten it."""
    if order.packet is None or order.prepared_at is None:
        return None
    return Prepared(order.device, order.port, order.source, order.source_port, order.prepared_at, order.packet)


def put_off(order: CoaOrder, now: float, times: Times, code: Code, why: str) -> CoaOrder:
    """Nothing could be sent; later it may."""
    attempts = order.attempts + 1
    due = times.next(order, now, attempts)
    return replace(order, changed_at=now, due_at=due, attempts=attempts, code=code.value, detail=why)


def can_not(order: CoaOrder, now: float, action: Action, why: str) -> CoaOrder:
    """The device, or the session, is not made for this action: on to the next one."""
    return replace(
        order,
        state=OrderState.PLANNED,
        changed_at=now,
        due_at=now,
        tried=(*order.tried, action.value),
        narrower=False,
        attempts=0,
        packet=None,
        prepared_at=None,
        detail=f"{order.detail}; {why}" if order.tried else why,
    )


def judged(order: CoaOrder, result: Result, families: Mapping[str, CoaFamily] = FAMILIES) -> Verdict:
    """What a result means for this order."""
    family = families.get(order.family)
    procedure = family.procedures.get(Action(order.action)) if family else None
    bare = result.outcome is Outcome.NAK and result.error_cause is None
    if bare and procedure is not None and procedure.bare_nak_is_gone:
        return Verdict(Code.COA_SESSION_GONE, Advice.GONE)
    return judge(result, disconnect=Action(order.action) in _ENDS_SESSION)


def concluded(order: CoaOrder, result: Result, verdict: Verdict, now: float, times: Times) -> CoaOrder:
    """The order after a result. One with `due_at` now is to go on at once."""
    told = replace(order, code=verdict.code.value, cause=result.error_cause, detail=result.detail)
    match verdict.advice:
        case Advice.DONE if Action(order.action) in _DONE_BY_ACK:
            return _settled(told, OrderState.ACKED, now)
        case Advice.DONE:
            return replace(told, state=OrderState.ACKED, changed_at=now, due_at=now + times.confirm)
        case Advice.GONE:
            return _settled(told, OrderState.GONE, now)
        case Advice.FALL_BACK:
            return can_not(told, now, Action(order.action), f"{order.action}: {result.detail}")
        case Advice.NARROWER if not order.narrower:
            narrower = replace(told, state=OrderState.PLANNED, changed_at=now, due_at=now, narrower=True)
            return replace(narrower, packet=None, prepared_at=None)
        case Advice.TEMPLATE | Advice.DEVICE | Advice.NARROWER:
            return _settled(told, OrderState.NAK, now)
    return _later(told, result, now, times)


def _later(order: CoaOrder, result: Result, now: float, times: Times) -> CoaOrder:
    due = times.next(order, now, order.attempts)
    if result.outcome is Outcome.NAK:
        # The same packet would get the same answer from the device's cache.
        return replace(order, state=OrderState.NAK, changed_at=now, due_at=due, packet=None, prepared_at=None)
    if order.prepared_at is None or not 0 <= now - order.prepared_at < REMEMBERED - times.pause(order.attempts):
        # It will have forgotten the packet by then, so that nothing is gained by sending the same.
        return replace(order, state=OrderState.PLANNED, changed_at=now, due_at=due, packet=None)
    return replace(order, state=OrderState.TIMEOUT, changed_at=now, due_at=due)


def _settled(order: CoaOrder, state: OrderState, now: float, *, code: str = "", detail: str = "") -> CoaOrder:
    return replace(
        order,
        state=state,
        changed_at=now,
        due_at=None,
        settled=True,
        code=code or order.code,
        detail=detail or order.detail,
    )


def named(session: Session) -> CoaSession:
    """The session as its network device knows it."""
    return CoaSession(
        family=session.family,
        user_name=session.user,
        nas_address=session.nas_address,
        nas_identifier=session.nas_identifier,
        nas_port=int(session.nas_port) if session.nas_port.isdecimal() else None,
        nas_port_id=session.nas_port_id,
        calling_station_id=session.calling_station,
        called_station_id=session.called_station,
        acct_session_id=session.acct_session_id,
        audit_session_id=session.audit_session_id,
        framed_ip_address=session.framed_ip,
    )


def may_have_arrived(order: CoaOrder) -> bool:
    """Whether a push may be what the network device has now: it was sent, and no answer said that it was refused.

    That outlives its packet, and the order's end: one that was withdrawn unanswered may have been carried out.
    """
    refused = order.state in (OrderState.NAK, OrderState.DRY_RUN)
    return order.action == Action.PUSH and order.prepared_at is not None and not refused


def in_force(orders: list[CoaOrder], session: Session, mode: CoaMode) -> CoaOrder | None:
    """The order that has changed what the session has since its decision: a push, or in a dry run what would have."""
    for order in reversed(orders):
        if order.decision_id != session.decision_id or not order.settled:
            continue
        if may_have_arrived(order):
            return order
        if order.state is OrderState.DRY_RUN and mode is CoaMode.DRY_RUN:
            return order
    return None
