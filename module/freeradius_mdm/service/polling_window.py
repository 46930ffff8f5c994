"""When the bulk list may be fetched: it is open for the first hour of every four (intune.md section 6).

The first call begins a window of four hours; after its first hour each call is answered 503 until the window is over,
and the first call after that begins a new one. Another client of the same tenant, an ISE for instance, shares it.
"""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from urllib.parse import quote

OPEN_FOR = 3600.0
WINDOW = 4 * 3600.0
_OVER = WINDOW + 60.0  # theirs begins when our call arrives, by their clock
UNKNOWN_START = 1800.0  # how long to wait after a refusal when it is not known when the window began
_SOONEST = 300.0  # whatever a refusal says: this list is no urgent matter, and closed for hours more often than not
_LARGEST = 4096  # bytes


class WindowState(StrEnum):
    """`unknown`: no call was made so far that still counts, so the next one begins a window."""

    UNKNOWN = "unknown"
    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class PollingWindow:
    """Seconds since the epoch, 0 for not known. A new value after each event; `needs` is how long a sweep takes."""

    began: float = 0.0
    closed_until: float = 0.0  # what a refusal told

    def next_call(self, now: float, needs: float = 0.0) -> float:
        """The earliest moment for a sweep: `now` when it may begin at once."""
        # A moment further away than a window is from before the clock was set back.
        earliest = max(now, self.closed_until) if self.closed_until <= now + WINDOW else now
        if self._counts(earliest) and earliest + needs >= self.began + OPEN_FOR:
            return self.began + _OVER
        return earliest

    def called(self, now: float) -> PollingWindow:
        """A first page came: the call belongs to the window that is open, or begins one."""
        began = self.began if self._counts(now) and now < self.began + OPEN_FOR else now
        return PollingWindow(began)

    def refused(self, now: float, retry_after: float | None) -> PollingWindow:
        """A call was answered 503 or 429."""
        if retry_after is not None:
            return replace(self, closed_until=now + min(max(retry_after, _SOONEST), WINDOW))
        if self._counts(now) and now >= self.began + OPEN_FOR:
            return replace(self, closed_until=self.began + _OVER)
        # It should have been open: somebody else began it, nobody knows when.
        return PollingWindow(0.0, now + UNKNOWN_START)

    def state(self, now: float) -> WindowState:
        """For /v1/health."""
        if now < self.closed_until <= now + WINDOW:
            return WindowState.CLOSED
        if not self._counts(now):
            return WindowState.UNKNOWN
        return WindowState.OPEN if now < self.began + OPEN_FOR else WindowState.CLOSED

    def _counts(self, now: float) -> bool:
        return bool(self.began) and self.began <= now < self.began + _OVER


class WindowFile:
    """`STATE_DIRECTORY/polling-SERVER.json`: the window outlives a restart. Blocks."""

    def __init__(self, state_directory: Path, server: str) -> None:
        self.path = state_directory / f"polling-{quote(server, safe='')}.json"

    def read(self) -> PollingWindow:
        """What was saved; nothing known when there is nothing usable. Never raises."""
        try:
            with self.path.open("rb") as file:
                data = json.loads(file.read(_LARGEST))
            return PollingWindow(float(data["began"]), float(data["closed_until"]))
        except (OSError, ValueError, KeyError, TypeError):
            return PollingWindow()

    def write(self, window: PollingWindow) -> None:
        """Replace the file. Raises OSError."""
        handle, temporary = tempfile.mkstemp(dir=self.path.parent, prefix=self.path.name + ".")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(asdict(window), file)
            Path(temporary).replace(self.path)
        except OSError:
            Path(temporary).unlink(missing_ok=True)
            raise
