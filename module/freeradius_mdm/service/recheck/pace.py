"""How fast questions may go out: evenly spaced, and never more than the rate."""

from __future__ import annotations

import math
from collections import deque

_CATCH_UP = 0.25  # seconds of lateness that are made up for; a timer that fires late must not cost capacity


class Pace:
    """`rate` a second: with `k` its whole part (at least 1), never more than `k` in any `k / rate` seconds.

    Nor ever more than the rate, rounded up, in any second: 5 at a rate of 5, 3 at 2.5; and one in any 10 s at 0.1.
    Times are seconds of one clock.
    """

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self._whole = max(1, int(rate))
        self._window = self._whole / rate
        self._recent: deque[float] = deque(maxlen=math.ceil(rate))
        self._spaced = float("-inf")

    def next_at(self) -> float:
        """The earliest moment for the next question; may be in the past."""
        moments = [self._spaced]
        if len(self._recent) >= self._whole:
            moments.append(self._recent[-self._whole] + self._window)
        if len(self._recent) == self._recent.maxlen and self.rate > 1:
            moments.append(self._recent[0] + 1.0)
        return max(moments)

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
