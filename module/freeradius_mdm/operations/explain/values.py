"""An explanation as values for JSON: the field names of the dataclasses, times in seconds since the epoch."""

from __future__ import annotations

import dataclasses
from enum import Enum
from typing import Any

from ...compliance import EndpointKey
from ...request import Request
from ...request_record import recorded
from .model import Explanation


def to_values(explanation: Explanation) -> dict[str, Any]:
    """What json.dumps takes. The request is what a decision would keep of it, so that no password is in it."""
    values: dict[str, Any] = _plain(explanation)
    return values


def _plain(value: object) -> Any:
    if isinstance(value, Request):
        return [list(pair) for pair in recorded(value)]
    if isinstance(value, EndpointKey):
        return {"server": value.server, "kind": value.kind.value, "value": value.value}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    return value
