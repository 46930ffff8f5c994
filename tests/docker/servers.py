"""The two nodes as a network device has them: one after the other, and a dead one left alone for a while."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TypeVar

from freeradius_mdm.lab.radius import NoReply, RadiusClient, RetryPolicy
from freeradius_mdm.lab.radius.reply import Reply
from tests.docker.outside import NODES, Outside

T = TypeVar("T")
# IOS: `radius-server timeout`, `retransmit` and `deadtime`, the last of which is in minutes there.
RETRY = RetryPolicy(tries=3, wait=2.0, growth=1.0)
DEAD_TIME = 5.0


@dataclass(frozen=True, slots=True)
class Failover:
    """A server gave no answer. `at`: by the monotonic clock."""

    at: float
    node: int
    why: str


class Servers:
    """`first`: the node that is asked first. `failovers`: where to note them. For several threads, one at a time."""

    def __init__(
        self, outside: Outside, first: int = 1, *, accounting: bool = False, failovers: list[Failover] | None = None
    ) -> None:
        self._order = (first, *(node for node in NODES if node != first))
        self._clients = {node: outside.client(node, accounting=accounting, retry=RETRY) for node in NODES}
        self._dead_until = dict.fromkeys(NODES, 0.0)
        self._mutex = threading.Lock()
        self.failovers: list[Failover] = [] if failovers is None else failovers

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for client in self._clients.values():
            client.close()

    def ask(self, question: Callable[[RadiusClient], T]) -> tuple[int, T]:
        """A whole conversation with one server, else anew with the next: EAP can't be carried over.

        Returns the node that answered. Raises NoReply when none did.
        """
        with self._mutex:
            for node in sorted(self._order, key=lambda node: time.monotonic() < self._dead_until[node]):
                try:
                    return node, question(self._clients[node])
                except NoReply as error:
                    self._dead_until[node] = time.monotonic() + DEAD_TIME
                    self.failovers.append(Failover(time.monotonic(), node, str(error)))
        raise NoReply("neither node answers: " + "; ".join(each.why for each in self.failovers[-len(NODES) :]))


class Accounting(RadiusClient):
    """For LabNas: accounting that is sent to the other node when one does not answer."""

    def __init__(self, outside: Outside, servers: Servers) -> None:
        super().__init__(outside.client(accounting=True).server)
        self._servers = servers

    def exchange(self, packet: Any) -> Reply:
        """The same octets to whoever answers."""
        return self._servers.ask(lambda client: client.exchange(packet))[1]
