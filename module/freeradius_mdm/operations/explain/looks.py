"""The parts of an explanation that lead up to the verdict: identity sources, the compliance record, each rule."""

from __future__ import annotations

from collections.abc import Sequence

from ...codes import Code
from ...compliance import ComplianceRecord, EndpointKey
from ...config.model import Config, IdentitySource, Server
from ...decision import Step
from ...identity.identify import identify
from ...identity.model import Identity
from ...policy.dictionary import RADIUS_PREFIX
from ...policy.evaluate import explain
from ...policy.model import Condition, Rule
from ...policy.values import RequestValues
from ...record_state import RecordSource, needs_answer, state_of
from ...request import Request
from .model import Asked, Candidate, IdentityLook, Looked, RecordLook, RuleLook, Standing


def of_identity(request: Request, config: Config, *, has_uri_attribute: bool) -> tuple[Identity, IdentityLook]:
    """What identification finds, and what became of each source."""
    found = identify(request, config.identity, has_uri_attribute=has_uri_attribute)
    candidates, over = [], False
    for source in config.identity:
        candidates.append(_candidate(source, request, has_uri_attribute, found, over))
        over = over or candidates[-1].asked in (Asked.FOUND, Asked.REFUSED)
    code, refusal = found.refusal or ("", "")
    key = found.key
    return found, IdentityLook(
        source=found.source,
        proven=found.proven,
        server=key.server if key else "",
        kind=key.kind.value if key else "",
        value=key.value if key else "",
        code=str(code),
        refusal=refusal,
        candidates=tuple(candidates),
    )


def _candidate(
    source: IdentitySource, request: Request, has_uri_attribute: bool, found: Identity, over: bool
) -> Candidate:
    """`over`: an earlier source has ended the search. A refusal before all sources belongs to none of them."""
    alone = identify(request, (source,), has_uri_attribute=has_uri_attribute)
    before_all = found.refusal is not None and found.source == "none"
    value = alone.key.value if alone.key else ""
    notes = [text for code, text in alone.notes if code is not Code.NO_IDENTITY]
    if alone.refusal and not before_all:
        notes.append(alone.refusal[1])
    if over or before_all:
        asked = Asked.NOT_ASKED
    elif alone.refusal:
        asked = Asked.REFUSED
    else:
        asked = Asked.FOUND if value else Asked.NOTHING
    return Candidate(source.type.value, source.server, asked, value, tuple(notes))


def of_record(
    key: EndpointKey, record: ComplianceRecord | None, server: Server, now: float, trouble: str = ""
) -> RecordLook:
    """What the store knows of the endpoint, and how long that is good for."""
    usable = state_of(record, server, now, now)
    if needs_answer(record, server, now):
        standing = Standing.DUE
    elif usable.source is RecordSource.LAST_KNOWN:
        standing = Standing.LAST_KNOWN
    else:
        standing = Standing.CURRENT if usable.source else Standing.NONE
    failed_at, failure = (record.failed_at or None, record.failure) if record else (None, "")
    if record is None or record.answer is None:
        return RecordLook(standing, key.server, server.enabled, failed_at=failed_at, failure=failure, trouble=trouble)
    due_at = server.due_at(record.answered_at)
    return RecordLook(
        standing=standing,
        server=key.server,
        server_enabled=server.enabled,
        registration=record.answer.registration.value,
        compliance=record.answer.compliance.value,
        managed=record.answer.managed.value,
        answered_at=record.answered_at,
        age=now - record.answered_at,
        asked_from=due_at - server.refresh_margin,
        due_at=due_at,
        counts_until=record.answered_at + server.last_known_for,
        failed_at=failed_at,
        failure=failure,
    )


def of_rules(
    rules: Sequence[Rule], steps: Sequence[Step], values: RequestValues, not_kept: Sequence[str]
) -> tuple[RuleLook, ...]:
    """Every rule top down. What came of it is read from the decision's own steps; `values` give the detail."""
    told = [step for step in steps if step.code in (Code.RULE_MATCHED, Code.RULE_SKIPPED)]
    looks = []
    for number, rule in enumerate(rules, 1):
        if number > len(told):
            looks.append(RuleLook(number, rule.name, rule.profile, Looked.NOT_REACHED, monitor=rule.monitor))
            continue
        step = told[number - 1]
        matched = step.code == Code.RULE_MATCHED
        failed_before = any(not _holds(condition, values) for condition in rule.when)
        looks.append(
            RuleLook(
                number=number,
                name=rule.name,
                profile=rule.profile,
                looked=Looked.MATCHED if matched else Looked.NO_MATCH,
                why=step.text.removeprefix(f"{rule.name}: "),
                groups=() if matched or failed_before else _groups(rule, values),
                monitor=rule.monitor,
                not_kept=_looks_at(rule, not_kept),
            )
        )
    return tuple(looks)


def _groups(rule: Rule, values: RequestValues) -> tuple[str, ...]:
    return tuple(
        next(explain(condition, values) for condition in group if not _holds(condition, values)) for group in rule.any
    )


def _holds(condition: Condition, values: RequestValues) -> bool:
    return condition.holds(values.get(condition.attribute, ()))


def _looks_at(rule: Rule, names: Sequence[str]) -> tuple[str, ...]:
    """Those of these request attributes that the rule compares."""
    wanted = {f"{RADIUS_PREFIX}{name}".lower(): name for name in names}
    seen = (condition.attribute.lower() for condition in rule.conditions())
    return tuple(dict.fromkeys(wanted[name] for name in seen if name in wanted))
