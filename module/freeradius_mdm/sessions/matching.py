"""Which session a decision or an accounting event is about. Pure rules; the candidates come from the book.

In this order, always within one network device:

1. our Class, which only the device that got it can return (ise.md section 5.8);
2. audit-session-id, which Cisco keeps over reauthentication, and for which a phone and a PC have one each;
3. Acct-Session-Id, unique until the device restarts (RFC 2866 section 5.5; it may stand in an Access-Request too);
4. the same station at the same place: port, or access point and SSID.

A weaker rule never overrules what a stronger one contradicts: another MAC or another audit-session-id is another
session.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Protocol

from ..accounting import AccountingEvent, AccountingStatus
from ..nas_kind import NasKind
from .model import EndCause, Session, SessionState

SLACK = 2.0  # seconds; Acct-Delay-Time is whole seconds, and an Accept and its Start can carry the same one


class Candidates(Protocol):
    """Sessions by what can name one on a network device; ended ones too, as long as they are remembered."""

    def by_decision(self, decision_id: str) -> Session | None:
        """The session that this decision opened, or renewed last."""

    def by_audit(self, nas: str, audit_session_id: str) -> Collection[Session]:
        """Those with that audit-session-id."""

    def by_acct(self, nas: str, acct_session_id: str) -> Collection[Session]:
        """Those that have or had that Acct-Session-Id."""

    def by_station(self, nas: str, mac: str, calling_station: str) -> Collection[Session]:
        """Those of that MAC, or of that Calling-Station-Id."""

    def by_nas(self, nas: str) -> Collection[Session]:
        """The live ones of a network device."""


def renewed_by(asked: Session, among: Candidates) -> Session | None:
    """The live session that the decision `asked` was made from reauthenticates; None when it opens one.

    A new audit-session-id or Acct-Session-Id at the same place is a new session: roaming, or a lost stop.
    """
    if asked.audit_session_id:
        found = _latest(each for each in among.by_audit(asked.nas, asked.audit_session_id) if _may_be(each, asked))
        if found is not None and found.live:
            return found
    if asked.acct_session_id:
        same = among.by_acct(asked.nas, asked.acct_session_id)
        found = _latest(each for each in same if each.live and _may_be(each, asked) and _is_station(each, asked))
        if found is not None:
            return found
    here = among.by_station(asked.nas, asked.mac, asked.calling_station)
    return _latest(
        each
        for each in here
        if each.live
        and _is_at(each, asked)
        and _may_be(each, asked)
        and not _differ(each.acct_session_id, asked.acct_session_id)
    )


def replaced_by(opened: Session, among: Candidates) -> list[Session]:
    """Live sessions that can't go on beside the one just opened: the same station at the same place."""
    here = among.by_station(opened.nas, opened.mac, opened.calling_station)
    return [
        each
        for each in here
        if each.live
        and each.id != opened.id
        and _is_at(each, opened)
        and not _differ(each.nas_address, opened.nas_address)
    ]


def same_as(told: Session, among: Candidates) -> list[Session]:
    """Live sessions that are an earlier account of this one: the same station's, with the same Acct-Session-Id.

    A device whose Access-Requests name no session says only in accounting that a reauthentication opened no other.
    """
    if not told.acct_session_id:
        return []
    return [
        each
        for each in among.by_acct(told.nas, told.acct_session_id)
        if each.live
        and each.id != told.id
        and each.acct_session_id == told.acct_session_id
        and each.reauthorized_at < told.reauthorized_at
        and _is_station(each, told)
        and _may_be(each, told)
    ]


