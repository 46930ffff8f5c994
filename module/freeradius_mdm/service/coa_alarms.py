"""What an operator has to look at on a network device: told once, and until the device does as it is asked."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..codes import MEANINGS, Code
from .events import EventLog

_MOST = 500


@dataclass(frozen=True, slots=True)
class Alarm:
    """`since`, `last`: seconds since the epoch. `count`: how often it was so. `next`: what to do."""

    client: str
    code: str
    since: float
    last: float
    count: int
    detail: str
    next: str


class Alarms:
    """One for each network device and code."""

    def __init__(self, events: EventLog) -> None:
        self._events = events
        self._alarms: dict[tuple[str, Code], Alarm] = {}

    def raise_(self, client: str, code: Code, detail: str, now: float) -> None:
        """It is so, again or for the first time, which is logged."""
        before = self._alarms.get((client, code))
        if before is not None:
            self._alarms[client, code] = replace(before, last=now, count=before.count + 1, detail=detail)
            return
        advice = MEANINGS[code].advice
        self._events.warning("coa_alarm", nas=client, code=code.value, detail=detail, next=advice or "see the detail")
        if len(self._alarms) < _MOST:
            self._alarms[client, code] = Alarm(client, code.value, now, now, 1, detail, advice)

    def clear(self, client: str) -> None:
        """The device has done as it was asked."""
        for key in [key for key in self._alarms if key[0] == client]:
            del self._alarms[key]
            self._events.info("coa_alarm_over", nas=client, code=key[1].value)

    def list(self) -> list[Alarm]:
        """The oldest first."""
        return sorted(self._alarms.values(), key=lambda each: each.since)
