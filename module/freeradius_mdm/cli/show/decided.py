"""A stored decision in the terminal: who, where, identity, compliance, rule, what was sent, and its numbered steps."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from ...decision import Decision, Outcome
from ...operations.explain.stored import ShownDecision, ShownStep
from ...sessions.model import Session
from . import colours
from .facts import columns, fact
from .table import safe
from .texts import mac
from .times import ago, duration, moment


def show(console: Console, told: ShownDecision, now: float) -> None:
    """All of it."""
    made = told.decision
    console.print(Text(f"Decision {made.id}", style=colours.HEAD))
    fact(console, "when", [f"{moment(made.at)}, {ago(made.at, now)}; took {duration(made.total_ms / 1000)}"])
    style = colours.GOOD if made.outcome is Outcome.ACCEPT else colours.BAD
    fact(console, "outcome", [Text(safe(f"{made.outcome.value}: {made.reason_code} {made.reason}"), style=style)])
    rejected = made.outcome is Outcome.REJECT
    fact(console, "meaning", [told.meaning] if rejected and told.meaning else [])
    fact(console, "next", [told.advice] if rejected and told.advice else [])
    for label, text in _facts(made):
        fact(console, label, [text] if text else [])
    fact(console, "sent", columns((name, "=", value) for name, value in made.attributes) or ["nothing"])
    fact(console, "session", [_session(each, now) for each in told.sessions])
    console.print()
    console.print(Text("Steps", style=colours.HEAD))
    for line in columns(map(_step, told.steps), (colours.DIM, colours.DIM, "default", "default")):
        console.print(line)


def _facts(made: Decision) -> list[tuple[str, str]]:
    """Label and text, in the order in which one asks."""
    shown = mac(made.identity) if made.identity_kind == "mac" else made.identity
    proof = "proven" if made.identity_proven else "claimed"
    identity = f"{made.identity_kind} {shown} from {made.identity_source}, {proof}" if made.identity else "none"
    age = f", {duration(made.record_age)} old" if made.record_age is not None else ""
    compliance = f"{made.registration}, {made.compliance}, managed {made.managed}" if made.compliance else ""
    record = f"{made.record_source or 'nothing known'}{age}; {made.server} {made.reachable}"
    device = (made.nas_name, made.client and f"at {made.client}", made.nas_address and f"NAS {made.nas_address}")
    return [
        ("user", made.user),
        ("MAC", mac(made.mac)),
        ("method", f"{made.method}, {made.access}"),
        ("device", ", ".join(filter(None, device))),
        ("family", made.family),
        ("NAS-Identifier", made.nas_identifier if made.nas_identifier != made.nas_name else ""),
        ("port", made.nas_port),
        ("station", _to(made.calling_station, made.called_station)),
        ("identity", identity),
        ("compliance", compliance),
        ("record", record if made.reachable else ""),
        ("exemption", made.exemption),
        ("rule", made.rule or "none"),
        ("profile", made.profile or "none"),
        ("enforcing", made.would_be_profile and _would_be(made)),
        ("timer", duration(made.session_timeout)),
        ("Acct-Session", made.acct_session_id),
        ("audit-session", made.audit_session_id),
    ]


def _would_be(made: Decision) -> str:
    return f"{made.would_be_profile} by {f'rule {made.would_be_rule}' if made.would_be_rule else 'no rule'}"


def _to(calling: str, called: str) -> str:
    return f"{calling} to {called}" if called else calling


def _session(session: Session, now: float) -> str:
    state = session.state.value
    if session.ended_at:
        state += f" {ago(session.ended_at, now)} ({session.end_cause})"
    elif session.started_at:
        state += f" {ago(session.started_at, now)}"
    address = f", {session.framed_ip or session.framed_ipv6}" if session.framed_ip or session.framed_ipv6 else ""
    return f"{session.id}, {state}{address}"


def _step(step: ShownStep) -> tuple[str, ...]:
    text = step.text if not step.meaning else f"{step.meaning}: {step.text}" if step.text else step.meaning
    return str(step.number), f"{step.at_ms:.1f} ms", step.code, text
