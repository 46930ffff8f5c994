"""What an explanation says. Every value is ready to be shown; nothing here knows how.

Times are seconds since the epoch, durations seconds. Empty text means "not there".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ...decision import Decision
from ...exemption import Exemption
from ...identity.certificate import CN_ATTRIBUTE, PRINTED_ATTRIBUTE, URI_ATTRIBUTE
from ...request import Pairs, Request


class Origin(StrEnum):
    """Where the request that is explained came from."""

    DECISION = "decision"  # as it was kept with a decision
    PASTED = "pasted"
    MADE_UP = "made up"  # the least that names the endpoint


@dataclass(frozen=True, slots=True)
class Subject:
    """What is to be explained.

    `name`: what the operator asked for, in words. `assumptions`: what was not known and how it was filled in, a
    sentence each. `not_kept`: names of attributes of which a decision's record lacks a value.
    """

    name: str
    origin: Origin
    request: Request
    has_uri_attribute: bool
    decision: Decision | None = None
    assumptions: tuple[str, ...] = ()
    not_kept: tuple[str, ...] = ()


class Asked(StrEnum):
    """What came of one identity source."""

    FOUND = "found"
    REFUSED = "refused"
    NOTHING = "nothing"
    NOT_ASKED = "not asked"  # an earlier source gave an identifier, or was refused


@dataclass(frozen=True, slots=True)
class Candidate:
    """One `[[identity]]` entry. `value`: what it gives, or would have given. `passed_over`: why not more."""

    source: str
    server: str
    asked: Asked
    value: str = ""
    passed_over: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IdentityLook:
    """Who it is. `kind` and `value` are empty when there is no identity; `code` and `refusal` when none is refused."""

    source: str
    proven: bool
    server: str
    kind: str
    value: str
    code: str
    refusal: str
    candidates: tuple[Candidate, ...]


class Standing(StrEnum):
    """What a stored record is good for at the moment."""

    CURRENT = "current"
    DUE = "due"  # the MDM server is asked before the next decision
    LAST_KNOWN = "last known"  # of a server that is switched off: counts as unreachable
    NONE = "none"  # there is no answer, or none that counts any more


@dataclass(frozen=True, slots=True)
class RecordLook:
    """The compliance record. `answered_at` is None when the MDM server has never answered.

    `asked_from`: when the next authentication asks anew; `due_at`: until when sessions may run on the answer.
    `counts_until`: how long it may serve while the MDM server does not answer.
    """

    standing: Standing
    server: str
    server_enabled: bool
    registration: str = ""
    compliance: str = ""
    managed: str = ""
    answered_at: float | None = None
    age: float | None = None
    asked_from: float | None = None
    due_at: float | None = None
    counts_until: float | None = None
    failed_at: float | None = None
    failure: str = ""
    trouble: str = ""  # why the store could not be read


class Looked(StrEnum):
    """What came of one rule."""

    MATCHED = "matched"
    NO_MATCH = "no match"
    NOT_REACHED = "not reached"


@dataclass(frozen=True, slots=True)
class RuleLook:
    """One rule. `groups`: for each group of `any`, its first condition that failed.

    `not_kept`: attributes it looks at of which the decision's record lacks a value, so that this may be wrong.
    """

    number: int
    name: str
    profile: str
    looked: Looked
    why: str = ""
    groups: tuple[str, ...] = ()
    monitor: bool = False
    not_kept: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """One verdict. `attributes`: (name, operator, value) in their order, secrets masked; `sent`: as they are recorded.

    `decision` has who, where, rule, profile, reason and steps, as a stored decision has them.
    """

    decision: Decision
    rules: tuple[RuleLook, ...]
    attributes: tuple[tuple[str, str, str], ...]
    sent: Pairs

    @property
    def gives(self) -> tuple[object, ...]:
        """What makes two results the same for a device, timers left out."""
        made = self.decision
        rest = [(n, v) for n, v in self.sent if n not in TIMERS]
        return made.outcome, made.rule, made.profile, made.would_be_profile, made.family, made.reason_code, tuple(rest)


TIMERS = frozenset({"Session-Timeout"})
# Where identity sources look.
IDENTITY_ATTRIBUTES = frozenset(
    {"Cisco-AVPair", "Calling-Station-Id", "User-Name", URI_ATTRIBUTE, PRINTED_ATTRIBUTE, CN_ATTRIBUTE}
)


class Cause(StrEnum):
    """Why a decision would be another one now."""

    RECORD = "record"
    EXEMPTION = "exemption"
    POLICY = "policy"  # rules, profiles, identity sources and whatever else stands in mdm.toml and dacls/
    NOT_KEPT = "not kept"  # it may only seem so


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is different now."""

    cause: Cause
    text: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """A stored decision beside what would be decided now.

    `same`: None when that can't be said, `why` says why. `overruled`: what came after the policy's own verdict, such as
    a reject by another module. `then`: what the present policy makes of the record as it was then.
    """

    same: bool | None
    then: Result | None = None
    why: str = ""
    overruled: str = ""
    changes: tuple[Change, ...] = ()
    differences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why an authentication is decided as it is.

    `now`: with what is known, nobody asked. `if_answered`: where the MDM server would be asked first, the verdict if it
    answers what it answered last; None when it is not asked, or that is not known. `exemption`: the endpoint's latest.
    """

    subject: Subject
    at: float
    identity: IdentityLook
    record: RecordLook | None
    exemption: Exemption | None
    asks_first: bool
    now: Result
    if_answered: Result | None = None
    comparison: Comparison | None = None
