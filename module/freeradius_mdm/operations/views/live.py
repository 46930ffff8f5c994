"""The live log: decisions as ISE's live log shows them, with repeat counts. Nothing here draws.

ISE's columns, and which field is which: ise.md section 7. Unlike in ISE a reject is as complete as an accept.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace

from ...codes import MEANINGS, Code
from ...compliance import Registration
from ...decision import Decision
from ...store.query import StoredDecision

WINDOW = 86400.0  # seconds; ISE counts what came again within 24 hours
_REMEMBERED = 50_000  # places
_UNREACHABLE = "UnReachable"


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line of the live log. `at`: seconds since the epoch, of the last of `count` decisions; `id` is its id.

    `would_be`: what enforcing would have given, in monitor mode. `unreachable`: decided without an MDM server's
    answer. `compliance`: what was known of the endpoint. "" for what is not known.
    """

    seq: int
    at: float
    id: str
    outcome: str
    would_be: str
    unreachable: bool
    user: str
    endpoint: str  # MAC address, 12 hexadecimal digits; else what the MDM server is asked about
    identity: str
    access: str
    method: str
    rule: str
    profile: str
    ip: str
    nas: str
    port: str
    identity_source: str
    compliance: str
    server: str
    session: str
    code: str
    reason: str
    advice: str
    first_at: float
    count: int = 1

    @property
    def place(self) -> tuple[str, str, str]:
        """The endpoint on a port of a network device: what follows each other there is compared."""
        return self.endpoint or self.user, self.nas, self.port

    @property
    def result(self) -> tuple[object, ...]:
        """What has to be the same for a repetition."""
        return (
            *(self.outcome, self.would_be, self.unreachable, self.user, self.identity, self.rule, self.profile),
            *(self.code, self.reason),
        )


@dataclass(frozen=True, slots=True)
class LogLine:
    """An entry and the number of its line: an entry with the number of an earlier one takes its place."""

    number: int
    entry: LogEntry


@dataclass(slots=True)
class _Group:
    number: int
    entry: LogEntry


class Grouping:
    """Makes one line of identical successive outcomes at one place.

    The next decision of the same endpoint on the same port of the same network device is a repetition when outcome,
    user, identity, rule, profile and reason are the same, and it comes within `window` seconds of the first one.
    Anything else there begins a new line. What goes on elsewhere in between does not matter.
    """

    def __init__(self, window: float = WINDOW) -> None:
        self._window = window
        self._groups: OrderedDict[tuple[str, str, str], _Group] = OrderedDict()
        self._lines = 0

    def add(self, entry: LogEntry) -> LogLine:
        """In the order in which they came in."""
        place = entry.place
        group = self._groups.pop(place, None)
        if group is None or not self._repeats(group.entry, entry):
            self._lines += 1
            group = _Group(self._lines, entry)
        else:
            # One that came in late does not turn the line's time back.
            newest = max(group.entry, entry, key=lambda each: each.at)
            first_at = min(group.entry.first_at, entry.first_at)
            group = _Group(group.number, replace(newest, count=group.entry.count + 1, first_at=first_at))
        self._groups[place] = group
        if len(self._groups) > _REMEMBERED:
            self._groups.popitem(last=False)
        return LogLine(group.number, group.entry)

    def _repeats(self, before: LogEntry, entry: LogEntry) -> bool:
        return before.result == entry.result and abs(entry.at - before.first_at) <= self._window


def entry_of(stored: StoredDecision, ip: str = "") -> LogEntry:
    """`ip`: the endpoint's address, from accounting; what the request or the reply says goes first."""
    decision = stored.decision
    return LogEntry(
        seq=stored.seq,
        at=decision.at,
        id=decision.id,
        outcome=decision.outcome.value,
        would_be=decision.would_be_profile,
        unreachable=decision.reachable == _UNREACHABLE,
        user=decision.user,
        endpoint=decision.mac or decision.identity or decision.calling_station,
        identity=decision.identity,
        access=decision.access,
        method=decision.method,
        rule=decision.rule or decision.would_be_rule,
        profile=decision.profile,
        ip=_framed_ip(decision) or ip,
        nas=decision.nas_name or decision.nas_address or decision.client,
        port=decision.nas_port,
        identity_source=decision.identity_source,
        compliance=_known(decision),
        server=decision.server,
        session=decision.audit_session_id or decision.acct_session_id,
        code=decision.reason_code,
        reason=decision.reason,
        advice=advice(decision.reason_code),
        first_at=decision.at,
    )


def advice(code: str) -> str:
    """The next step for the operator, "" for plain progress or a code of a later version."""
    try:
        return MEANINGS[Code(code)].advice
    except ValueError:
        return ""


def _known(decision: Decision) -> str:
    """ISE's Posture Status: registered devices are compliant or not."""
    if decision.registration == Registration.UNREGISTERED:
        return decision.registration
    return decision.compliance


def _framed_ip(decision: Decision) -> str:
    for pairs in (decision.request, decision.attributes):
        for name, value in pairs:
            if name.partition(":")[0] in ("Framed-IP-Address", "Framed-IPv6-Address"):
                return value
    return ""
