"""Redis gone, silent, stopped, slow, full or read-only: every call returns within 50 ms, and work goes on alone."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from freeradius_mdm.service.cluster.protocol import ClusterMode
from tests.service.fakes import until
from tests.store.samples import COMPLIANT, key

from .nodes import Node, nodes, session
from .real_redis import RealRedis, settings
from .relay import relay

LONGEST = 0.050  # seconds: the contract for every call
AT_ONCE = 0.020  # half of what a caller waits for Redis
ROUNDS = 20
FIRST, SECOND = range(ROUNDS), range(ROUNDS, 2 * ROUNDS)  # other keys and orders each time


def _calls(node: Node, number: int) -> list[tuple[str, Callable[[], Coroutine[Any, Any, Any]], Any]]:
    """Every call, and what it returns to a node that can't ask anybody; None where nothing is returned."""
    cluster = node.cluster
    return [
        ("share_answer", lambda: cluster.share_answer(key(number), COMPLIANT, time.time()), None),
        ("newer_answer", lambda: cluster.newer_answer(key(number), 0), None),
        ("may_ask", lambda: cluster.may_ask(key(number), 60), True),
        ("answer_failed", lambda: cluster.answer_failed(key(number)), None),
        ("hold", lambda: cluster.hold(f"poll:{number}", 60, alone=True), True),
        ("hold", lambda: cluster.hold(f"only:{number}", 60, alone=False), False),
        ("put_session", lambda: cluster.put_session(session("a"), f"s{number}"), None),
        ("drop_session", lambda: cluster.drop_session(f"t{number}"), None),
        ("orphaned", lambda: cluster.orphaned(), []),
        ("claim_order", lambda: cluster.claim_order(f"coa-{number}", 60, alone=True), True),
        ("claim_order", lambda: cluster.claim_order(f"other-{number}", 60, alone=False), False),
        ("settle_order", lambda: cluster.settle_order(f"coa-{number}", "acked"), None),
        ("announce", lambda: cluster.announce("topic", f"{number}"), None),
    ]


def _kept_from_running() -> float:
    """Seconds that this thread was ready and another one had the processor (proc(5), schedstat): not our doing."""
    return int(Path("/proc/thread-self/schedstat").read_text().split()[1]) / 1e9


async def measured(node: Node, numbers: range) -> dict[str, float]:
    """The longest time of each call, in seconds; asserts what each returns and that none raises."""
    longest: dict[str, float] = {}
    for number in numbers:
        for name, call, expected in _calls(node, number):
            begun, waited = time.perf_counter(), _kept_from_running()
            said = await call()
            took = time.perf_counter() - begun - (_kept_from_running() - waited)
            longest[name] = max(longest.get(name, 0.0), took)
            assert said == expected, name
    return longest


@asynccontextmanager
async def silent() -> AsyncIterator[tuple[int, list[asyncio.StreamWriter]]]:
    """A server that accepts connections and says nothing: its port, and the connections so far."""
    held: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda _, writer: held.append(writer), "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], held
    finally:
        server.close()
        for writer in held:
            writer.transport.abort()


async def _never_reached(server: RealRedis | None) -> None:
    async with silent() as (port, held):
        if server is not None:
            port = server.port
        async with nodes(settings("a", port), joined=False, connect=0.2) as (a,):
            longest = await measured(a, FIRST)
            assert max(longest.values()) < LONGEST, longest
            await until(lambda: a.lines("cluster_cut_off"))
            longest = await measured(a, SECOND)
            assert max(longest.values()) < LONGEST, longest
            assert a.cluster.state().mode is ClusterMode.CUT_OFF
            assert a.cluster.holds("poll:0")
            assert not a.cluster.holds("only:0")
            if server is None:
                await until(lambda: len(held) >= 4)
            assert len(a.lines("cluster_cut_off")) == 1  # however often it was tried


def test_a_redis_that_says_nothing() -> None:
    asyncio.run(_never_reached(None))


