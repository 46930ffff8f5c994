"""Deciding one authentication: identify, look up, evaluate, select, build; each step is recorded.

The same code serves radiusd's hooks and every tool that explains a decision. It reads no file, asks nobody and
has no clock of its own. Standard library only: radiusd imports this.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from . import authorization, network_device
from .authorization import Authorization
from .codes import MEANINGS, Code
from .compliance import ComplianceRecord, EndpointKey
from .config.model import Config, Mode
from .decision import Decision, Outcome
from .describe import draft as draft_of
from .errors import ReplyError, ReplyTooLong, StoreError
from .exemption import Exemption
from .identity.identify import identify
from .identity.model import Identity
from .network_device import NetworkDevice
from .policy.evaluate import evaluate
from .policy.values import RequestValues
from .profiles.model import Access, AuthorizationProfile
from .profiles.render import ProfileError
from .record_state import RecordSource, RecordState, needs_answer, state_of
from .reply import Pair
from .request import Request
from .trail import Trail

T = TypeVar("T")
ReadRecord = Callable[[EndpointKey], ComplianceRecord | None]
ReadAddress = Callable[[str], str]
ReadExemption = Callable[[EndpointKey], Exemption | None]


@dataclass(frozen=True, slots=True)
class Pending:
    """The decision needs an answer first."""

    key: EndpointKey


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided, and the reply attributes that say so (without the published MDM-* ones)."""

    decision: Decision
    accept: bool
    attributes: tuple[Pair, ...]
    published: tuple[Pair, ...] = ()


def decide(
    request: Request,
    config: Config,
    read_record: ReadRecord,
    trail: Trail,
    *,
    has_uri_attribute: bool,
    waited: bool,
    enrolment_address: ReadAddress = lambda _: "",
    asked_ahead: Callable[[EndpointKey], float | None] = lambda _: None,
    read_exemption: ReadExemption = lambda _: None,
) -> Verdict | Pending:
    """Decide, or say whose answer is missing. With `waited` it always decides.

    `enrolment_address` gives the address that an MDM server, by its name, has for enrolment; empty when unknown.
    `asked_ahead`: since when the MDM server was asked for this very authentication, before it came to a decision.
    `read_exemption`: the endpoint's exemption that was made last, unless it was ended.
    """
    now = trail.clock()
    identity = identify(request, config.identity, has_uri_attribute=has_uri_attribute)
    if not waited:
        _tell_identity(identity, trail)
    state: RecordState | None = None
    exempted: Exemption | None = None
    if identity.key is not None and identity.refusal is None:
        record, _ = _read(read_record, identity.key, trail)
        server = config.server(identity.key.server)
        if not waited and needs_answer(record, server, now):
            trail.add(Code.RECORD_DUE, f"{identity.key} is asked about")
            return Pending(identity.key)
        asked = asked_ahead(identity.key)
        found, readable = _read(read_exemption, identity.key, trail)
        if not readable:
            record = None  # it may block that endpoint, so that nothing is known of it
        state = state_of(record, server, trail.started if asked is None else asked, now)
        _tell_state(state, record, trail)
        exempted = _exempted(found, config, trail, now)
    return _select(
        request, config, identity, state, exempted, trail, enrolment_address, has_uri_attribute=has_uri_attribute
    )


def _tell_identity(identity: Identity, trail: Trail) -> None:
    for code, text in identity.notes:
        trail.add(code, text)
    if identity.refusal:
        trail.add(*identity.refusal)
    elif identity.key:
        proof = "proven" if identity.proven else "claimed"
        trail.add(Code.IDENTIFIED, f"{identity.key} from {identity.source}, {proof}")


def _read(read: Callable[[EndpointKey], T | None], key: EndpointKey, trail: Trail) -> tuple[T | None, bool]:
    """What the store has, and whether that could be read."""
    try:
        return read(key), True
    except StoreError as error:
        trail.add(Code.STORE_UNREADABLE, str(error))
        return None, False


def applicable(found: Exemption | None, config: Config, now: float) -> Exemption | None:
    """The exemption if it counts now: in force, and its profile is there."""
    return found if found is not None and found.in_force(now) and found.profile in config.profiles else None


def _exempted(found: Exemption | None, config: Config, trail: Trail, now: float) -> Exemption | None:
    exempted = applicable(found, config, now)
    if exempted is not None:
        trail.add(Code.EXEMPTED, str(exempted))
    elif found is not None and found.in_force(now):
        trail.add(Code.EXEMPTION_IGNORED, f"{found}, which mdm.toml does not have")
    return exempted


def _tell_state(state: RecordState, record: ComplianceRecord | None, trail: Trail) -> None:
    values = f"{state.registration.value}, {state.compliance.value}"
    failure = f" ({record.failure})" if record and record.failure and not state.reachable else ""
    match state.source:
        case RecordSource.LIVE:
            trail.add(Code.ANSWERED_LIVE, values)
        case RecordSource.CACHED:
            trail.add(Code.RECORD_CURRENT, f"{values}, {state.age} s old")
        case RecordSource.LAST_KNOWN:
            trail.add(Code.LAST_KNOWN, f"{values}, {state.age} s old{failure}")
        case None:
            trail.add(Code.UNKNOWN_DEVICE_STATE, f"{values}{failure}")


