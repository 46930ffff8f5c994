"""Time in the simulator: an injected source plus an offset that can be moved at run time."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable


class LabClock:
    """Seconds since the epoch. `source` is injected by tests; `offset` is what the control API moves."""

    def __init__(self, source: Callable[[], float] = time.time) -> None:
        self._source = source
        self.offset = 0.0

    def now(self) -> float:
        """The simulator's present."""
        return self._source() + self.offset

    def advance(self, seconds: float) -> None:
        """Move the present; a negative number moves it back."""
        self.offset += seconds


def iso(moment: float) -> str:
    """`2026-11-23T09:48:10Z`, as Graph writes times."""
    return dt.datetime.fromtimestamp(moment, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def entra_time(moment: float) -> str:
    """`2026-11-23 09:48:10Z`, as token errors write times."""
    return dt.datetime.fromtimestamp(moment, dt.UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def entra_key_time(moment: float) -> str:
    """`11/23/2026 09:48:10`, as AADSTS700027 writes the life of a key."""
    return dt.datetime.fromtimestamp(moment, dt.UTC).strftime("%m/%d/%Y %H:%M:%S")