def test_a_redis_that_is_not_there(server: RealRedis) -> None:
    server.end()
    asyncio.run(_never_reached(server))


async def _trouble(server: RealRedis, begin: Callable[[], object], end: Callable[[], object], reason: str) -> None:
    """A node that has joined; something befalls Redis, and passes."""
    async with nodes(settings("a", server.port), settings("b", server.port)) as (a, b):
        begin()
        first = await measured(a, FIRST)  # those that find it out
        assert max(first.values()) < LONGEST, first
        await a.cut_off()
        then = await measured(a, SECOND)
        assert max(then.values()) < AT_ONCE, then  # nobody waits for what is known to be gone
        assert a.cluster.holds("poll:0")
        end()
        for node in (a, b):
            await node.joined()
            await node.sent()
        # What was kept has arrived.
        for number in (*FIRST, *SECOND):
            await until(lambda number=number: key(number) in b.inbox.newest)
        assert server.ask("HLEN", "mdm:sessions") == 2 * ROUNDS
        await until(lambda: len(b.inbox.notices) >= 2 * ROUNDS)
        assert not await b.cluster.claim_order("coa-0", 60, alone=True)
        assert not a.cluster.holds("poll:0")  # taken without asking: it has to be asked for again
        assert [len(a.lines(event)) for event in ("cluster_joined", "cluster_cut_off")] == [2, 1]
        assert reason in a.lines("cluster_cut_off")[0]


def test_a_redis_that_is_stopped_and_goes_on(server: RealRedis) -> None:
    stop, go = (lambda number=number: server.send(number) for number in (signal.SIGSTOP, signal.SIGCONT))
    asyncio.run(_trouble(server, stop, go, "no answer in time"))


def test_a_full_redis(server: RealRedis) -> None:
    full, empty = (lambda size=size: server.ask("CONFIG", "SET", "maxmemory", size) for size in ("1", "0"))
    asyncio.run(_trouble(server, full, empty, "maxmemory"))


def test_a_redis_that_became_a_replica(server: RealRedis) -> None:
    # The primary it is given does not answer, so it keeps its data, as the former primary does after a failover.
    down, up = (lambda to=to: server.ask("REPLICAOF", *to) for to in (("127.0.0.1", "1"), ("NO", "ONE")))
    asyncio.run(_trouble(server, down, up, "replica"))


def test_a_redis_that_was_killed_and_kept_its_data(tmp_path: Path) -> None:
    server = RealRedis(tmp_path / "redis", persistent=True).start()
    try:
        asyncio.run(_trouble(server, lambda: server.send(signal.SIGKILL), server.start, "next="))
    finally:
        server.end()


def test_a_redis_that_was_killed_and_lost_its_data(server: RealRedis) -> None:
    asyncio.run(_trouble(server, lambda: server.send(signal.SIGKILL), server.start, "next="))


async def _slow(server: RealRedis) -> None:
    async with relay(server.port) as way, nodes(settings("a", way.port)) as (a,):
        way.delay = 0.06
        longest = await measured(a, FIRST)
        assert max(longest.values()) < LONGEST, longest
        await a.cut_off()
        await until(lambda: "more than 40" in a.cluster.state().reason)
        way.delay = 0.0
        await a.joined()


def test_a_slow_way_to_redis(server: RealRedis) -> None:
    asyncio.run(_slow(server))


@pytest.mark.parametrize("joined", [True, False])
def test_the_end_is_quick(server: RealRedis, joined: bool) -> None:
    async def run() -> None:
        async with nodes(settings("a", server.port)) as (a,):
            if not joined:
                server.send(signal.SIGSTOP)
            await a.cluster.put_session(session("a"), "one")
            begun = time.perf_counter()
            await a.cluster.close()
            assert time.perf_counter() - begun < 2
            if joined:
                assert server.ask("HLEN", "mdm:sessions") == 1

    asyncio.run(run())
