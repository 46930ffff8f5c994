"""Running the policy's own code for an explanation: now, with an answer, and as the record was when it was decided."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from ... import confirm
from ...codes import Code
from ...compliance import Compliance, ComplianceAnswer, ComplianceRecord, EndpointKey, Managed, Registration
from ...config.model import Config, Server
from ...decide import Pending, ReadAddress, ReadExemption, ReadRecord, Verdict, decide
from ...decision import Decision
from ...exemption import Exemption
from ...identity.model import Identity
from ...network_device import find
from ...policy.values import RequestValues
from ...record_state import RecordSource, state_of
from ...trail import Trail
from . import looks
from .model import Result, Subject

NO_ID = "0" * 24  # of what was never decided: timers are not shortened, Class names nothing
_STATE_STEPS = (Code.ANSWERED_LIVE, Code.RECORD_CURRENT, Code.LAST_KNOWN, Code.UNKNOWN_DEVICE_STATE)
# A decision says the record's age in whole seconds. No answer is a whole number of seconds old, but in a test.
_FRACTIONS = (0.5, 0.0, 0.999)


@dataclass(frozen=True, slots=True)
class World:
    """What a verdict depends on beside the request. `at` is the moment, `started` when the authentication began."""

    at: float
    started: float
    read_record: ReadRecord
    read_exemption: ReadExemption
    enrolment_address: ReadAddress
    # Answers since then count as live; None: since `started`.
    asked_since: float | None = None


class Judge:
    """Decides one subject in one world or another. `config`: the present configuration."""

    def __init__(self, config: Config, subject: Subject, identity: Identity) -> None:
        self._config = config
        self._subject = subject
        self._identity = identity

    def asks_first(self, world: World) -> bool:
        """True when radiusd would have the MDM server asked before it decides."""
        return isinstance(self._decide(world, waited=False)[0], Pending)

    def verdict(self, world: World) -> Result:
        """The verdict once nothing more is waited for."""
        outcome, trail = self._decide(world, waited=False)
        if isinstance(outcome, Pending):
            outcome, later = self._decide(world, waited=True)
            trail.steps += later.steps
        assert isinstance(outcome, Verdict)
        return self._result(outcome, trail, world)

    def _decide(self, world: World, *, waited: bool) -> tuple[Verdict | Pending, Trail]:
        made = self._subject.decision
        trail = Trail(made.id if made else NO_ID, world.started, lambda: world.at)
        outcome = decide(
            self._subject.request,
            self._config,
            world.read_record,
            trail,
            has_uri_attribute=self._subject.has_uri_attribute,
            waited=waited,
            enrolment_address=world.enrolment_address,
            asked_ahead=lambda _: world.asked_since,
            read_exemption=world.read_exemption,
        )
        return outcome, trail

    def _result(self, verdict: Verdict, trail: Trail, world: World) -> Result:
        # The hooks complete a decision after the fact, with the steps and with what went out.
        sent = confirm.recorded(tuple((pair.full_name, str(pair.value)) for pair in verdict.attributes))
        attributes = tuple(
            (pair.full_name, pair.operator.value, shown[0][1])
            for pair in verdict.attributes
            if (shown := confirm.recorded(((pair.full_name, str(pair.value)),)))
        )
        decision = replace(verdict.decision, steps=tuple(trail.steps), attributes=sent)
        rules = looks.of_rules(self._config.policy.rules, trail.steps, self._values(world), self._subject.not_kept)
        return Result(decision, rules, attributes, sent)

    def _values(self, world: World) -> RequestValues:
        """What conditions were compared with, as `decide` has it."""
        key, state = self._identity.key, None
        if key is not None and self._identity.refusal is None:
            since = world.started if world.asked_since is None else world.asked_since
            state = state_of(world.read_record(key), self._config.server(key.server), since, world.at)
        family = find(self._subject.request, self._config).family
        return RequestValues(self._subject.request, self._identity, state, family.name if family else "")


def moment_of(made: Decision) -> float:
    """When its record was looked at, which may have been after a wait."""
    told = next((step.at_ms for step in reversed(made.steps) if step.code in _STATE_STEPS), 0.0)
    return made.at + told / 1000


def world_then(
    made: Decision,
    config: Config,
    key: EndpointKey | None,
    exemption: Exemption | None,
    enrolment_address: ReadAddress,
) -> World:
    """The world as the decision itself tells of it: moment, record, exemption."""
    at = moment_of(made)
    record = _record_then(made, config.server(key.server), key, at) if key is not None else None
    exempting = replace(exemption, ended_at=None) if exemption is not None and made.exemption else None
    return World(
        at=at,
        started=made.at,
        read_record=lambda asked: record if record is not None and record.key == asked else None,
        read_exemption=lambda _: exempting,
        enrolment_address=enrolment_address,
        asked_since=-math.inf if made.record_source == RecordSource.LIVE else math.inf,
    )


def _record_then(made: Decision, server: Server, key: EndpointKey, at: float) -> ComplianceRecord | None:
    """A record that means at that moment what the decision says; None for one that had nothing to say."""
    if not made.record_source or made.record_age is None:
        return None
    try:
        answer = ComplianceAnswer(Registration(made.registration), Compliance(made.compliance), Managed(made.managed))
    except ValueError:
        return None
    since = -math.inf if made.record_source == RecordSource.LIVE else math.inf
    records = [ComplianceRecord(key, answer, at - made.record_age - fraction) for fraction in _FRACTIONS]
    fitting = (each for each in records if state_of(each, server, since, at).source == made.record_source)
    return next(fitting, records[0])


def answered_now(record: ComplianceRecord, at: float) -> ComplianceRecord:
    """The record as it would be if the MDM server gave the same answer again."""
    return replace(record, answered_at=at, failed_at=0.0, failure="")


def reading(known: ComplianceRecord | None) -> Callable[[EndpointKey], ComplianceRecord | None]:
    """A store of one record."""
    return lambda asked: known if known is not None and known.key == asked else None
