"""An explanation in the terminal: who, record, exemption, every rule, the result, and a decision beside it."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from ...authorization import CLASS_PREFIX
from ...codes import MEANINGS, Code
from ...decision import Decision, Outcome
from ...operations.explain.model import (
    IDENTITY_ATTRIBUTES,
    Asked,
    Change,
    Comparison,
    Explanation,
    IdentityLook,
    Looked,
    RecordLook,
    Result,
    RuleLook,
    Standing,
)
from . import colours
from .facts import columns, fact
from .table import safe
from .texts import mac
from .times import ago, duration, moment

_LOOKED = {Looked.MATCHED: colours.GOOD, Looked.NO_MATCH: "default", Looked.NOT_REACHED: colours.DIM}


def show(console: Console, told: Explanation) -> None:
    """All of it."""
    console.print(Text(f"Explained: {safe(told.subject.name)}", style=colours.HEAD))
    fact(console, "assumed", told.subject.assumptions)
    lost = [name for name in told.subject.not_kept if name in IDENTITY_ATTRIBUTES]
    if lost:
        fact(console, "not kept", [Text(safe(f"some values of {', '.join(lost)}"), style=colours.WARNING)])
    _who(console, told)
    fact(console, "identity", _identity(told.identity))
    if told.record is not None:
        fact(console, "record", _record(told.record, told))
    fact(console, "exemption", _exemption(told))
    _results(console, told)
    if told.comparison is not None and told.subject.decision is not None:
        _comparison(console, told.comparison, told.subject.decision, told)


def _who(console: Console, told: Explanation) -> None:
    made = told.now.decision
    who = [made.user and f"user {made.user}", made.mac and f"MAC {mac(made.mac)}", made.method]
    place = [made.access, made.nas_name or made.client or made.nas_address, made.nas_port and f"port {made.nas_port}"]
    fact(console, "request", [", ".join(filter(None, who)), ", ".join(filter(None, place))])


def _identity(look: IdentityLook) -> list[str | Text]:
    lines: list[str | Text] = []
    if look.refusal:
        lines.append(Text(safe(f"refused: {look.code} {look.refusal}"), style=colours.BAD))
        lines += _advice(look.code)
    elif look.value:
        shown = mac(look.value) if look.kind == "mac" else look.value
        proof = "proven" if look.proven else "claimed"
        lines.append(f"{look.kind} {shown} from {look.source}, {proof}; asked of {look.server}")
    else:
        lines.append(Text("none: nothing identifies the endpoint", style=colours.WARNING))
    rows = []
    for each in look.candidates:
        said = each.asked.value if each.asked is not Asked.FOUND else f"found {each.value}"
        if each.asked is Asked.NOT_ASKED and each.value:
            said += f", would give {each.value}"
        rows.append((each.source, "; ".join((said, *each.passed_over))))
    return lines + [Text("  ") + line for line in columns(rows)]


def _record(look: RecordLook, told: Explanation) -> list[str | Text]:
    lines: list[str | Text] = []
    if look.trouble:
        return [Text(safe(f"the store can't be read: {look.trouble}"), style=colours.BAD)]
    if look.answered_at is None:
        lines.append(Text(f"none: {look.server} has never answered about it", style=colours.WARNING))
    else:
        lines.append(f"{look.registration}, {look.compliance}, managed {look.managed}")
        lines.append(f"answered {moment(look.answered_at)}, {ago(look.answered_at, told.at)}")
        lines.append(f"due {moment(look.due_at)}, {ago(look.due_at, told.at)}; last known until {_until(look)}")
    if look.failed_at:
        lines.append(
            Text(safe(f"failed {moment(look.failed_at)}, {ago(look.failed_at, told.at)}: {look.failure}"), colours.BAD)
        )
    if look.standing is Standing.DUE:
        lines.append(Text(f"an authentication now would ask {look.server} first", style=colours.WARNING))
    elif not look.server_enabled:
        lines.append(Text(f"{look.server} is disabled: it is not asked and counts as unreachable", colours.WARNING))
    return lines


def _until(look: RecordLook) -> str:
    return moment(look.counts_until)


def _exemption(told: Explanation) -> list[str | Text]:
    found = told.exemption
    if found is None:
        return ["none"]
    text = f"{found.id} by {found.author}: {found.reason}, profile {found.profile}"
    until = f"until {moment(found.until)}, {ago(found.until, told.at)}"
    if found.ended_at is not None or not found.in_force(told.at):
        return [Text(safe(f"over: {text}"), style=colours.DIM), Text(until, style=colours.DIM)]
    lines: list[str | Text] = [Text(safe(text), style=colours.WARNING), until]
    if told.now.decision.exemption != found.id:
        lines.append(Text("it does not apply: mdm.toml has no such profile", style=colours.BAD))
    else:
        lines.append("it comes before the rules, which are gone through for the record only")
    return lines


def _rules(rules: tuple[RuleLook, ...], *, refused: bool) -> list[str | Text]:
    if refused:
        return ["not looked at: the identity is refused"]
    rows = []
    for rule in rules:
        tried = " (monitor)" if rule.monitor else ""
        said = rule.looked.value if rule.looked is not Looked.MATCHED else f"matched: profile {rule.profile}{tried}"
        rows.append((str(rule.number), rule.name, rule.why if rule.looked is Looked.NO_MATCH else said))
    lines: list[str | Text] = []
    for rule, line in zip(rules, columns(rows), strict=True):
        line.stylize(_LOOKED[rule.looked])
        lines.append(line)
        lines += [Text(f"     group {number}: {safe(text)}") for number, text in enumerate(rule.groups, 1)]
        if rule.not_kept:
            text = f"     {', '.join(rule.not_kept)} was in the request and is not kept: this may be wrong"
            lines.append(Text(safe(text), style=colours.WARNING))
    return lines


def _results(console: Console, told: Explanation) -> None:
    refused = bool(told.identity.refusal)
    if told.if_answered is None:
        _result(console, told.now, refused)
        return
    assert told.record is not None
    if told.if_answered.gives == told.now.gives:
        both = f"the same whether {told.record.server} answers as it did last or not at all; if it answers:"
        console.print(Text(safe(both), style=colours.HEAD))
        _result(console, told.if_answered, refused)
        return
    console.print(Text(safe(f"If {told.record.server} answers as it did last:"), style=colours.HEAD))
    _result(console, told.if_answered, refused)
    console.print(Text(safe(f"If {told.record.server} does not answer:"), style=colours.HEAD))
    _result(console, told.now, refused)


def _result(console: Console, result: Result, refused: bool) -> None:
    fact(console, "rules", _rules(result.rules, refused=refused))
    made = result.decision
    accepted = made.outcome is Outcome.ACCEPT
    head = f"{made.outcome.value}: {made.reason_code} {made.reason}"
    lines: list[str | Text] = [Text(safe(head), style=colours.GOOD if accepted else colours.BAD)]
    if not accepted:
        lines += _advice(made.reason_code)
    if made.would_be_profile:
        lines.append(Text(safe(f"enforcing would give {made.would_be_profile}"), style=colours.WARNING))
    lines.append(f"profile {made.profile or 'none'}, family {made.family or 'none'}")
    fact(console, "result", lines)
    rows = [(name, operator, _value(name, value)) for name, operator, value in result.attributes]
    fact(console, "attributes", columns(rows) or ["none"])


def _value(name: str, value: str) -> str:
    """Class carries the decision's id, which something that was never decided does not have."""
    if name == "Class" and value.startswith(f"0x{CLASS_PREFIX.hex()}"):
        identifier = bytes.fromhex(value[2:]).decode("ascii", "replace").removeprefix(CLASS_PREFIX.decode())
        return f"{value} ({'the decision' if set(identifier) == {'0'} else identifier})"
    return value


