"""Sessions of a node that is gone: each goes to exactly one survivor, and comes home when its node is back."""

from __future__ import annotations

import asyncio

from freeradius_mdm.service.cluster.protocol import Orphan
from tests.service.fakes import DEADLINE, until

from .nodes import Node, nodes, session
from .real_redis import RealRedis, settings


async def all_orphans(node: Node, count: int) -> list[Orphan]:
    """Ask for orphans, and take each, until that many have come."""
    found: dict[str, Orphan] = {}
    async with asyncio.timeout(DEADLINE):
        while len(found) < count:
            for orphan in await node.cluster.orphaned():
                found[orphan.id] = orphan
                await node.cluster.put_session(orphan.json, orphan.id)
            await asyncio.sleep(0.01)
    await node.sent()
    return list(found.values())


async def _survivors_share(server: RealRedis) -> None:
    async with nodes(*[settings(name, server.port) for name in "abc"]) as (a, b, c):
        for number in range(700):
            await a.cluster.put_session(session("a", number=number), f"a{number}")
        await b.cluster.put_session(session("b"), "b0")
        await a.sent()
        await b.sent()
        assert await b.cluster.orphaned() == []
        await a.cluster.close()
        await until(lambda: b.inbox.peers[-1] == ("a", False) and c.inbox.peers[-1] == ("a", False))
        taken: dict[str, list[str]] = {"b": [], "c": []}
        async with asyncio.timeout(DEADLINE):
            while sum(map(len, taken.values())) < 700:
                found = await asyncio.gather(b.cluster.orphaned(), c.cluster.orphaned())
                for node, orphans in zip((b, c), found, strict=True):
                    for orphan in orphans:
                        assert orphan.node == "a"
                        assert orphan.json == session("a", number=int(orphan.id[1:]))
                        await node.cluster.put_session(orphan.json, orphan.id)
                        taken[node.cluster.node].append(orphan.id)
                await asyncio.sleep(0.01)
        await b.sent()
        await c.sent()
        assert sorted(taken["b"] + taken["c"]) == sorted(f"a{number}" for number in range(700))  # each once
        assert taken["b"]
        assert taken["c"]
        assert await b.cluster.orphaned() == await c.cluster.orphaned() == []
        assert len(b.lines("cluster_peer_gone")) == 1


def test_each_session_goes_to_one_survivor(server: RealRedis) -> None:
    asyncio.run(_survivors_share(server))


async def _survivor_dies_too(server: RealRedis) -> None:
    async with nodes(*[settings(name, server.port) for name in "abc"]) as (a, b, c):
        await a.cluster.put_session(session("a"), "a0")
        await a.sent()
        await a.cluster.close()
        await until(lambda: b.inbox.peers[-1] == ("a", False))
        await until_given(b)
        await b.cluster.close()  # given to it, and not acknowledged
        assert await all_orphans(c, 1) == [Orphan("b", "a0", session("a"))]


async def until_given(node: Node) -> None:
    async with asyncio.timeout(DEADLINE):
        while not await node.cluster.orphaned():
            await asyncio.sleep(0.01)


def test_a_survivor_that_dies_before_it_has_taken_over(server: RealRedis) -> None:
    asyncio.run(_survivor_dies_too(server))


async def _home_again(server: RealRedis) -> None:
    async with nodes(settings("a", server.port), settings("b", server.port)) as (a, b):
        for id_ in ("kept", "ended"):
            await a.cluster.put_session(session("a", coa=None), id_)
        await a.sent()
        await a.cluster.close()
        await until(lambda: b.inbox.peers[-1] == ("a", False))
        assert {orphan.id for orphan in await all_orphans(b, 2)} == {"kept", "ended"}
        await b.cluster.put_session(session("a", coa="acked"), "kept")
        await b.cluster.drop_session("ended")
        await b.sent()
        async with nodes(settings("a", server.port), joined=False) as (again,):
            again.inbox.holds(("kept", session("a", coa=None)), ("ended", session("a", coa=None)))
            await until(lambda: again.inbox.ended == [("ended", "b")])
            await until(lambda: again.inbox.asked_for_everything)
            # What the survivor knows comes back to be merged; what a itself told since does not overwrite that.
            (orphan,) = await all_orphans(again, 1)
            assert orphan == Orphan("b", "kept", session("a", coa="acked"))
            await until(lambda: b.inbox.moved == [("kept", "a")])
            assert await again.cluster.orphaned() == []
            assert server.ask("HGET", "mdm:sessions", "kept") == "a a " + session("a", coa="acked")
            # The survivor's word counts no longer.
            await b.cluster.put_session(session("a", coa="late"), "kept")
            await until(lambda: b.inbox.moved == [("kept", "a"), ("kept", "a")])
            assert server.ask("HGET", "mdm:sessions", "kept") == "a a " + session("a", coa="acked")
            assert server.ask("SMEMBERS", "mdm:of:b") == set()


