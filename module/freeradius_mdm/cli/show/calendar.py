"""Far times as people say them: `in 5 months`, `3 days ago`."""

from __future__ import annotations

_DAY = 86400.0
_MONTH = 30.44 * _DAY
_YEAR = 365.25 * _DAY
# From how many seconds on a unit is used, and its size: years only when they are nearly whole ones or many.
_UNITS = ((5 * _YEAR, _YEAR, "year"), (2 * _MONTH, _MONTH, "month"), (2 * _DAY, _DAY, "day"), (3600.0, 3600.0, "hour"))


def about(at: float, now: float) -> str:
    """`in 5 months`, `in 29 days`, `in 7 hours`, `2 days ago`, `within the hour`; times in epoch seconds."""
    distance = abs(at - now)
    for least, size, unit in _UNITS:
        if distance >= least:
            count = round(distance / size)
            if unit == "month" and count % 12 == 0:
                count, unit = count // 12, "year"
            text = f"{count} {unit}{'' if count == 1 else 's'}"
            return f"in {text}" if at > now else f"{text} ago"
    return "within the hour"
