"""What the schedule of rechecks is made of."""

from __future__ import annotations

from dataclasses import dataclass

from ...compliance import EndpointKey
from ...config.model import Server

JITTER = 0.2  # of the interval, at most, that a recheck comes early: what came together does not stay together


@dataclass(frozen=True, slots=True)
class RecheckSettings:
    """Seconds, and questions a second. `lifetime`: how long an answer counts before it is due (`Server.is_due`)."""

    interval: float  # 0: only refresh ahead and hurried ones
    rate: float
    lifetime: float
    margin: float  # the refresh ahead comes in its first half before the timer ends
    jitter: float = JITTER

    @classmethod
    def of(cls, server: Server) -> RecheckSettings:
        """A server's."""
        lifetime = server.reauth_interval - server.refresh_margin
        return cls(server.recheck_interval, server.recheck_rate, lifetime, server.refresh_margin)


@dataclass(frozen=True, slots=True)
class ScheduleState:
    """For /v1/health. `backlog`: endpoints whose turn has come. `oldest_age`: seconds, None without any answer."""

    tracked: int
    backlog: int
    never_answered: int
    oldest_age: float | None


class Endpoint:
    """One that is tracked. Times are seconds since the epoch, 0 for never."""

    __slots__ = ("answered_at", "failures", "hurried", "key", "out", "part", "retry_at", "stamp", "timer", "vouched")

    def __init__(self, key: EndpointKey, answered_at: float | None, part: float) -> None:
        self.key = key
        self.timer: float | None = None
        self.answered_at = answered_at or 0.0
        self.part = part  # random, from 0 to 1, another one after each answer
        self.vouched = True  # False: the record's time lies in the future since the clock was set back
        self.retry_at = 0.0
        self.failures = 0
        self.hurried = False
        self.out = False  # taken, and nothing heard of it yet
        self.stamp = 0  # what stands in a heap with another one is void