def _select(
    request: Request,
    config: Config,
    identity: Identity,
    state: RecordState | None,
    exempted: Exemption | None,
    trail: Trail,
    enrolment_address: ReadAddress,
    *,
    has_uri_attribute: bool,
) -> Verdict:
    device = network_device.find(request, config)
    family = device.family.name if device.family else ""
    values = RequestValues(request, identity, state, family)
    policy = config.policy
    rule_name, profile_name, tried_out = "", "", False
    if identity.refusal is None:
        for result in evaluate(policy.rules, values):
            trail.add(Code.RULE_MATCHED if result.matched else Code.RULE_SKIPPED, f"{result.rule.name}: {result.why}")
            if result.matched:
                rule_name, profile_name, tried_out = result.rule.name, result.rule.profile, result.rule.monitor
        if not rule_name:
            profile_name = policy.default_profile
            trail.add(Code.DEFAULT_PROFILE, profile_name)
    draft = draft_of(request, identity, values, state, trail, has_uri_attribute=has_uri_attribute)
    draft = replace(draft, family=family)
    because = f"rule {rule_name}" if rule_name else f"no rule matched{identity.why_none}"
    code = Code.RULE_MATCHED if rule_name else Code.DEFAULT_PROFILE
    if exempted is not None:
        # The rules were gone through for the record only.
        rule_name, profile_name, tried_out = "", exempted.profile, False
        because, code = str(exempted), Code.EXEMPTED
        draft = replace(draft, exemption=exempted.id)
    draft = replace(draft, rule=rule_name, profile=profile_name, reason=because, reason_code=code.value)
    if (tried_out or policy.mode is Mode.MONITOR) and policy.monitor_profile:
        would_be = profile_name or f"reject: {(identity.refusal or ('', ''))[1]}"
        trail.add(Code.MONITORED, f"{policy.monitor_profile} instead of {would_be}")
        draft = replace(
            draft,
            would_be_rule=rule_name,
            would_be_profile=would_be,
            profile=policy.monitor_profile,
            reason_code=Code.MONITORED.value,
            reason=f"monitor mode, enforcing would give {would_be}",
        )
        profile_name = policy.monitor_profile
    elif identity.refusal:
        code, text = identity.refusal
        # Where there is no EAP the reason reaches the user, on a VPN above all (ise.md section 5.1).
        message = "" if request.is_eap else f"{code} {MEANINGS[code].text}"
        return _rejected(draft, code, text, values, message)
    profile = config.profiles[profile_name]
    left = state.timer if state else int(config.servers[0].reauth_interval)
    if exempted is not None:
        left = max(1, min(left, math.floor(exempted.until - trail.clock())))
    return _build(request, config, profile, draft, left, values, device, trail, enrolment_address)


def _build(
    request: Request,
    config: Config,
    profile: AuthorizationProfile,
    draft: Decision,
    left: int,
    values: RequestValues,
    device: NetworkDevice,
    trail: Trail,
    enrolment_address: ReadAddress,
) -> Verdict:
    trail.add(Code.PROFILE_SELECTED, profile.name)
    if profile.access is Access.REJECT:
        trail.add(Code.REJECTED_BY_PROFILE, profile.name)
        message = "" if request.is_eap else profile.reply_message
        if draft.exemption:
            return _rejected(draft, Code.EXEMPTED, draft.reason, values, message)
        reason = f"{draft.reason}, profile {profile.name}"
        return _rejected(draft, Code.REJECTED_BY_PROFILE, reason, values, message)
    if device.refusal:
        return _refused(draft, *device.refusal, values, trail)
    given = Authorization(
        config=config,
        device=device,
        left=left,
        decision_id=draft.id,
        mac=draft.mac,
        enrolment_address=lambda: enrolment_address(draft.server or config.servers[0].name),
    )
    try:
        attributes = authorization.attributes(profile, request, given)
    except ProfileError as error:
        return _refused(draft, Code.RESULT_NOT_POSSIBLE, f"profile {profile.name}: {error}", values, trail)
    except ReplyTooLong as error:
        return _refused(draft, Code.REPLY_TOO_LONG, f"profile {profile.name}: {error}", values, trail)
    except ReplyError as error:
        return _refused(draft, Code.REPLY_REFUSED, f"profile {profile.name}: {error}", values, trail)
    trail.add(Code.REPLY_BUILT, f"{len(attributes)} attributes for {draft.family}")
    return Verdict(draft, True, attributes, _published(draft, values))


def _refused(draft: Decision, code: Code, text: str, values: RequestValues, trail: Trail) -> Verdict:
    trail.add(code, text)
    return _rejected(draft, code, text, values)


def _rejected(draft: Decision, code: Code, reason: str, values: RequestValues, message: str = "") -> Verdict:
    decision = replace(draft, outcome=Outcome.REJECT, reason=reason, reason_code=code.value)
    attributes = (Pair("Reply-Message", message),) if message else ()
    return Verdict(decision, False, attributes, _published(draft, values))


def _published(decision: Decision, values: RequestValues) -> tuple[Pair, ...]:
    own = (
        ("MDM-Rule", decision.rule),
        ("MDM-Authorization-Profile", decision.profile),
        ("MDM-Exemption", decision.exemption),
    )
    return (*values.published(), *(Pair(name, value) for name, value in own if value))
