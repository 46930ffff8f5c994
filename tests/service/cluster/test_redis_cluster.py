"""Nodes that were cut off, and a Redis that was restarted, emptied or is short of room: everybody catches up."""

from __future__ import annotations

import asyncio
import re
import signal
import time
from pathlib import Path

import pytest

from freeradius_mdm.service.cluster.protocol import ClusterMode, Holdings, SharedAnswer
from tests.service.fakes import until
from tests.store.samples import COMPLIANT, NONCOMPLIANT, key

from .nodes import Node, nodes, session
from .real_redis import RealRedis, settings
from .relay import relay


async def _cut_and_back(server: RealRedis) -> None:
    async with (
        relay(server.port) as way,
        nodes(settings("a", server.port), settings("b", way.port), gone_after=30.0) as (a, b),
    ):
        way.cut()
        await b.cut_off()
        now = time.time()
        for number in range(300):
            await a.cluster.share_answer(key(number), COMPLIANT, now)
            await a.cluster.announce("number", str(number))
        for number in range(500, 600):
            await b.cluster.share_answer(key(number), NONCOMPLIANT, now)
        await b.cluster.share_answer(key(0), NONCOMPLIANT, now + 1)  # later than a's
        await b.cluster.share_answer(key(1), NONCOMPLIANT, now - 1)  # earlier
        await a.sent()
        assert b.inbox.got == []
        way.mend()
        await b.joined()
        await until(lambda: len(b.inbox.newest) == 300)
        await until(lambda: len(a.inbox.newest) == 101)
        assert [text for _, text, _ in b.inbox.notices] == [str(number) for number in range(300)]  # once, in order
        assert a.inbox.newest[key(0)].answer == NONCOMPLIANT
        assert key(1) not in a.inbox.newest
        assert b.inbox.asked_for_everything == 1  # no need to: it was the same Redis, and nothing was trimmed
        assert b.lines("cluster_notices_missed") == []
        assert (len(b.lines("cluster_cut_off")), len(b.lines("cluster_joined"))) == (1, 2)
        assert a.lines("cluster_peer_gone") == []


def test_a_node_that_was_cut_off_catches_up_without_gaps(server: RealRedis) -> None:
    asyncio.run(_cut_and_back(server))


async def _trimmed(server: RealRedis) -> None:
    async with (
        relay(server.port) as way,
        nodes(settings("a", server.port), settings("b", way.port), gone_after=30.0, notices_kept=100) as (a, b),
    ):
        way.cut()
        await b.cut_off()
        for number in range(1000):
            await a.cluster.share_answer(key(number), COMPLIANT, time.time())
        await a.sent()
        assert server.ask("XLEN", "mdm:notices") < 300
        way.mend()
        await until(lambda: len(b.inbox.newest) == 1000)
        assert len(b.lines("cluster_notices_missed")) == 1
        await a.cluster.share_answer(key(1000), COMPLIANT, time.time())  # and it goes on from there
        await until(lambda: len(b.inbox.newest) == 1001)


def test_a_node_that_missed_notices_reads_everything_anew(server: RealRedis) -> None:
    asyncio.run(_trimmed(server))


async def _overflow(server: RealRedis) -> None:
    async with (
        relay(server.port) as way,
        nodes(settings("a", server.port), settings("b", way.port), most_unsent=50, gone_after=30.0) as (a, b),
    ):
        way.cut()
        await b.cut_off()
        now = time.time()
        answers = [SharedAnswer(key(number), COMPLIANT, now) for number in range(200)]
        for shared in answers:
            await b.cluster.share_answer(shared.key, shared.answer, shared.at)
            assert b.cluster.state().unsent <= 50
        b.inbox.holdings = Holdings(answers)
        way.mend()
        await until(lambda: len(a.inbox.newest) == 200)
        assert b.inbox.asked_for_everything == 2


def test_more_than_the_outbox_holds_is_told_from_the_store(server: RealRedis) -> None:
    asyncio.run(_overflow(server))


