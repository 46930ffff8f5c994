"""Endpoints: what the MDM server says of each, how old that is, and where it was seen last."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from ...compliance import Compliance, ComplianceAnswer, Registration
from ...config.model import Config, Server
from ...decision import Decision
from ...exemption import Exemption
from ...store.decision_log import DecisionLog
from ...store.exemptions import ExemptionQueries
from ...store.overview import KnownEndpoint, Overview


class DeviceState(StrEnum):
    """What an endpoint can be asked for by. `due`: whatever it is, its record has to be renewed before it is used."""

    COMPLIANT = "compliant"
    NONCOMPLIANT = "noncompliant"
    UNREGISTERED = "unregistered"
    UNKNOWN = "unknown"
    DUE = "due"


@dataclass(frozen=True, slots=True)
class DeviceFilter:
    """Which endpoints to show; what is None does not restrict.

    `mac`: 12 hexadecimal digits, what is asked about, or known of the endpoint. `user`: of its newest decision.
    """

    state: DeviceState | None = None
    mac: str | None = None
    identity: str | None = None
    server: str | None = None
    user: str | None = None


@dataclass(frozen=True, slots=True)
class LastSeen:
    """Of the newest decision about an endpoint: see Decision."""

    id: str
    at: float
    outcome: str
    user: str
    mac: str
    nas_name: str
    nas_address: str
    nas_port: str
    access: str
    rule: str
    profile: str


@dataclass(frozen=True, slots=True)
class Device:
    """One endpoint. Times are seconds since the epoch, ages seconds; None: not known.

    `state` is never `due`, which `due` says. `registration` to `macs` are of the last answer, "" without one.
    `due_at` is None for a server that is no longer configured. `failure`: of the last question, if that failed.
    """

    server: str
    kind: str
    value: str
    state: DeviceState
    registration: str
    compliance: str
    managed: str
    macs: tuple[str, ...]
    answered_at: float | None
    age: float | None
    due: bool
    due_at: float | None
    failed_at: float | None
    failure: str
    sessions: int  # live
    last: LastSeen | None
    exemption: Exemption | None


@dataclass(frozen=True, slots=True)
class DeviceList:
    """The endpoint decided about last comes first. `total`: how many there are with those that are not listed."""

    devices: tuple[Device, ...]
    total: int


def devices(config: Config, chosen: DeviceFilter, limit: int, now: float) -> DeviceList:
    """The endpoints that have a record or a live session. Raises StoreError."""
    file = config.service.store_file
    overview, servers = Overview(file), {server.name: server for server in config.servers}
    found: Iterable[KnownEndpoint] = overview.endpoints(chosen.server, chosen.identity)
    if chosen.mac is not None:
        identities = overview.identities_of(chosen.mac)
        found = [each for each in found if _has_mac(each, chosen.mac, identities)]
    if chosen.state is not None:
        found = [each for each in found if _is(each, chosen.state, servers.get(each.key.server), now)]
    if chosen.user is not None:
        found = list(found)
        users = overview.users_of(each.newest for each in found if each.newest)
        found = [each for each in found if users.get(each.newest) == chosen.user]
    listed = sorted(found, key=lambda each: (-each.newest, each.key.server, each.key.kind, each.key.value))
    shown = listed[:limit]
    decisions = DecisionLog(file).numbered(each.newest for each in shown if each.newest)
    exemptions = {each.exemption.key: each.exemption for each in ExemptionQueries(file).exemptions(now)}
    made = [
        _device(
            each,
            servers.get(each.key.server),
            decisions[each.newest].decision if each.newest in decisions else None,
            exemptions.get(each.key),
            now,
        )
        for each in shown
    ]
    return DeviceList(tuple(made), len(listed))


def state_of(answer: ComplianceAnswer | None) -> DeviceState:
    """In one word. Only a registered device is compliant or not."""
    if answer is None:
        return DeviceState.UNKNOWN
    if answer.registration is Registration.UNREGISTERED:
        return DeviceState.UNREGISTERED
    if answer.registration is Registration.REGISTERED:
        match answer.compliance:
            case Compliance.COMPLIANT:
                return DeviceState.COMPLIANT
            case Compliance.NONCOMPLIANT:
                return DeviceState.NONCOMPLIANT
    return DeviceState.UNKNOWN


def _is(endpoint: KnownEndpoint, state: DeviceState, server: Server | None, now: float) -> bool:
    if state is DeviceState.DUE:
        return _is_due(endpoint, server, now)
    return state_of(endpoint.record.answer if endpoint.record else None) is state


def _is_due(endpoint: KnownEndpoint, server: Server | None, now: float) -> bool:
    if endpoint.record is None or endpoint.record.answer is None:
        return True
    return server is not None and server.is_due(endpoint.record.answered_at, now)


def _has_mac(endpoint: KnownEndpoint, digits: str, identities: frozenset[str]) -> bool:
    answer = endpoint.record.answer if endpoint.record else None
    return endpoint.key.value in (digits, *identities) or (answer is not None and digits in answer.macs)


def _device(
    endpoint: KnownEndpoint, server: Server | None, last: Decision | None, exemption: Exemption | None, now: float
) -> Device:
    record = endpoint.record
    answer = record.answer if record else None
    answered_at = record.answered_at if record and answer else None
    return Device(
        server=endpoint.key.server,
        kind=endpoint.key.kind.value,
        value=endpoint.key.value,
        state=state_of(answer),
        registration=answer.registration.value if answer else "",
        compliance=answer.compliance.value if answer else "",
        managed=answer.managed.value if answer else "",
        macs=answer.macs if answer else (),
        answered_at=answered_at,
        age=None if answered_at is None else round(now - answered_at, 3),
        due=_is_due(endpoint, server, now),
        due_at=server.due_at(answered_at) if server and answered_at is not None else None,
        failed_at=(record.failed_at or None) if record else None,
        failure=record.failure if record else "",
        sessions=endpoint.sessions,
        last=None if last is None else _last_seen(last),
        exemption=exemption,
    )


def _last_seen(decision: Decision) -> LastSeen:
    return LastSeen(
        id=decision.id,
        at=decision.at,
        outcome=decision.outcome.value,
        user=decision.user,
        mac=decision.mac,
        nas_name=decision.nas_name,
        nas_address=decision.nas_address or decision.client,
        nas_port=decision.nas_port,
        access=decision.access,
        rule=decision.rule,
        profile=decision.profile,
    )
