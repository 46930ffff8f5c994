"""What the running mdmd says of itself; it need not run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from typing import Any

from ...config.model import Service

_TIMEOUT = 2.0  # seconds
_LARGEST = 16_000_000  # bytes


@dataclass(frozen=True, slots=True)
class MdmdState:
    """`health`: the body of /v1/health, {} when there is none. `trouble`: why there is none, "" when there is."""

    health: Mapping[str, Any] = field(default_factory=dict)
    trouble: str = ""

    @property
    def answers(self) -> bool:
        """mdmd is running."""
        return not self.trouble

    def part(self, name: str, server: str, key: str = "server") -> Mapping[str, Any] | None:
        """The entry about an MDM server in one of the lists."""
        return next((each for each in self.health.get(name, ()) if each.get(key) == server), None)


def ask(service: Service, timeout: float = _TIMEOUT) -> MdmdState:
    """Never raises."""
    where = f"{service.listen_host}:{service.listen_port}"
    connection = HTTPConnection(service.listen_host, service.listen_port, timeout=timeout)
    try:
        connection.request("GET", "/v1/health")
        response = connection.getresponse()
        text = response.read(_LARGEST)
    except (OSError, HTTPException) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return MdmdState(trouble=f"mdmd does not answer at {where}: {reason}")
    finally:
        connection.close()
    try:
        body = json.loads(text)
    except ValueError:
        body = None
    if response.status != 200 or not isinstance(body, dict) or not isinstance(body.get("servers"), list):
        return MdmdState(trouble=f"what answers at {where} is not this mdmd: HTTP {response.status}")
    return MdmdState(body)
