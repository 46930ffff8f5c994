"""When a request is sent again, and when it is given up (RFC 5080 section 2.2.1). Pure: no clock, no socket."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

_JITTER = 0.1


@dataclass(frozen=True, slots=True)
class RetransmissionPolicy:
    """RFC 5080's variables and defaults. Times in seconds; `count` (MRC): how often it is sent in all, 0 without limit.

    `longest_wait` (MRT): 0 without limit. `duration` (MRD): from the first sending until it has failed.
    """

    first_wait: float = 2.0
    longest_wait: float = 16.0
    count: int = 5
    duration: float = 30.0

    def __post_init__(self) -> None:
        if self.first_wait <= 0 or self.duration <= 0 or self.longest_wait < 0 or self.count < 0:
            raise ValueError("first_wait and duration are more than 0, longest_wait and count at least 0")


class Retransmission:
    """One request's timers. `jitter` gives a number from -0.1 to +0.1, a new one for each wait."""

    def __init__(
        self,
        policy: RetransmissionPolicy,
        jitter: Callable[[], float] = lambda: random.uniform(-_JITTER, _JITTER),  # noqa: S311 RFC 5080 asks for no more
    ) -> None:
        self._policy = policy
        self._jitter = jitter
        self._wait = 0.0
        self.sent = 0

    def after_sending(self, elapsed: float) -> float:
        """Seconds to wait for the answer to what has just been sent, `elapsed` seconds after the first time."""
        policy, rand = self._policy, self._jitter()
        self.sent += 1
        base = policy.first_wait if self.sent == 1 else 2 * self._wait
        spread = policy.first_wait if self.sent == 1 else self._wait
        self._wait = base + rand * spread
        if policy.longest_wait and self._wait > policy.longest_wait:
            self._wait = policy.longest_wait + rand * policy.longest_wait
        return max(0.0, min(self._wait, policy.duration - elapsed))

    def again(self, elapsed: float) -> bool:
        """Whether to send it once more, `elapsed` seconds after the first time."""
        return elapsed < self._policy.duration and (not self._policy.count or self.sent < self._policy.count)
