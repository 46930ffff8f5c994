"""Lines of `key=value` that can't be forged: what a device sends can't end a line or make up a pair."""

from __future__ import annotations

import time

from ..log_line import quote

_LONGEST = 400  # characters of one value


def pair(name: str, value: object) -> str:
    """`name=value`, the value cut when it is very long, and quoted when it holds anything special."""
    text = f"{value:.1f}" if isinstance(value, float) else str(value)
    return f"{name}={quote(text if len(text) <= _LONGEST else text[:_LONGEST] + '...')}"


def moment(at: float) -> str:
    """UTC with milliseconds: `2026-01-31T10:00:00.123Z`."""
    whole, thousandths = divmod(round(at * 1000), 1000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole)) + f".{thousandths:03}Z"
