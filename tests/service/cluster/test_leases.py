"""Leases and orders with a real Redis: never two, and somebody soon again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from tests.service.fakes import DEADLINE

from .nodes import Node, nodes
from .real_redis import RealRedis, settings


async def eventually(ask: Callable[[], Awaitable[bool]]) -> None:
    """Ask until it is so, with a deadline."""
    async with asyncio.timeout(DEADLINE):
        while not await ask():
            await asyncio.sleep(0.005)


async def _poll(node: Node, ttl: float = 0.3) -> bool:
    return await node.cluster.hold("poll:intune", ttl, alone=False)


async def _never_two(server: RealRedis) -> None:
    async with nodes(*[settings(name, server.port) for name in "abc"]) as made:
        a, *_ = made
        await eventually(lambda: _poll(a))
        token = a.cluster.token("poll:intune")
        assert token > 0
        end = time.monotonic() + 1.0  # more than three times the lease's time, renewed by its holder
        while time.monotonic() < end:
            said = await asyncio.gather(*map(_poll, made))
            assert said == [True, False, False]
            assert [node.cluster.holds("poll:intune") for node in made] == [True, False, False]
        assert a.cluster.token("poll:intune") == token  # the same hold on it all the time
        assert await made[1].cluster.hold("poll:other", 0.0001, alone=False) in (True, False)


def test_one_holds_a_lease_and_renews_it(server: RealRedis) -> None:
    asyncio.run(_never_two(server))


async def _contended(server: RealRedis) -> None:
    async with nodes(*[settings(name, server.port) for name in "abc"]) as made:
        holders: list[tuple[int, str]] = []
        while len({token for token, _ in holders}) < 4:  # nobody renews: each time another contest
            said = await asyncio.gather(*[_poll(node, 0.3) for node in made])
            assert said.count(True) <= 1
            held = [(node.cluster.token("poll:intune"), node.cluster.node) for node in made if _holds(node)]
            assert len(held) <= 1
            holders += held
            await eventually(lambda: _none_holds(made))
        assert holders == sorted(holders)  # the fencing token only ever grows
        assert len(set(holders)) == len(dict(holders))  # and is one node's alone


def _holds(node: Node) -> bool:
    return node.cluster.holds("poll:intune") and node.cluster.token("poll:intune") > 0


async def _none_holds(made: list[Node]) -> bool:
    return not any(node.cluster.holds("poll:intune") for node in made)


def test_contended_leases_have_growing_tokens(server: RealRedis) -> None:
    asyncio.run(_contended(server))


async def _let_go_at_the_end(server: RealRedis) -> None:
    async with nodes(settings("a", server.port), settings("b", server.port)) as (a, b):
        await eventually(lambda: _poll(a))
        assert await _poll(a, 3600)
        await a.cluster.close()
        assert await _poll(b, 0.2)  # at once: not after an hour


def test_a_lease_is_let_go_at_the_end(server: RealRedis) -> None:
    asyncio.run(_let_go_at_the_end(server))


async def _forgotten_lease(server: RealRedis) -> None:
    ttl = 1.5
    async with nodes(settings("a", server.port), settings("b", server.port)) as (a, b):
        await eventually(lambda: _poll(a, ttl))
        token = a.cluster.token("poll:intune")
        server.ask("FLUSHALL")
        # Redis has forgotten a's lease, and a still counts on it: b must not get it before it has run out.
        await asyncio.gather(*[eventually(lambda node=node: _step(node, 2)) for node in (a, b)])
        while a.cluster.holds("poll:intune"):
            assert not await _poll(b, ttl)
        await eventually(lambda: _poll(b, ttl))
        assert b.cluster.token("poll:intune") > token
        assert not await _poll(a, ttl)
        # And the holder itself gets its own back at once.
        server.ask("FLUSHALL")
        await asyncio.gather(*[eventually(lambda node=node: _step(node, 3)) for node in (a, b)])
        before = b.cluster.token("poll:intune")
        if before:  # unless the machine was so busy that it has run out meanwhile
            assert await _poll(b, ttl)
            assert b.cluster.token("poll:intune") == before


async def _step(node: Node, times: int) -> bool:
    return node.inbox.asked_for_everything == times


def test_a_redis_that_forgets_a_lease_gives_it_to_nobody_else(server: RealRedis) -> None:
    asyncio.run(_forgotten_lease(server))


async def _claimed_once(server: RealRedis) -> None:
    async with nodes(*[settings(name, server.port) for name in "abc"]) as made:
        # At first nobody can know what Redis may have forgotten.
        assert await made[0].cluster.claim_order("first", 60, alone=True)
        assert not await made[0].cluster.claim_order("first", 60, alone=False)
        await eventually(lambda: made[0].cluster.claim_order("first", 60, alone=False))
        for number in range(50):
            said = await asyncio.gather(*[node.cluster.claim_order(f"coa-{number}", 60, alone=False) for node in made])
            assert said.count(True) == 1
        a, b, c = made
        assert await a.cluster.claim_order("coa", 60, alone=False)
        assert await a.cluster.claim_order("coa", 60, alone=False)  # a crash in between: it goes on with it
        assert not await b.cluster.claim_order("coa", 60, alone=False)
        await a.cluster.settle_order("coa", "acked")
        await a.sent()
        for node in (a, b, c):
            assert not await node.cluster.claim_order("coa", 60, alone=True)
        assert server.ask("GET", "mdm:order:coa") == "settled a acked"
        assert 86_000 < server.client().ttl("mdm:order:coa") <= 86_400  # remembered for a day


def test_an_order_is_claimed_once(server: RealRedis) -> None:
    asyncio.run(_claimed_once(server))


async def _claimer_dies(server: RealRedis) -> None:
    async with nodes(settings("a", server.port), settings("b", server.port)) as (a, b):
        await eventually(lambda: a.cluster.claim_order("coa", 0.2, alone=False))
        assert not await b.cluster.claim_order("coa", 0.2, alone=False)
        await eventually(lambda: b.cluster.claim_order("coa", 60, alone=False))
        assert not await a.cluster.claim_order("coa", 0.2, alone=False)


def test_an_order_whose_claimer_died_is_claimed_by_another(server: RealRedis) -> None:
    asyncio.run(_claimer_dies(server))


async def _results_are_told_again(server: RealRedis) -> None:
    async with nodes(settings("a", server.port), settings("b", server.port)) as (a, b):
        await eventually(lambda: a.cluster.claim_order("coa", 60, alone=False))
        await a.cluster.settle_order("coa", "acked")
        await a.sent()
        server.ask("FLUSHALL")
        while not await _step(a, 2):
            assert not await b.cluster.claim_order("coa", 60, alone=False)
        await a.sent()
        await eventually(lambda: b.cluster.claim_order("another", 60, alone=False))  # nobody waits any longer
        assert not await b.cluster.claim_order("coa", 60, alone=False)


def test_results_are_told_to_a_redis_that_has_forgotten_them(server: RealRedis) -> None:
    asyncio.run(_results_are_told_again(server))
