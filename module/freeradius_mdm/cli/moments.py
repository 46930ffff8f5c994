"""Moments as an operator writes them: how long ago, a time of day, a date, or both."""

from __future__ import annotations

from datetime import datetime, timedelta

from .. import durations
from ..operations.codes import OperationCode
from ..operations.errors import OperationError

ALLOWED = "how long ago (90s, 10m, 2h, 3d), 14:00, 2026-11-23, or '2026-11-23 14:00', in this terminal's time zone"
_TIMES = ("%H:%M", "%H:%M:%S")
_DATES = ("%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S")


def parse(text: str, now: float) -> float:
    """Seconds since the epoch. A time of day is the latest one that has passed; a date is its beginning."""
    text = text.strip()
    today = datetime.fromtimestamp(now)
    for form in (*_TIMES, *_DATES):
        try:
            read = datetime.strptime(text, form)
        except ValueError:
            continue
        if form in _DATES:
            return read.timestamp()
        found = read.replace(year=today.year, month=today.month, day=today.day)
        return (found if found <= today else found - timedelta(days=1)).timestamp()
    try:
        return now - durations.parse(text)
    except ValueError:
        raise OperationError(
            OperationCode.WRONG_ARGUMENT,
            f"{text!r} is no moment",
            allowed=ALLOWED,
            next="write it as one of these, in quotes where it has a blank",
        ) from None
