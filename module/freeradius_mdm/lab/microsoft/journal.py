"""What was asked and what was answered, one entry per request; never a token, secret or assertion."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterator
from typing import Any, NamedTuple

from .operations import Operation

_SECRET_IN_QUERY = re.compile(r"(?i)\b(client_secret|client_assertion|access_token|assertion)=[^&]*")


class Entry(NamedTuple):
    """One request. `time` in seconds since the epoch, simulator's clock; `took_ms` real milliseconds.

    `subject`: device id, MAC or scope asked for. `faults`: personalities that acted, comma separated.
    """

    time: float
    host: str
    method: str
    path: str
    query: str
    status: int
    outcome: str
    operation: str
    tenant: str
    app: str
    subject: str
    client_request_id: str
    faults: str
    took_ms: float


class Journal:
    """The last `limit` requests, and counters over all since the last clearing.

    Counters, all under plain text keys: `operations` by operation, `token_posts` by `tenant resource outcome`,
    `devices` by device id or MAC (CRS device queries), `statuses` by `operation status`, `connections` by TLS
    server name, `in_flight_peak` by operation.
    """

    def __init__(self, limit: int = 100_000) -> None:
        self._entries: deque[Entry] = deque(maxlen=limit)
        self.in_flight: Counter[str] = Counter()
        self.clear()

    def clear(self) -> None:
        """Forget entries and counters."""
        self._entries.clear()
        self.operations: Counter[str] = Counter()
        self.token_posts: Counter[str] = Counter()
        self.devices: Counter[str] = Counter()
        self.statuses: Counter[str] = Counter()
        self.connections: Counter[str] = Counter()
        self.in_flight_peak: dict[str, int] = {}

    def enter(self, operation: str) -> None:
        """A request has arrived."""
        self.in_flight[operation] += 1
        if self.in_flight[operation] > self.in_flight_peak.get(operation, 0):
            self.in_flight_peak[operation] = self.in_flight[operation]

    def record(self, entry: Entry) -> None:
        """A request has been answered or aborted."""
        self.in_flight[entry.operation] -= 1
        if entry.query and _SECRET_IN_QUERY.search(entry.query):
            entry = entry._replace(query=_SECRET_IN_QUERY.sub(r"\1=REDACTED", entry.query))
        self._entries.append(entry)
        self.operations[entry.operation] += 1
        self.statuses[f"{entry.operation} {entry.status}"] += 1
        if entry.operation == Operation.TOKEN:
            self.token_posts[f"{entry.tenant} {entry.subject} {entry.outcome}"] += 1
        elif entry.operation == Operation.DEVICE:
            self.devices[entry.subject] += 1

    def entries(self, limit: int = 0, since: float = 0.0, **equal: str) -> list[Entry]:
        """Entries, oldest first. `equal`: fields that must have this text; `path` and `outcome` match by prefix.

        `limit` keeps the newest. Raises ValueError for a field that does not exist.
        """
        if wrong := set(equal) - set(Entry._fields):
            raise ValueError(f"the journal has no {', '.join(sorted(wrong))}; fields: {', '.join(Entry._fields)}")
        found = [entry for entry in self._entries if entry.time >= since and _fits(entry, equal)]
        return found[-limit:] if limit else found

    def counters(self) -> dict[str, Any]:
        """All counters, ready for JSON."""
        return dict(self._counters())

    def _counters(self) -> Iterator[tuple[str, Any]]:
        for name in ("operations", "token_posts", "devices", "statuses", "connections", "in_flight_peak"):
            yield name, dict(getattr(self, name))


def _fits(entry: Entry, equal: dict[str, str]) -> bool:
    for name, wanted in equal.items():
        value = str(getattr(entry, name))
        if not (value.startswith(wanted) if name in ("path", "outcome") else value == wanted):
            return False
    return True