def told_of(event: AccountingEvent, among: Candidates) -> Session | None:
    """The session that a start, interim or stop is about, live or ended; None when it is not known here."""
    for decision_id in reversed(event.decision_ids):
        named = among.by_decision(decision_id)
        if named is not None and named.nas == event.nas and not _differ(named.mac, event.mac):
            return named
    if event.audit_session_id:
        found = _latest(each for each in among.by_audit(event.nas, event.audit_session_id) if _may_be(each, event))
        if found is not None:
            return found
    remembered = None
    if event.acct_session_id:
        remembered = _latest(each for each in among.by_acct(event.nas, event.acct_session_id) if _may_be(each, event))
        if remembered is not None and remembered.live:
            return remembered
    # An Acct-Session-Id that has ended may come again after a restart of the device; the stop of it is the old one's.
    stops = event.status is AccountingStatus.STOP
    if remembered is not None and stops:
        return remembered
    here = _latest(
        each
        for each in among.by_station(event.nas, event.mac, event.calling_station)
        if each.live
        and _is_at(each, event)
        and _may_be(each, event)
        and each.authorized_at <= event.moment + SLACK
        and not (stops and _differ(each.acct_session_id, event.acct_session_id))
    )
    return here or remembered


def ended_by_restart(event: AccountingEvent, among: Candidates) -> list[Session]:
    """The live sessions that a network device's Accounting-On or -Off ends: those not heard of since.

    An access point says it for one of its SSIDs, a controller for one of its parts: what is named there limits it.
    """
    return [
        each
        for each in among.by_nas(event.nas)
        if each.last_seen <= event.moment
        and not _differ(each.nas_address, event.nas_address)
        and not _differ(each.nas_identifier, event.nas_identifier)
        and not (each.access == NasKind.WIRELESS and _differ(each.called_station, event.called_station))
    ]


def _may_be(one: Session, other: Session | AccountingEvent) -> bool:
    """Nothing says that they are two."""
    return not (
        _differ(one.mac, other.mac)
        or _differ(one.audit_session_id, other.audit_session_id)
        or _differ(one.nas_address, other.nas_address)
    )


def _is_station(one: Session, other: Session | AccountingEvent) -> bool:
    """The same endpoint for certain. A VPN client has no MAC in accounting, and its address in both."""
    if one.mac and other.mac:
        return one.mac == other.mac
    return bool(one.calling_station) and one.calling_station.lower() == other.calling_station.lower()


def _is_at(one: Session, other: Session | AccountingEvent) -> bool:
    """The same endpoint at the same port, or in the air at the same access point and SSID."""
    if not _is_station(one, other):
        return False
    if one.access == NasKind.WIRELESS and one.called_station and other.called_station:
        return one.called_station.lower() == other.called_station.lower()
    ports = ((one.nas_port_id, other.nas_port_id), (one.nas_port, other.nas_port))
    known = [(mine, its) for mine, its in ports if mine and its]
    if known:
        return all(mine == its for mine, its in known)
    # A device that says nothing of places or sessions has one of a station, which it could not name otherwise either.
    return bool(one.mac) and not (_is_named(one) or _is_named(other))


def _is_named(session: Session | AccountingEvent) -> bool:
    """The device says where it is, or which of several."""
    return bool(session.nas_port_id or session.nas_port or session.audit_session_id or session.acct_session_id)


def _differ(one: str, other: str) -> bool:
    """Both are known, and not the same."""
    return bool(one) and bool(other) and one != other


def _latest(found: Iterable[Session]) -> Session | None:
    """A live one before an ended one, then the one that was heard of last."""
    return max(found, key=lambda each: (each.live, each.last_seen), default=None)


def refuted_by(ended: Session, event: AccountingEvent) -> bool:
    """True when a start or interim proves that a session which counts as ended goes on.

    After a stop only another Acct-Session-Id does: IOS may begin a new one in the same session at reauthentication, and
    a WLAN one for a station that comes back on a cached key, without asking us.
    """
    if ended.state is not SessionState.ENDED or ended.ended_at is None or event.moment <= ended.ended_at:
        return False
    if ended.end_cause == EndCause.STOP:
        return bool(event.acct_session_id) and event.acct_session_id not in ended.acct_session_ids
    return True
