"""What a stored record means at this moment: current, due, last known or unknown, and how long it may still serve.

Source: DESIGN.md "Time" and "When Intune does not answer". Standard library only: radiusd imports this.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from .compliance import Compliance, ComplianceRecord, Managed, Registration
from .config.model import Server


class RecordSource(StrEnum):
    """MDM:RecordSource."""

    LIVE = "Live"  # the MDM server answered during this authentication
    CACHED = "Cached"
    LAST_KNOWN = "LastKnown"


@dataclass(frozen=True, slots=True)
class RecordState:
    """The record as the rules see it. `age`: whole seconds, None without an answer; `timer`: whole seconds."""

    registration: Registration
    compliance: Compliance
    managed: Managed
    reachable: bool
    source: RecordSource | None
    age: int | None
    timer: int


def needs_answer(record: ComplianceRecord | None, server: Server, now: float) -> bool:
    """True when the MDM server should be asked before deciding. A disabled server is never asked."""
    if not server.enabled:
        return False
    return record is None or record.answer is None or server.is_due(record.answered_at, now)


def state_of(record: ComplianceRecord | None, server: Server, started: float, now: float) -> RecordState:
    """The state once nothing more can be waited for. `started`: when this authentication began."""
    if record is None or record.answer is None:
        return _unknown(server)
    answer, age = record.answer, max(0, int(now - record.answered_at))
    if server.enabled and not server.is_due(record.answered_at, now):
        live = record.answered_at >= started
        # A cached answer's timer is rounded down: no session may run on an answer older than the interval.
        timer = int(server.reauth_interval) if live else math.floor(server.due_at(record.answered_at) - now)
        source, reachable = (RecordSource.LIVE if live else RecordSource.CACHED), True
    elif not server.is_from_the_future(record.answered_at, now) and now - record.answered_at <= server.last_known_for:
        source, reachable, timer = RecordSource.LAST_KNOWN, False, int(server.unreachable_retry)
    else:
        return _unknown(server)
    return RecordState(answer.registration, answer.compliance, answer.managed, reachable, source, age, max(1, timer))


def _unknown(server: Server) -> RecordState:
    return RecordState(
        Registration.UNKNOWN, Compliance.UNKNOWN, Managed.UNKNOWN, False, None, None, int(server.unreachable_retry)
    )
