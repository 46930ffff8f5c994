"""Circuit breaker: leaves an MDM server that is down alone, so that nobody waits for it in vain.

    CLOSED ----- threshold failures in a row, or one with Retry-After -----> OPEN
    OPEN ------- its pause is over -----> HALF_OPEN, which lets one question through as a probe
    HALF_OPEN -- the probe is answered -----> CLOSED;  it fails -----> OPEN, for twice as long

Not thread safe: mdmd uses it from the event loop only. `now` is a monotonic clock's time.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from ..errors import SourceError


class BreakerState(StrEnum):
    """See the module's picture."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class Breaker:
    """`changed` is called once for each change of state with the new state and the reason.

    `threshold`: failures in a row that open it. `first_pause`, `longest_pause`: seconds. A Retry-After is
    honoured up to `longest_retry_after` seconds.
    """

    def __init__(
        self,
        changed: Callable[[BreakerState, str], None],
        *,
        threshold: int = 3,
        first_pause: float = 5.0,
        longest_pause: float = 60.0,
        longest_retry_after: float = 3600.0,
    ) -> None:
        self._changed = changed
        self._threshold = threshold
        self._first_pause = first_pause
        self._longest_pause = longest_pause
        self._longest_retry_after = longest_retry_after
        self._pause = first_pause
        self._failures = 0
        self._open_until = 0.0
        self.state = BreakerState.CLOSED
        self.reason = ""  # why it opened last: code and text of the failure

    def refuses(self, now: float) -> bool:
        """True when a question would not be let through now. Changes nothing."""
        if self.state is BreakerState.CLOSED:
            return False
        return self.state is BreakerState.HALF_OPEN or now < self._open_until

    def permits(self, now: float) -> bool:
        """True when a question may go out; its outcome has to be told. After a pause only the first may."""
        if self.refuses(now):
            return False
        if self.state is BreakerState.OPEN:
            self._become(BreakerState.HALF_OPEN, self.reason)
        return True

    def remaining(self, now: float) -> float:
        """Seconds until the next probe may go out."""
        return max(0.0, self._open_until - now) if self.state is BreakerState.OPEN else 0.0

    def succeeded(self) -> None:
        """The server answered, if only to refuse this one question."""
        self._failures = 0
        self._pause = self._first_pause
        if self.state is not BreakerState.CLOSED:
            self._become(BreakerState.CLOSED, "answered again")

    def failed(self, error: SourceError, now: float) -> None:
        """The server did not answer. Those that were under way when it opened change nothing any more."""
        self._failures += 1
        if error.retry_after:
            self._open(now + min(error.retry_after, self._longest_retry_after), error)
        elif self.state is BreakerState.HALF_OPEN:
            self._pause = min(self._pause * 2, self._longest_pause)
            self._open(now + self._pause, error)
        elif self.state is BreakerState.CLOSED and self._failures >= self._threshold:
            self._open(now + self._pause, error)

    def _open(self, until: float, error: SourceError) -> None:
        self._open_until = max(until, self._open_until)
        self.reason = f"{error.code} {error.detail}"
        if self.state is not BreakerState.OPEN:
            self._become(BreakerState.OPEN, self.reason)

    def _become(self, state: BreakerState, reason: str) -> None:
        self.state = state
        self._changed(state, reason)
