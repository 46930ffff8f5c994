"""Decisions under way in this radiusd: from the first hook call to the reply that goes out.

One authentication passes several hook calls, in check-eap-tls and then in outer post-auth; what they share is
kept here under the decision's id, because only short texts can travel in attributes. Bounded, since a request can
vanish between two calls. Standard library only: radiusd imports this.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from .decide import Verdict
from .trail import Trail

# More than a server's max_requests of the stock configuration, at about 5 KB each.
_MOST = 20_000
_LONGEST = 120.0  # seconds; FreeRADIUS forgets a request after max_request_time, 30 s by default


@dataclass(slots=True)
class Entry:
    """One authentication under way; `verdict` is None while an answer is waited for."""

    trail: Trail
    verdict: Verdict | None = None


class PendingDecisions:
    """Entries by decision id, oldest first."""

    def __init__(self) -> None:
        self._entries: OrderedDict[str, Entry] = OrderedDict()

    def put(self, entry: Entry, now: float) -> None:
        """Keep an entry, and forget what has been under way for too long."""
        self._entries[entry.trail.id] = entry
        while self._entries:
            oldest = next(iter(self._entries.values()))
            if len(self._entries) <= _MOST and now - oldest.trail.started < _LONGEST:
                break
            self._entries.popitem(last=False)

    def get(self, decision_id: str) -> Entry | None:
        """The entry, which stays."""
        return self._entries.get(decision_id)

    def pop(self, decision_id: str) -> Entry | None:
        """The entry, which is taken out."""
        return self._entries.pop(decision_id, None)

    def __len__(self) -> int:
        return len(self._entries)