def _advice(code: str) -> list[str | Text]:
    meaning = MEANINGS.get(Code(code)) if code in tuple(Code) else None
    return [f"next: {meaning.advice}"] if meaning and meaning.advice else []


def _comparison(console: Console, compared: Comparison, made: Decision, told: Explanation) -> None:
    console.print()
    head = f"Decision {made.id} of {moment(made.at)}, {ago(made.at, told.at)}"
    console.print(Text(safe(head), style=colours.HEAD))
    fact(console, "then", _then(made))
    if compared.overruled:
        fact(console, "overruled", [Text(safe(f"after the policy had decided: {compared.overruled}"), colours.WARNING)])
    if compared.same is None:
        fact(console, "now", [Text(safe(f"not compared: {compared.why}"), style=colours.WARNING)])
        return
    answered = ", if the MDM server answers as it did last" if told.if_answered is not None else ""
    if compared.same:
        fact(console, "now", [Text(f"it would be decided the same{answered}", style=colours.GOOD)])
        return
    fact(console, "now", [Text(f"it would be decided differently{answered}", style=colours.WARNING)])
    fact(console, "different", compared.differences)
    fact(console, "because of", columns(map(_change, compared.changes)))


def _change(change: Change) -> tuple[str, str]:
    return change.cause.value, change.text


def _then(made: Decision) -> list[str | Text]:
    style = colours.GOOD if made.outcome is Outcome.ACCEPT else colours.BAD
    lines: list[str | Text] = [Text(safe(f"{made.outcome.value}: {made.reason_code} {made.reason}"), style=style)]
    lines.append(f"rule {made.rule or 'none'}, profile {made.profile or 'none'}, family {made.family or 'none'}")
    if made.compliance:
        age = f", {duration(made.record_age)} old" if made.record_age is not None else ""
        lines.append(
            f"{made.registration}, {made.compliance}, managed {made.managed}; {made.reachable}, "
            f"{made.record_source or 'nothing known'}{age}"
        )
    return lines
