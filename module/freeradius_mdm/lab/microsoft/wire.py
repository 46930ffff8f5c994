"""What passes between the network side and the simulated services: one call, one answer.

Services are plain functions of these, so they can be tried without a socket.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .faults import NO_FAULTS, ActiveFaults
from .operations import Operation, Service


@dataclass(slots=True)
class Call:
    """One request. `host` is the real host name (aliases resolved); `authority` what the client wrote, with port.

    `path` and `query` are as sent, undecoded. `headers` has lower-case names. `tenant` and `app` are filled in
    by the service as soon as it knows them, for the journal.
    """

    host: str
    authority: str
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = b""
    service: Service = Service.OTHER
    operation: Operation = Operation.OTHER
    tenant: str = ""
    app: str = ""
    subject: str = ""  # the device, MAC or scope that was asked for
    faults: ActiveFaults = NO_FAULTS


@dataclass(slots=True)
class Answer:
    """What goes back. `outcome` is the journal's short word for it, free of secrets."""

    status: int
    body: bytes
    content_type: str
    outcome: str
    headers: dict[str, str] = field(default_factory=dict)
    abort: bool = False  # reset the connection instead of answering


def json_answer(status: int, value: Any, outcome: str, headers: dict[str, str] | None = None) -> Answer:
    """A JSON answer, compact, as Entra and Graph send it."""
    body = json.dumps(value, separators=(",", ":")).encode()
    return Answer(status, body, "application/json; charset=utf-8", outcome, headers or {})


def text_answer(status: int, text: str, outcome: str) -> Answer:
    """A plain text answer, for what has no documented body."""
    return Answer(status, text.encode(), "text/plain; charset=utf-8", outcome)
