"""A stored decision beside what would be decided now, and what it is that has changed."""

from __future__ import annotations

from collections.abc import Sequence

from ...codes import Code
from ...confirm import differences
from ...decision import Decision, Outcome
from ...pairs import Operator, Pair
from ...request import Pairs
from .model import IDENTITY_ATTRIBUTES, TIMERS, Cause, Change, Comparison, Looked, Result, Subject

# What the hooks find after the policy's verdict, or instead of one.
_WITHOUT_POLICY = {Code.NO_DECISION, Code.NO_SUCCESS, Code.AUTHORIZE_ONLY_REFUSED, Code.DEFECT}
_IN_POST_AUTH = {Code.REPLY_ALTERED, Code.JOURNAL_UNWRITABLE}
_MOST_RECORDED = 200  # confirm.recorded keeps no more attributes of a reply
# Fields of a decision: what the MDM server said, and what became of that.
_ANSWER = (("registration", "registration"), ("compliance", "compliance"), ("managed", "managed"))
_CONDITION = (("reachable", "MDM server"), ("record_source", "record"))


def with_now(subject: Subject, made: Decision, then: Result, now: Result, plain: Result) -> Comparison:
    """`then`: the present policy on the record of that time. `plain`: what there would be now without any exemption."""
    why_not = not_comparable(made)
    if why_not:
        return Comparison(None, why=why_not)
    overruled = overruled_by(made)
    told = found(made, now, timers=False)
    changes: list[Change] = []
    if found(made, then):
        lost = {name for rule in then.rules if rule.looked is not Looked.NOT_REACHED for name in rule.not_kept}
        if _who(made) != _who(then.decision):
            lost |= set(subject.not_kept) & IDENTITY_ATTRIBUTES
        if lost:
            text = f"{', '.join(sorted(lost))}, which the policy looks at: not every value is kept with a decision"
            changes.append(Change(Cause.NOT_KEPT, text))
        changes += _policy(made, then)
    if told:
        exempted = _exemption(made, now, plain)
        changes += [Change(Cause.EXEMPTION, text) for text in exempted]
        if then.gives != now.gives:
            changes += [Change(Cause.RECORD, text) for text in _record(made, now, exempted=bool(exempted))]
    return Comparison(not told, then, overruled=overruled, changes=tuple(changes), differences=tuple(told))


def not_comparable(made: Decision) -> str:
    """Why the decision can't be made again, as a sentence; empty when it can."""
    asked = any(step.code.startswith(("M11", "M13")) for step in made.steps)
    if made.reason_code in _WITHOUT_POLICY and not asked:
        return f"the policy was not asked then: {made.reason_code} {made.reason}"
    if not made.request:
        return "its request is not kept any more"
    return ""


def overruled_by(made: Decision) -> str:
    """What rejected after the policy had accepted; empty when nothing did."""
    accepted = any(step.code == Code.REPLY_BUILT for step in made.steps)
    stopped = made.outcome is Outcome.REJECT and (accepted or made.reason_code in _IN_POST_AUTH)
    return f"{made.reason_code} {made.reason}" if stopped else ""


def found(made: Decision, result: Result, *, timers: bool = True) -> list[str]:
    """What is different, a sentence each. With `timers` they may differ by a second, which is how exact a record is."""
    again = result.decision
    pairs = [
        ("rule", made.rule, again.rule),
        ("profile", made.profile, again.profile),
        ("family", made.family, again.family),
        ("exemption", made.exemption, again.exemption),
        ("enforcing", made.would_be_profile, again.would_be_profile),
        ("identity", _who(made), _who(again)),
    ]
    if not overruled_by(made):
        pairs.insert(0, ("outcome", made.outcome.value, again.outcome.value))
        pairs.append(("reason", made.reason_code, again.reason_code))
    told = [f"{name}: {old or 'none'} then, {new or 'none'} now" for name, old, new in pairs if old != new]
    if not overruled_by(made) and made.outcome is again.outcome:
        told += attributes(made.attributes, result, timers=timers, confirmed=_confirmed(made))
    return told


