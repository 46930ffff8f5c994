"""Nodes in the test's own process: a RedisCluster with short times, its log, and an inbox that remembers."""

from __future__ import annotations

import io
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from freeradius_mdm.compliance import EndpointKey
from freeradius_mdm.config.model import ClusterSettings
from freeradius_mdm.service.cluster.protocol import ClusterMode, Holdings, SharedAnswer, SharedSession
from freeradius_mdm.service.cluster.redis_cluster import RedisCluster
from freeradius_mdm.service.cluster.timing import Timing
from freeradius_mdm.service.events import EventLog
from tests.service.fakes import until

SHORT = Timing(gone_after=0.6, beat=0.05, first_pause=0.02, longest_pause=0.1, block=0.1, sentinel=0.2)
KEEP = 3600.0


class MemoryInbox:
    """Remembers what it is told. `holdings` is what it answers when it is asked for everything."""

    def __init__(self) -> None:
        self.newest: dict[EndpointKey, SharedAnswer] = {}
        self.got: list[SharedAnswer] = []
        self.moved: list[tuple[str, str]] = []
        self.ended: list[tuple[str, str]] = []
        self.notices: list[tuple[str, str, str]] = []
        self.exempted: list[str] = []
        self.peers: list[tuple[str, bool]] = []
        self.holdings = Holdings()
        self.asked_for_everything = 0
        self.error: Exception | None = None

    async def answers(self, answers: Sequence[SharedAnswer]) -> None:
        if self.error is not None:
            raise self.error
        for shared in answers:
            self.got.append(shared)
            if shared.key not in self.newest or shared.at > self.newest[shared.key].at:
                self.newest[shared.key] = shared

    async def session_moved(self, id_: str, to: str) -> None:
        self.moved.append((id_, to))

    async def session_ended(self, id_: str, by: str) -> None:
        self.ended.append((id_, by))

    async def exemptions(self, texts: Sequence[str]) -> None:
        self.exempted += texts

    async def notice(self, topic: str, text: str, node: str) -> None:
        self.notices.append((topic, text, node))

    async def peer_joined(self, name: str) -> None:
        self.peers.append((name, True))

    async def peer_gone(self, name: str) -> None:
        self.peers.append((name, False))

    async def everything(self) -> Holdings:
        self.asked_for_everything += 1
        return self.holdings

    def holds(self, *sessions: tuple[str, str]) -> None:
        """(id, JSON) of each session that `everything` names."""
        self.holdings = Holdings(self.holdings.answers, [SharedSession(*session) for session in sessions])


class Node:
    """One mdmd's part of the cluster."""

    def __init__(self, settings: ClusterSettings, timing: Timing = SHORT) -> None:
        self.inbox = MemoryInbox()
        self.log = io.StringIO()
        self.cluster = RedisCluster(
            settings, lambda _: KEEP, EventLog(self.log, time.time), time.time, time.monotonic, timing
        )

    def lines(self, event: str) -> list[str]:
        return [line for line in self.log.getvalue().splitlines() if f" event={event} " in line + " "]

    async def joined(self) -> None:
        await until(lambda: self.cluster.state().mode is ClusterMode.JOINED)

    async def cut_off(self) -> None:
        await until(lambda: self.cluster.state().mode is ClusterMode.CUT_OFF)

    async def sent(self) -> None:
        await until(lambda: self.cluster.state().unsent == 0)

    async def sees(self, *names: str) -> None:
        """Exactly these other nodes are alive."""
        await until(lambda: {peer.name for peer in self.cluster.state().peers if peer.alive} == set(names))


@asynccontextmanager
async def nodes(*settings: ClusterSettings, joined: bool = True, **timing: Any) -> AsyncIterator[list[Node]]:
    """Started, and in contact with Redis and with each other unless `joined` is false."""
    made = [Node(each, replace(SHORT, **timing)) for each in settings]
    try:
        for node in made:
            await node.cluster.start(node.inbox)
        if joined:
            for node in made:
                await node.joined()
                await until(lambda node=node: node.inbox.asked_for_everything)
                await node.sees(*[other.cluster.node for other in made if other is not node])
        yield made
    finally:
        for node in made:
            await node.cluster.close()


def session(node: str, **more: Any) -> str:
    """A session's JSON as the store would have it: what counts is its node."""
    return json.dumps({"node": node, **more})
