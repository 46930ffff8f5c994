"""From an Access-Accept to a session, and what it changes in one that is there already."""

from __future__ import annotations

from dataclasses import replace
from sys import intern

from ..decision import Decision
from .model import Session, SessionState

_FORMER = 4  # Acct-Session-Ids remembered, for stops that come late


def opened(decision: Decision, node: str) -> Session:
    """The session that an accepted decision opens if it belongs to none that is there."""
    sent_at = decision.at + decision.total_ms / 1000
    timeout = decision.session_timeout
    # What many sessions share is kept once.
    return Session(
        id=decision.id,
        state=SessionState.AUTHORIZED,
        client=intern(decision.client),
        decision_id=decision.id,
        authorized_at=sent_at,
        reauthorized_at=sent_at,
        last_seen=sent_at,
        nas_name=intern(decision.nas_name),
        nas_address=intern(decision.nas_address),
        nas_identifier=intern(decision.nas_identifier),
        nas_port=_port(decision),
        nas_port_id=decision.nas_port_id,
        family=intern(decision.family),
        access=intern(decision.access),
        user=_user(decision),
        mac=decision.mac,
        calling_station=decision.calling_station,
        called_station=intern(decision.called_station),
        acct_session_id=decision.acct_session_id,
        audit_session_id=decision.audit_session_id,
        server=intern(decision.server),
        identity_kind=intern(decision.identity_kind),
        identity=decision.identity,
        rule=intern(decision.rule),
        profile=intern(decision.profile),
        session_timeout=timeout,
        timer_ends_at=None if timeout is None else sent_at + timeout,
        node=intern(node),
    )


def renewed(session: Session, asked: Session) -> Session:
    """The session after a reauthentication. `asked`: what the new decision alone would have opened.

    Whatever the network device told before and not again stays.
    """
    return replace(
        with_acct_session_id(session, asked.acct_session_id),
        decision_id=asked.decision_id,
        reauthorized_at=asked.reauthorized_at,
        last_seen=max(session.last_seen, asked.last_seen),
        nas_name=asked.nas_name,
        nas_address=asked.nas_address or session.nas_address,
        nas_identifier=asked.nas_identifier or session.nas_identifier,
        nas_port=asked.nas_port or session.nas_port,
        nas_port_id=asked.nas_port_id or session.nas_port_id,
        family=asked.family,
        access=asked.access,
        user=asked.user,
        mac=asked.mac or session.mac,
        calling_station=asked.calling_station or session.calling_station,
        called_station=asked.called_station or session.called_station,
        audit_session_id=asked.audit_session_id or session.audit_session_id,
        server=asked.server,
        identity_kind=asked.identity_kind,
        identity=asked.identity,
        rule=asked.rule,
        profile=asked.profile,
        session_timeout=asked.session_timeout,
        timer_ends_at=asked.timer_ends_at,
        node=asked.node,
    )


def with_acct_session_id(session: Session, identifier: str) -> Session:
    """The session under its present Acct-Session-Id; the one before is remembered."""
    if not identifier or identifier == session.acct_session_id:
        return session
    former = tuple(each for each in session.acct_session_ids if each != identifier)[-_FORMER:]
    return replace(session, acct_session_id=identifier, former_acct_session_ids=former)


def without_acct_session_id(session: Session) -> Session:
    """The session after the stop of an Acct-Session-Id that it outlives."""
    return replace(session, acct_session_id="", former_acct_session_ids=session.acct_session_ids[-_FORMER:])


def _port(decision: Decision) -> str:
    """NAS-Port: `Decision.nas_port` is the port's name where it has one."""
    asked = next((value for name, value in decision.request if name == "NAS-Port"), "")
    return asked or (decision.nas_port if decision.nas_port.isdigit() else "")


def _user(decision: Decision) -> str:
    """Of a tunnel the outer name, which stands last in the request; the inner one means nothing to the device."""
    sent = [value for name, value in decision.attributes if name == "User-Name"]
    asked = [value for name, value in decision.request if name == "User-Name"]
    return (sent or asked or [decision.user])[-1]
