"""The Retry-After header (RFC 9110 section 10.2.3): seconds, or an HTTP date."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime

LONGEST = 3600.0  # seconds; a server that asks for more is asked again after an hour


def parse_retry_after(value: str | None, now: float) -> float | None:
    """Seconds to stay away, 0 to LONGEST; None when the header is absent or unreadable. `now`: epoch seconds."""
    if not value:
        return None
    text = value.strip()
    if re.fullmatch(r"\d{1,9}", text):
        return min(float(text), LONGEST)
    try:
        moment = parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError):
        return None
    return min(max(moment - now, 0.0), LONGEST)