def _hold(node: Node, now: float) -> None:
    name = node.cluster.node
    first = 100 * "ab".index(name)
    answers = [SharedAnswer(key(number), COMPLIANT, now + first) for number in range(first, first + 50)]
    node.inbox.holdings = Holdings(answers)
    node.inbox.holds(*[(f"{name}{number}", session(name)) for number in range(30)])


@pytest.mark.parametrize("how", ["killed", "flushed", "killed, data kept"])
def test_a_redis_that_starts_again(tmp_path: Path, how: str) -> None:
    server = RealRedis(tmp_path / "redis", persistent=how == "killed, data kept").start()

    async def run() -> None:
        async with nodes(settings("a", server.port), settings("b", server.port)) as (a, b):
            now = time.time()
            for number in range(300):  # more than will be told after it: the numbers begin anew
                await a.cluster.announce("before", str(number))
            await until(lambda: len(b.inbox.notices) == 300)
            _hold(a, now)
            _hold(b, now)
            old = server.ask("HGET", "mdm:server", "epoch")
            if how == "flushed":
                server.ask("FLUSHALL")
            else:
                server.send(signal.SIGKILL)
                await a.cut_off()
                server.start()
            for node, other in ((a, b), (b, a)):
                await until(lambda node=node: node.inbox.asked_for_everything == 2)
                await until(lambda node=node: len(node.inbox.newest) >= 50)
                assert {shared.key for shared in other.inbox.holdings.answers} <= set(node.inbox.newest)
                await node.sees(other.cluster.node)
                await node.sent()
                assert len(node.lines("cluster_redis_renewed")) == 1
                assert node.lines("cluster_peer_gone") == []  # a heartbeat that is late only
            assert server.ask("HGET", "mdm:server", "epoch") != old
            await until(lambda: server.ask("HLEN", "mdm:sessions") == 60)
            assert (server.ask("SCARD", "mdm:of:a"), server.ask("SCARD", "mdm:of:b")) == (30, 30)
            # Notices go on where they were.
            await a.cluster.announce("still", "here")
            await until(lambda: b.inbox.notices[300:] == [("still", "here", "a")])

    try:
        asyncio.run(run())
    finally:
        server.end()


async def _defective_inbox(server: RealRedis) -> None:
    async with nodes(settings("a", server.port), settings("b", server.port)) as (a, b):
        b.inbox.error = RuntimeError("a defect of the test")
        await a.cluster.share_answer(key(1), COMPLIANT, time.time())
        await until(lambda: b.lines("defect"))
        assert "a defect of the test" in b.lines("defect")[0]
        b.inbox.error = None
        await a.cluster.share_answer(key(2), COMPLIANT, time.time())
        await until(lambda: key(2) in b.inbox.newest)
        assert b.cluster.state().mode is ClusterMode.JOINED


def test_a_defect_in_the_inbox_ends_nothing(server: RealRedis) -> None:
    asyncio.run(_defective_inbox(server))


async def _peers(server: RealRedis) -> None:
    async with nodes(*[settings(name, server.port) for name in "abc"]) as (a, b, c):
        await b.cluster.put_session(session("b"), "one")
        await until(
            lambda: [(p.name, p.alive, p.sessions) for p in a.cluster.state().peers] == [("b", True, 1), ("c", True, 0)]
        )
        assert sorted(a.inbox.peers) == [("b", True), ("c", True)]
        await c.cluster.close()
        await a.sees("b")
        await until(lambda: a.inbox.peers[-1] == ("c", False))
        state = a.cluster.state()
        assert (state.mode, state.node, state.reason, state.redis) == (
            ClusterMode.JOINED,
            "a",
            "",
            f"127.0.0.1:{server.port}",
        )
        assert abs(state.clock_skew) < 1
        assert a.lines("cluster_clock") == []
        async with nodes(settings("c", server.port), joined=False):
            await until(lambda: a.inbox.peers[-1] == ("c", True))


def test_peers_come_and_go(server: RealRedis) -> None:
    asyncio.run(_peers(server))


