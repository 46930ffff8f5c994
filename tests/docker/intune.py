"""The simulated Intune in its container, as tests on this machine steer and watch it."""

from __future__ import annotations

import json
import urllib.request
from typing import Any


class Intune:
    """The simulated Intune by its control interface."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def set_device(self, device_id: str, **values: Any) -> None:
        """Put it there, or change it."""
        self._call("PUT", f"/devices/{device_id}", values)

    def set_devices(self, rows: list[dict[str, Any]]) -> None:
        """Many at once, each with its `intune_id`."""
        self._call("PUT", "/devices", rows)

    def questions(self, subject: str) -> int:
        """How often it was asked about that device."""
        return len(self.asked(subject))

    def asked(self, subject: str) -> list[dict[str, Any]]:
        """Those questions, oldest first."""
        found: list[dict[str, Any]] = self._call("GET", f"/journal?operation=device&subject={subject}")
        return found

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._url + path, data, {"Content-Type": "application/json"}, method=method)  # noqa: S310 our own
        with self._opener.open(request, timeout=30) as answer:
            return json.load(answer)
