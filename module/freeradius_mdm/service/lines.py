"""Lines of `key=value` that can't be forged: what a device sends can't end a line or make up a pair."""

from __future__ import annotations

import time

from ..decision import Decision
from ..log_line import quote

_LONGEST = 400  # characters of one value


def pair(name: str, value: object) -> str:
    """`name=value`, the value cut when it is very long, and quoted when it holds anything special."""
    text = f"{value:.1f}" if isinstance(value, float) else str(value)
    return f"{name}={quote(text if len(text) <= _LONGEST else text[:_LONGEST] + '...')}"


def moment(at: float) -> str:
    """UTC with milliseconds: `2026-01-31T10:00:00.123Z`."""
    whole, thousandths = divmod(round(at * 1000), 1000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole)) + f".{thousandths:03}Z"


def decision_line(decision: Decision) -> str:
    """One decision for a person to read: when, what, who, what Intune said, which rule, why. No newline."""
    values: list[tuple[str, object]] = [
        ("outcome", decision.outcome.value),
        ("user", decision.user),
        ("mac", decision.mac),
        ("access", decision.access),
        ("method", decision.method),
        ("nas", decision.nas_name or decision.nas_address),
        ("identity", decision.identity),
        ("kind", decision.identity_kind),
        ("source", decision.identity_source),
        ("proven", "yes" if decision.identity_proven else "no"),
        ("server", decision.server),
        ("registered", decision.registration),
        ("compliant", decision.compliance),
        ("managed", decision.managed),
        ("reachable", decision.reachable),
        ("record", decision.record_source),
        ("age", "" if decision.record_age is None else f"{decision.record_age}s"),
        ("rule", decision.rule),
        ("profile", decision.profile),
        ("would_be_rule", decision.would_be_rule),
        ("would_be_profile", decision.would_be_profile),
        ("code", decision.reason_code),
        ("reason", decision.reason),
        ("ms", decision.total_ms),
        ("id", decision.id),
    ]
    return " ".join([f"time={moment(decision.at)}", *(pair(name, value) for name, value in values if value != "")])
