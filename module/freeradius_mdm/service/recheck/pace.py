"""How fast questions may go out: evenly spaced, and never more than the rate."""

from __future__ import annotations

from collections import deque

_CATCH_UP = 0.25  # seconds of lateness that are made up for; a timer that fires late must not cost capacity


class Pace:
    """`rate` a second: with `k` its whole part (at least 1), never more than `k` in any `k / rate` seconds.

    So no more than 5 in any second at a rate of 5, and one in any 10 seconds at 0.1. Times are seconds of one clock.
    """

    def __init__(self, rate: float) -> None:
        self.rate = rate
        burst = max(1, int(rate))
        self._window = burst / rate
        self._recent: deque[float] = deque(maxlen=burst)
        self._spaced = float("-inf")

    def next_at(self) -> float:
        """The earliest moment for the next question; may be in the past."""
        if len(self._recent) == self._recent.maxlen:
            return max(self._spaced, self._recent[0] + self._window)
        return self._spaced

    def grant(self, now: float) -> None:
        """A question goes out now."""
        late = now - self._spaced
        self._spaced = (self._spaced if late <= _CATCH_UP else now) + 1 / self.rate
        self._recent.append(now)

    def shift(self, seconds: float) -> None:
        """The clock was moved by that many seconds."""
        self._spaced += seconds
        moved = [moment + seconds for moment in self._recent]
        self._recent.clear()
        self._recent.extend(moved)

    def at_rate(self, rate: float) -> Pace:
        """The same past at another rate."""
        other = Pace(rate)
        other._recent.extend(self._recent)
        if self._recent:
            other._spaced = self._recent[-1] + 1 / rate
        return other
