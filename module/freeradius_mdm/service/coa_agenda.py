"""What the CoA desk is to do when: pure, no clock, no task."""

from __future__ import annotations

import heapq
from collections import Counter, deque


class Agenda:
    """Sessions with the moment when something is due about them, one each; shared out among the network devices.

    `each`: how many of one device may be in hand at a time, so that one that does not answer holds up no other; `most`:
    of all together. Times are seconds of one clock.
    """

    def __init__(self, each: int, most: int = 1000) -> None:
        self._each = each
        self._most = most
        self._due: dict[str, tuple[float, str]] = {}
        self._heap: list[tuple[float, str]] = []
        self._ready: dict[str, deque[str]] = {}
        self._in_hand: Counter[str] = Counter()

    def put(self, session_id: str, client: str, due_at: float) -> None:
        """The session's turn is at that moment, whatever was put before."""
        self._due[session_id] = (due_at, client)
        heapq.heappush(self._heap, (due_at, session_id))

    def drop(self, session_id: str) -> None:
        """Nothing is due about it."""
        self._due.pop(session_id, None)

    def take(self, now: float) -> list[str]:
        """Whose turn it is: the longest due first, the devices by turns. Each is in hand, until `done` is called."""
        while self._heap and self._heap[0][0] <= now:
            due_at, session_id = heapq.heappop(self._heap)
            at, client = self._due.get(session_id, (None, ""))
            if at == due_at:
                self._ready.setdefault(client, deque()).append(session_id)
        taken: list[str] = []
        for client in list(self._ready):
            line = self._ready[client]
            while line and self._in_hand[client] < self._each and self._in_hand.total() < self._most:
                session_id = line.popleft()
                if self._due.get(session_id, (now + 1, client))[0] <= now:
                    del self._due[session_id]
                    self._in_hand[client] += 1
                    taken.append(session_id)
            # The last shall be first the next time.
            del self._ready[client]
            if line:
                self._ready[client] = line
        return taken

    def done(self, client: str) -> None:
        """One of that device's is not in hand any more."""
        self._in_hand[client] -= 1
        if not self._in_hand[client]:
            del self._in_hand[client]

    def next_at(self) -> float:
        """When to look again; infinity when nothing is due. What waits for others to be done does not count."""
        return self._heap[0][0] if self._heap else float("inf")
