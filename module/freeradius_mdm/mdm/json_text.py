"""JSON from the network: a value, or None. A body nested too deep is unreadable like a broken one."""

from __future__ import annotations

import json
from typing import Any


def read_json(body: str | bytes) -> Any:
    """The decoded value; None for anything that can't be decoded (and for `null`, which nobody sends). Never raises."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
