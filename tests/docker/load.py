"""Endpoints that sign in without end at both nodes, from a few threads; every answer is compared."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from freeradius_mdm.lab.processes import wait_for
from freeradius_mdm.lab.radius import LabRadiusError
from tests.docker.guests import Guest, decision_id, guests, told
from tests.docker.outside import NODES, WITHIN, Outside
from tests.docker.servers import Failover, Servers


@dataclass(frozen=True, slots=True)
class Answer:
    """A right one. `at`: by the monotonic clock; `first`: whom its endpoint's network device asks first."""

    at: float
    took: float
    first: int
    node: int
    kind: str
    user: str
    decision: str  # "" of a reject


class Load:
    """A context manager: endpoints sign in inside it. `faults`: everything that was not as expected, in words."""

    def __init__(self, outside: Outside, threads: int = 3) -> None:
        self._outside = outside
        self.answers: list[Answer] = []
        self.faults: list[str] = []
        self.failovers: list[Failover] = []
        self._stop = threading.Event()
        made = [guests(outside, number) for number in range(threads)]
        self._threads = [
            threading.Thread(target=self._run, args=(each, NODES[number % len(NODES)]), name=f"load-{number}")
            for number, each in enumerate(made)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """No more sign-ins."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def goes_on(self, node: int, answers: int = 20, kinds: int = 5) -> None:
        """Wait until a node has given so many more right answers, to so many kinds of endpoint."""
        seen = len(self.answers)

        def enough() -> bool:
            found = [answer for answer in self.answers[seen:] if answer.node == node]
            return len(found) >= answers and len({answer.kind for answer in found}) >= kinds

        wait_for(enough, f"node {node} answers", WITHIN)

    def after(self, moment: float, *, first: int) -> float:
        """Seconds from a moment to the other node's next right answer where the network device asks `first` first."""
        found = [each.at for each in self.answers if each.first == first != each.node and each.at > moment]
        return min(found) - moment

    @property
    def slowest(self) -> float:
        """Seconds that the slowest sign-in took, with everything that its network device tried."""
        return max(answer.took for answer in self.answers)

    def lost(self) -> list[str]:
        """Answers whose decision is not in the store of the node that gave them: Accepts by id, rejects by number.

        After `stop`.
        """
        stored = {node: self._outside.stored(node) for node in NODES}
        ids = {(node, row[0]) for node, rows in stored.items() for row in rows}
        missing = [
            f"{answer.kind}, {answer.user}: decision {answer.decision} of node {answer.node}"
            for answer in self.answers
            if answer.decision and (answer.node, answer.decision) not in ids
        ]
        rejects = Counter((node, row[2]) for node, rows in stored.items() for row in rows if row[1] == "reject")
        given = Counter((answer.node, answer.user) for answer in self.answers if not answer.decision)
        return missing + [
            f"{count} rejects of {user} by node {node}, {rejects[node, user]} in its store"
            for (node, user), count in given.items()
            if rejects[node, user] < count
        ]

    def _run(self, coming: Iterator[Guest], first: int) -> None:
        with (
            Servers(self._outside, first, failovers=self.failovers) as servers,
            Servers(self._outside, first, accounting=True) as accounting,
        ):
            try:
                while not self._stop.is_set():
                    self._one(next(coming), first, servers, accounting)
            except Exception as error:
                self.faults.append(f"a thread has ended: {error!r}")
                raise

    def _one(self, guest: Guest, first: int, servers: Servers, accounting: Servers) -> None:
        began = time.monotonic()
        try:
            node, reply = servers.ask(guest.sign_in)
            if guest.leaves is not None:
                accounting.ask(lambda client: guest.leaves(client, reply))  # type: ignore[misc]
        except (LabRadiusError, AssertionError) as error:
            self.faults.append(f"{guest.kind}, {guest.user}: {error}")
            return
        now = time.monotonic()
        if (reply.accepted, told(reply)) != (guest.accepted, guest.results):
            self.faults.append(f"{guest.kind}, {guest.user} got {reply.code.name} {told(reply)} from node {node}")
            return
        decided = decision_id(reply) if reply.accepted else ""
        self.answers.append(Answer(now, now - began, first, node, guest.kind, guest.user, decided))