def test_given_back_when_the_node_returns(server: RealRedis) -> None:
    asyncio.run(_home_again(server))


async def _signs_in_elsewhere(server: RealRedis) -> None:
    async with nodes(settings("a", server.port), settings("b", server.port)) as (a, b):
        await a.cluster.put_session(session("a", vlan=20), "one")
        await a.sent()
        await b.cluster.put_session(session("b", vlan=30), "one")  # the network device asked b this time
        await until(lambda: a.inbox.moved == [("one", "b")])
        assert server.ask("HGET", "mdm:sessions", "one") == "b b " + session("b", vlan=30)
        # b hears what a knew of it.
        assert await all_orphans(b, 1) == [Orphan("a", "one", session("a", vlan=20))]
        # Accounting's stop arrives at a.
        await a.cluster.drop_session("one")
        await until(lambda: b.inbox.ended == [("one", "a")])
        await until(lambda: server.ask("EXISTS", "mdm:ended:b") == 0)
        assert server.ask("HLEN", "mdm:sessions") == 0
        assert b.inbox.ended == [("one", "a")]


def test_a_session_that_reauthenticates_on_another_node(server: RealRedis) -> None:
    asyncio.run(_signs_in_elsewhere(server))


async def _knows_an_older_state(server: RealRedis) -> None:
    # a was away; b took its session over, and authorized it when the network device asked there.
    newer = session("b", reauthorized_at=1_700_000_600.5)
    async with nodes(settings("a", server.port), settings("b", server.port)) as (a, b):
        await b.cluster.put_session(newer, "one")
        await b.sent()
        await a.cluster.put_session(session("a", reauthorized_at=1_700_000_000.5), "one")
        await until(lambda: a.inbox.moved == [("one", "b")])
        assert server.ask("HGET", "mdm:sessions", "one") == "b b " + newer
        assert b.inbox.moved == []
        # Then the network device asks a again.
        newest = session("a", reauthorized_at=1_700_001_200.5)
        await a.cluster.put_session(newest, "one")
        await until(lambda: b.inbox.moved == [("one", "a")])
        assert server.ask("HGET", "mdm:sessions", "one") == "a a " + newest


def test_a_node_that_returns_does_not_take_back_what_another_has_authorized_since(server: RealRedis) -> None:
    asyncio.run(_knows_an_older_state(server))


async def _lost_store(server: RealRedis) -> None:
    async with nodes(settings("a", server.port)) as (a,):
        for id_ in ("one", "two"):
            await a.cluster.put_session(session("a"), id_)
        await a.sent()
    async with nodes(settings("a", server.port), joined=False) as (a,):
        a.inbox.holds(("one", session("a")))
        await until(lambda: a.inbox.asked_for_everything)
        assert await all_orphans(a, 1) == [Orphan("a", "two", session("a"))]


def test_a_node_that_lost_its_store_gets_its_sessions_back(server: RealRedis) -> None:
    asyncio.run(_lost_store(server))


async def _same_name(server: RealRedis) -> None:
    async with nodes(settings("a", server.port)) as (older,), nodes(settings("a", server.port)) as (younger,):
        await older.cut_off()
        assert "another mdmd calls itself 'a'" in older.cluster.state().reason
        (line,) = older.lines("cluster_cut_off")
        assert "node of its own" in line
        await younger.joined()
        assert younger.lines("cluster_cut_off") == []


def test_two_nodes_of_one_name(server: RealRedis) -> None:
    asyncio.run(_same_name(server))
