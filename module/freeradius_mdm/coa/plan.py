"""From a session and an action to what is sent, or to the reason why it can't be."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .attributes import Attribute
from .family import FAMILIES, Action, CoaFamily, Identifier, Procedure
from .packet import Code

# Attributes of an Access-Accept that are about that exchange or its keys, and no authorization.
_NOT_PUSHED = {"EAP-Message", "Message-Authenticator", "State", "Proxy-State", "User-Name", "Event-Timestamp"}
_KEYS = "MS-MPPE-"

# In the order in which they are sent.
_NAMES = {
    Identifier.USER_NAME: "User-Name",
    Identifier.NAS_IDENTIFIER: "NAS-Identifier",
    Identifier.NAS_PORT: "NAS-Port",
    Identifier.NAS_PORT_ID: "NAS-Port-Id",
    Identifier.CALLING_STATION_ID: "Calling-Station-Id",
    Identifier.CALLED_STATION_ID: "Called-Station-Id",
    Identifier.FRAMED_IP_ADDRESS: "Framed-IP-Address",
    Identifier.ACCT_SESSION_ID: "Acct-Session-Id",
}
_ORDER = [Identifier.NAS, *_NAMES, Identifier.AUDIT_SESSION_ID]


@dataclass(frozen=True, slots=True)
class CoaSession:
    """What is known of a session, "" or None where the network device did not say; spelt exactly as it did.

    `nas_address`: NAS-IP-Address or NAS-IPv6-Address as the device wrote it in its request, which need not be the
    address we reach it at. `classes`: every Class it returned.
    """

    family: str
    user_name: str = ""
    nas_address: str = ""
    nas_identifier: str = ""
    nas_port: int | None = None
    nas_port_id: str = ""
    calling_station_id: str = ""
    called_station_id: str = ""
    acct_session_id: str = ""
    audit_session_id: str = ""
    framed_ip_address: str = ""
    classes: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What to send; `port` is the family's, unless the device's own is known."""

    action: Action
    code: Code
    attributes: tuple[Attribute, ...]
    port: int


@dataclass(frozen=True, slots=True)
class Impossible:
    """Why an action can't be asked for: a sentence for the operator."""

    action: Action
    reason: str


def plan(
    session: CoaSession,
    action: Action,
    profile: Iterable[Attribute] = (),
    families: Mapping[str, CoaFamily] = FAMILIES,
    *,
    narrower: bool = False,
) -> Plan | Impossible:
    """What asks the session's device for `action`. `profile`: the complete new attribute set, for a push.

    `narrower`: name the session by everything that any way of this action knows of (after Error-Cause 508).
    """
    family = families.get(session.family)
    if family is None:
        return Impossible(action, f"{session.family!r} is no vendor family; allowed: {', '.join(families)}")
    procedure = family.procedures.get(action)
    if procedure is None:
        can = ", ".join(family.procedures) or "nothing"
        return Impossible(action, f"{family.title} ({family.name}) can't be asked for {action.value}, but for {can}")
    known = _known(session)
    identifiers = _identifiers(procedure, known, narrower=narrower)
    if identifiers is None:
        ways = "; or ".join(" and ".join(way.needed) for way in procedure.ways)
        needed = {name for way in procedure.ways for name in way.needed}
        lacking = sorted(name.value for name in needed if name not in known)
        why = ", which this one lacks" if len(lacking) == len(needed) else f"; this session has no {', '.join(lacking)}"
        return Impossible(action, f"{family.title} knows a session by {ways}{why}")
    pushed = tuple(_pushed(procedure, profile)) if procedure.sends_profile else ()
    if procedure.sends_profile and not pushed:
        takes = f"; it takes {', '.join(sorted(procedure.takes))}" if procedure.takes else ""
        return Impossible(action, f"the profile has nothing that can be pushed to {family.title}{takes}")
    attributes = (*(known[name] for name in identifiers), *procedure.attributes, *pushed)
    return Plan(action, procedure.code, attributes, family.port)


def on_change(
    session: CoaSession, profile: Iterable[Attribute] = (), families: Mapping[str, CoaFamily] = FAMILIES
) -> list[Plan | Impossible]:
    """What to do when the session's authorization changes, best first; the next when the device can't do that."""
    family, attributes = families.get(session.family), tuple(profile)
    if family is None:
        return [plan(session, Action.DISCONNECT, attributes, families)]
    return [plan(session, action, attributes, families) for action in family.on_change]


def _known(session: CoaSession) -> dict[Identifier, Attribute]:
    values: dict[Identifier, str | int | None] = {
        Identifier.USER_NAME: session.user_name,
        Identifier.NAS_IDENTIFIER: session.nas_identifier,
        Identifier.NAS_PORT: session.nas_port,
        Identifier.NAS_PORT_ID: session.nas_port_id,
        Identifier.CALLING_STATION_ID: session.calling_station_id,
        Identifier.CALLED_STATION_ID: session.called_station_id,
        Identifier.FRAMED_IP_ADDRESS: session.framed_ip_address,
        Identifier.ACCT_SESSION_ID: session.acct_session_id,
    }
    known = {
        which: Attribute(_NAMES[which], value) for which, value in values.items() if value is not None and value != ""
    }
    if session.audit_session_id:
        known[Identifier.AUDIT_SESSION_ID] = Attribute("Cisco-AVPair", f"audit-session-id={session.audit_session_id}")
    if nas := _nas(session):
        known[Identifier.NAS] = nas
    return known


def _nas(session: CoaSession) -> Attribute | None:
    try:
        version = ipaddress.ip_address(session.nas_address).version
    except ValueError:
        return Attribute("NAS-Identifier", session.nas_identifier) if session.nas_identifier else None
    return Attribute("NAS-IP-Address" if version == 4 else "NAS-IPv6-Address", session.nas_address)


def _identifiers(
    procedure: Procedure, known: Mapping[Identifier, Attribute], *, narrower: bool
) -> list[Identifier] | None:
    """Those to send, in order; None when no way's needs are met."""
    way = next((way for way in procedure.ways if all(name in known for name in way.needed)), None)
    if way is None:
        return None
    chosen = {*way.needed, *way.wanted}
    if narrower:
        chosen |= {name for other in procedure.ways for name in (*other.needed, *other.wanted)}
    if Identifier.NAS in chosen and known.get(Identifier.NAS) == known.get(Identifier.NAS_IDENTIFIER):
        chosen.discard(Identifier.NAS_IDENTIFIER)  # one and the same, sent once
    return [name for name in _ORDER if name in chosen and name in known]


def _pushed(procedure: Procedure, profile: Iterable[Attribute]) -> Iterable[Attribute]:
    for attribute in profile:
        if attribute.name in _NOT_PUSHED or attribute.name.startswith(_KEYS):
            continue
        if procedure.takes is None or attribute.name in procedure.takes:
            yield attribute