async def _evicting(server: RealRedis) -> None:
    server.ask("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    async with nodes(settings("a", server.port)) as (a,):
        (line,) = a.lines("cluster_redis_evicts")
        assert "policy=allkeys-lru" in line
    server.ask("CONFIG", "SET", "maxmemory-policy", "noeviction")
    async with nodes(settings("a", server.port)) as (a,):
        assert a.lines("cluster_redis_evicts") == []


def test_a_redis_that_may_forget_by_itself_is_warned_of(server: RealRedis) -> None:
    asyncio.run(_evicting(server))


async def _share(server: RealRedis) -> None:
    """Two MDM servers, x and y. Expected: 0.9 by endpoints and 0.1 evenly among the nodes that have some."""
    of_a, of_b = {"x": 0, "y": 0}, {"x": 0, "y": 0}
    async with relay(server.port) as way, nodes(settings("a", server.port), joined=False) as (a,):
        a.cluster.tell_load(lambda: of_a)

        def shares(name: str) -> tuple[float, float]:
            return round(a.cluster.share(name), 6), round(b.cluster.share(name), 6)

        assert a.cluster.share("x") == 0.0  # nobody can know yet
        await until(lambda: a.cluster.share("x") == 1.0)
        async with nodes(settings("b", way.port), joined=False) as (b,):
            b.cluster.tell_load(lambda: of_b)
            await until(lambda: shares("x") == (0.5, 0.5))
            await a.cluster.put_session(session("a"), "a0")  # a session says nothing about its endpoint
            of_a["x"] = 20_000
            await until(lambda: shares("x") == (1.0, 0.0))
            of_b["y"] = 1000
            await until(lambda: shares("y") == (0.0, 1.0))
            assert shares("x") == (1.0, 0.0)
            of_a["y"] = 3000
            await until(lambda: shares("y") == (0.725, 0.275))
            way.cut()
            await until(lambda: shares("y") == (1.0, 1.0))  # b is on its own, a sees it gone
            way.mend()
            await b.joined()
            await until(lambda: shares("y") == (0.725, 0.275))


def test_its_share_of_the_rate(server: RealRedis) -> None:
    asyncio.run(_share(server))


async def _versions(server: RealRedis) -> None:
    """During an update: `old` tells no load, as an mdmd that knows of none, whose row and sessions are as ever."""
    async with nodes(settings("new", server.port), joined=False) as (new,):
        new.cluster.tell_load(lambda: {"x": 30})
        await until(lambda: new.cluster.share("x") == 1.0)
        assert server.ask("HGET", "mdm:load", "new").endswith(' {"x":30}')
        server.ask("SADD", "mdm:of:old", *(f"s{number}" for number in range(10)))
        now = int(time.time() * 1000) + 60_000  # alive for as long as the test lasts
        server.ask("HSET", "mdm:nodes", "old", f"{now} 1 1234567890ab")
        # 0.9 * 30/40 + 0.1/2; and 10 sessions count as 10 endpoints of a server of which this node has none.
        await until(lambda: round(new.cluster.share("x"), 6) == 0.725)
        assert new.cluster.share("y") == 0.0
        # It was a new one before, and went back: what that one told counts no more.
        server.ask("HSET", "mdm:load", "old", 'ba0987654321 {"x":90}')
        for _ in range(2):  # the second one begins when the first one's reply has been read
            before = server.ask("HGET", "mdm:nodes", "new")
            await until(lambda before=before: server.ask("HGET", "mdm:nodes", "new") > before)
        assert round(new.cluster.share("x"), 6) == 0.725
        server.ask("HSET", "mdm:load", "old", '1234567890ab {"x":90}')
        await until(lambda: round(new.cluster.share("x"), 6) == 0.275)
        # What an mdmd of an earlier version takes its own row for, to the letter.
        assert re.fullmatch(r"\d+ \d+ \S+", server.ask("HGET", "mdm:nodes", "new"))


def test_nodes_of_two_versions(server: RealRedis) -> None:
    asyncio.run(_versions(server))
