"""What decisions, accounting and time do to the sessions of a book.

Every rule goes by the moment of what it is told, so that taking the same line again, or a late one, changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..accounting import AccountingEvent, AccountingStatus
from ..decision import Decision, Outcome
from . import matching
from .book import Book
from .model import EndCause, Session, SessionState
from .opening import opened, renewed, with_acct_session_id, without_acct_session_id

REMEMBERED = 6 * 3600.0  # seconds that an ended session waits in memory for late accounting


@dataclass(frozen=True, slots=True)
class Tally:
    """Accounting so far. `unmatched`: about a session not known here; `odd`: of status `other`."""

    applied: int = 0
    unmatched: int = 0
    odd: int = 0

    def plus(self, other: Tally) -> Tally:
        """The sum."""
        return Tally(self.applied + other.applied, self.unmatched + other.unmatched, self.odd + other.odd)


def decided(book: Book, decision: Decision, node: str) -> None:
    """An Access-Accept opens a session or renews one. A reject changes none: the device may keep the session it had.

    The session's network device says its end in accounting, or is not heard of again.
    """
    if decision.outcome is not Outcome.ACCEPT or book.by_decision(decision.id) is not None:
        return
    asked = opened(decision, node)
    session = matching.renewed_by(asked, book)
    if session is not None and asked.reauthorized_at < session.reauthorized_at:
        return  # older than the decision in force
    if session is not None:
        book.put(renewed(session, asked))
        return
    book.put(asked)
    for other in matching.replaced_by(asked, book):
        older, newer = sorted((other, asked), key=lambda each: each.authorized_at)
        book.put(ended(older, EndCause.REPLACED, newer.authorized_at))


def taken_over(book: Book, session: Session) -> None:
    """A session that another node had, as that node knew it; what is newer here stays.

    Its network device may have asked here already, and thereby have opened what is the same session under another id:
    the one that was authorized last goes on.
    """
    known = book.get(session.id)
    if known is not None:
        if session.last_seen > known.last_seen or (known.live and not session.live):
            book.put(session)
        return
    same = matching.renewed_by(session, book) if session.live else None
    if same is None:
        book.put(session)
    elif same.reauthorized_at < session.reauthorized_at:
        book.put(session)
        book.put(ended(same, EndCause.REPLACED, session.reauthorized_at))
    else:
        book.put(ended(session, EndCause.REPLACED, same.reauthorized_at))


def authorized_elsewhere(book: Book, session: Session) -> Session | None:
    """What is ended here by a session that another node has authorized; None when nothing is."""
    # The same one, or one that can't go on beside it: the stop of that may have gone to the other node.
    same = matching.renewed_by(session, book) or next(iter(matching.replaced_by(session, book)), None)
    if same is None or same.id == session.id or same.reauthorized_at >= session.reauthorized_at:
        return None
    after = ended(same, EndCause.REPLACED, session.reauthorized_at)
    book.put(after)
    return after


def accounted(book: Book, event: AccountingEvent) -> Tally:
    """An Accounting-Request confirms a session, ends it, or ends all of its network device."""
    match event.status:
        case AccountingStatus.OTHER:
            return Tally(odd=1)
        case AccountingStatus.ON | AccountingStatus.OFF:
            for each in matching.ended_by_restart(event, book):
                book.put(ended(each, EndCause.NAS_RESTARTED, event.moment))
            return Tally(applied=1)
    session = matching.told_of(event, book)
    if session is None:
        return Tally(unmatched=1)
    after = _stopped(session, event) if event.status is AccountingStatus.STOP else _confirmed(session, event)
    if after != session:
        book.put(after)
        for other in matching.same_as(after, book):
            book.put(ended(other, EndCause.REPLACED, after.authorized_at))
    return Tally(applied=1)


def aged(book: Book, now: float, lost_after: float) -> None:
    """End what was not heard of for too long, and forget what ended long ago; the store keeps it."""
    for session in list(book):
        if session.live:
            if now >= session.lost_at(lost_after):
                book.put(ended(session, EndCause.LOST, now))
        elif session.ended_at is None or now - session.ended_at >= REMEMBERED:
            book.forget(session.id)


def ended(session: Session, cause: EndCause, at: float, terminate_cause: str = "") -> Session:
    """The session at its end."""
    return replace(
        session,
        state=SessionState.ENDED,
        ended_at=max(at, session.authorized_at),
        end_cause=cause.value,
        terminate_cause=terminate_cause,
    )


def _stopped(session: Session, event: AccountingEvent) -> Session:
    """The stop of a former Acct-Session-Id, or from before a reauthentication, does not end a session that goes on."""
    if event.acct_session_id and event.acct_session_id in session.former_acct_session_ids:
        return session
    if session.live and event.moment + matching.SLACK < session.reauthorized_at:
        return without_acct_session_id(with_acct_session_id(session, event.acct_session_id))
    if not session.live and session.end_cause == EndCause.STOP:
        return session
    known = _described(with_acct_session_id(session, event.acct_session_id), event)
    known = replace(known, last_seen=max(session.last_seen, event.moment))
    return ended(known, EndCause.STOP, event.moment, event.terminate_cause)


def _confirmed(session: Session, event: AccountingEvent) -> Session:
    """After a start or an interim."""
    if event.acct_session_id and event.acct_session_id in session.former_acct_session_ids:
        return session
    if not session.live and not matching.refuted_by(session, event):
        return session
    if event.moment < session.last_seen - matching.SLACK and session.started_at is not None:
        return session  # late or twice; what came after it is known
    known = _described(with_acct_session_id(session, event.acct_session_id), event)
    return replace(
        known,
        state=SessionState.STARTED,
        started_at=session.started_at or event.moment - (event.session_time or 0),
        last_seen=max(session.last_seen, event.moment),
        ended_at=None,
        end_cause="",
        terminate_cause="",
    )


def _described(session: Session, event: AccountingEvent) -> Session:
    """What accounting knows better, or first."""
    return replace(
        session,
        nas_identifier=session.nas_identifier or event.nas_identifier,
        nas_address=session.nas_address or event.nas_address,
        nas_port=session.nas_port or event.nas_port,
        nas_port_id=session.nas_port_id or event.nas_port_id,
        user=event.user or session.user,
        calling_station=event.calling_station or session.calling_station,
        called_station=event.called_station or session.called_station,
        acct_multi_session_id=event.acct_multi_session_id or session.acct_multi_session_id,
        audit_session_id=session.audit_session_id or event.audit_session_id,
        framed_ip=event.framed_ip or session.framed_ip,
        framed_ipv6=event.framed_ipv6 or session.framed_ipv6,
    )
