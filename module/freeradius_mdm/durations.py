"""Durations as an operator writes them: `250ms`, `90s`, `10m`, `4h`, `2d`; never a bare number.

A bare number means minutes in an ISE form and seconds in RADIUS, so it is refused (ise.md section 2.3).
Standard library only: radiusd imports this.
"""

from __future__ import annotations

import re

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SHAPE = re.compile(r"([0-9]{1,12})(ms|s|m|h|d)")
ALLOWED = "a whole number and a unit, ms, s, m, h or d, for example 250ms, 90s, 10m, 4h"


def parse(text: object) -> float:
    """Seconds. Raises ValueError with a sentence for the operator."""
    if isinstance(text, int | float) and not isinstance(text, bool):
        raise ValueError(f"a bare number, {text}: is it minutes or seconds?")
    match = _SHAPE.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"{text!r} is no duration")
    return int(match[1]) * _UNITS[match[2]]


def show(seconds: float) -> str:
    """The shortest exact form: 14400 gives `4h`, 5400 gives `90m`, 0.25 gives `250ms`."""
    milliseconds = round(seconds * 1000)
    if not milliseconds:
        return "0s"
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)):
        if milliseconds % size == 0:
            return f"{milliseconds // size}{unit}"
    return f"{milliseconds}ms"
