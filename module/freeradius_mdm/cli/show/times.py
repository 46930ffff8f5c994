"""Times in the reader's zone, and durations as people say them."""

from __future__ import annotations

import re
from datetime import datetime

_UTC = re.compile(r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ")
_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def clock(at: float | None, now: float) -> str:
    """`14:03:27` for today, `2026-11-22 14:03` for another day, in the reader's zone; "" for None or 0."""
    if not at:
        return ""
    moment, today = datetime.fromtimestamp(at), datetime.fromtimestamp(now)
    return f"{moment:%H:%M:%S}" if moment.date() == today.date() else f"{moment:%Y-%m-%d %H:%M}"


def moment(at: float | None) -> str:
    """`2026-11-23 14:03:27 CET`, in the reader's zone; "" for None or 0."""
    return f"{datetime.fromtimestamp(at).astimezone():%Y-%m-%d %H:%M:%S %Z}" if at else ""


def duration(seconds: float | None) -> str:
    """The two largest units: `3 h 5 min`, `2 d 4 h`, `45 s`, `250 ms`; "" for None."""
    if seconds is None:
        return ""
    if abs(seconds) < 1:
        return f"{seconds * 1000:.0f} ms" if seconds else "0 s"
    left = round(abs(seconds))
    parts: list[str] = []
    for size, unit in _UNITS:
        count, left = divmod(left, size)
        if count or parts:
            parts.append(f"{count} {unit}" if count else "")
        if len(parts) == 2:
            break
    text = " ".join(part for part in parts if part)
    return f"-{text}" if seconds < 0 else text


def ago(at: float | None, now: float) -> str:
    """`3 min ago`, `in 2 h`, `now`; "" for None or 0."""
    if not at:
        return ""
    distance = now - at
    if abs(distance) < 1:
        return "now"
    return f"{duration(distance)} ago" if distance > 0 else f"in {duration(-distance)}"


def in_zone(text: str) -> str:
    """A sentence whose moments in UTC, `2026-11-23 14:03:27Z`, are told in the reader's zone."""
    return _UTC.sub(lambda found: moment(datetime.fromisoformat(found[0]).timestamp()), text)