def _who(decision: Decision) -> str:
    return " ".join(filter(None, (decision.identity_kind, decision.identity, "from", decision.identity_source)))


def _confirmed(made: Decision) -> int | None:
    """How many attributes had been decided, of those that went out."""
    texts = (step.text for step in made.steps if step.code == Code.REPLY_CONFIRMED)
    count = next(texts, "").partition(" ")[0]
    return int(count) if count.isdecimal() else None


def attributes(sent: Pairs, result: Result, *, timers: bool, confirmed: int | None = None) -> list[str]:
    """What differs between attributes as they went out and those of a result. Others may stand beside them."""
    operators = {(name, value): operator for name, operator, value in result.attributes}
    expected = []
    for name, value in result.sent:
        plain, _, tag = name.partition(":")
        operator = Operator(operators.get((name, value), Operator.ADD.value))
        if plain in TIMERS:
            seen = [text for other, text in sent if other == name]
            if seen and (not timers or _close(seen[-1], value)):
                continue
        expected.append(Pair(plain, value, operator, int(tag) if tag else None))
    told = differences(expected, sent) if len(sent) < _MOST_RECORDED else []
    told = [text.replace(", decided was ", " then, now ") for text in told]
    if not told and confirmed is not None and confirmed > len(result.sent):
        known = {name for name, _ in result.sent}
        more = sorted({name for name, _ in sent} - known)
        if more:
            told.append(f"{', '.join(more)} went out then, and would not now")
    return told


def _close(one: str, other: str) -> bool:
    return one.isdecimal() and other.isdecimal() and abs(int(one) - int(other)) <= 1


def _policy(made: Decision, then: Result) -> list[Change]:
    """What the present configuration makes of the same record: the first thing that differs, the rest follows."""
    again = then.decision
    if _who(made) != _who(again):
        text = f"identity: {_who(made) or 'none'} then, {_who(again) or 'none'} now"
    elif made.exemption != again.exemption:
        text = f"exemption {made.exemption} is not in the store any more, or its profile is not in mdm.toml"
        return [Change(Cause.EXEMPTION, text)]
    elif made.rule != again.rule:
        text = f"rules: {made.rule or 'none'} matched then, {again.rule or 'none'} does now"
    elif made.profile != again.profile:
        of = f"rule {made.rule}" if made.rule else "the default"
        text = f"profile of {of}: {made.profile or 'none'} then, {again.profile or 'none'} now"
    elif made.family != again.family:
        text = f"vendor family of the network device: {made.family or 'none'} then, {again.family or 'none'} now"
    else:
        return [Change(Cause.POLICY, f"profile {made.profile}: {each}") for each in found(made, then)]
    return [Change(Cause.POLICY, text)]


def _exemption(made: Decision, now: Result, plain: Result) -> list[str]:
    if made.exemption and made.exemption != now.decision.exemption:
        return [f"exemption {made.exemption} is over"]
    if now.decision.exemption and now.decision.exemption != made.exemption and now.gives != plain.gives:
        return [f"{now.decision.reason}"]
    return []


def _record(made: Decision, now: Result, *, exempted: bool) -> list[str]:
    """`exempted`: the exemption alone may account for it, so only what the MDM server says counts."""
    again = now.decision
    if _who(made) != _who(again):
        return []
    told = _different(_ANSWER, made, again)
    if not told and not exempted:
        told = _different(_CONDITION, made, again)
    if not told and not exempted and made.record_age != again.record_age:
        told.append(f"age of the record: {_seconds(made.record_age)} then, {_seconds(again.record_age)} now")
    return told


def _different(fields: Sequence[tuple[str, str]], made: Decision, again: Decision) -> list[str]:
    return [
        f"{label}: {getattr(made, name) or 'none'} then, {getattr(again, name) or 'none'} now"
        for name, label in fields
        if getattr(made, name) != getattr(again, name)
    ]


def _seconds(age: int | None) -> str:
    return "none" if age is None else f"{age} s"
