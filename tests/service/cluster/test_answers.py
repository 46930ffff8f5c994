"""Answers of MDM servers, shared through a real Redis."""

from __future__ import annotations

import asyncio
import random
import time

from freeradius_mdm.service.cluster.protocol import SharedAnswer
from tests.service.fakes import until
from tests.store.samples import COMPLIANT, NONCOMPLIANT, key

from .nodes import KEEP, nodes
from .real_redis import RealRedis, settings


async def _one_answer_serves_all(server: RealRedis) -> None:
    async with nodes(*[settings(name, server.port) for name in "abc"]) as (a, b, c):
        at = time.time()
        await a.cluster.share_answer(key(), COMPLIANT, at)
        for other in (b, c):
            await until(lambda other=other: other.inbox.got)
            assert other.inbox.got == [SharedAnswer(key(), COMPLIANT, at, "a")]
            assert other.cluster.state().lag < 5
        assert a.inbox.got == []  # nobody is told what he said himself
        assert await b.cluster.newer_answer(key(), at - 1) == SharedAnswer(key(), COMPLIANT, at, "a")
        assert await b.cluster.newer_answer(key(), at) is None
        assert await b.cluster.newer_answer(key(2), 0) is None


def test_one_answer_serves_all(server: RealRedis) -> None:
    asyncio.run(_one_answer_serves_all(server))


async def _the_one_given_last_wins(server: RealRedis) -> None:
    async with nodes(*[settings(name, server.port) for name in "abc"]) as made:
        now = time.time()
        moments = [now - number for number in range(60)]
        random.Random(4).shuffle(moments)  # noqa: S311
        last = now + 0.5
        for number, at in enumerate([*moments, last, *moments]):
            answer = NONCOMPLIANT if at == last else COMPLIANT
            await made[number % 3].cluster.share_answer(key(), answer, at)
            await asyncio.sleep(0)
        for node in made:
            await node.sent()
            newest = await node.cluster.newer_answer(key(), 0)
            assert newest is not None
            assert (newest.answer, newest.at) == (NONCOMPLIANT, last)
        # An older one that came later is told to nobody.
        assert len([shared for node in made for shared in node.inbox.got]) < 2 * 2 * len(moments)


def test_the_one_given_last_wins_in_whatever_order(server: RealRedis) -> None:
    asyncio.run(_the_one_given_last_wins(server))


async def _answers_expire(server: RealRedis) -> None:
    async with nodes(settings("a", server.port)) as (a,):
        now = time.time()
        await a.cluster.share_answer(key(1), COMPLIANT, now - 600)
        await a.cluster.share_answer(key(2), COMPLIANT, now - KEEP - 1)  # of no use to anybody any more
        await a.sent()
        names = server.client().keys("mdm:a:*")
        assert names == [f"mdm:a:{key(1)}"]
        assert KEEP - 610 < server.client().pttl(names[0]) / 1000 <= KEEP - 600


def test_answers_expire(server: RealRedis) -> None:
    asyncio.run(_answers_expire(server))


async def _one_node_asks(server: RealRedis) -> None:
    async with nodes(*[settings(name, server.port) for name in "abc"]) as made:
        first = await asyncio.gather(*[node.cluster.may_ask(key(), 60) for node in made])
        assert sorted(first) == [False, False, True]
        (asker,) = [node for node, may in zip(made, first, strict=True) if may]
        (other, *_) = [node for node, may in zip(made, first, strict=True) if not may]
        assert await asker.cluster.may_ask(key(), 60)  # its own flight is no obstacle to it
        assert await other.cluster.may_ask(key(2), 60)  # nor is it to another key
        await asker.cluster.answer_failed(key())
        await asker.sent()
        assert await other.cluster.may_ask(key(), 60)
        assert not await asker.cluster.may_ask(key(), 60)
        await other.cluster.share_answer(key(), COMPLIANT, time.time())
        await other.sent()
        assert await asker.cluster.may_ask(key(), 0.05)

        async def may() -> bool:
            return await other.cluster.may_ask(key(), 60)

        while not await may():  # whoever asks and dies is not waited for longer than its time
            await asyncio.sleep(0.01)


def test_one_node_asks(server: RealRedis) -> None:
    asyncio.run(asyncio.wait_for(_one_node_asks(server), 15))


async def _what_is_no_answer_is_not_believed(server: RealRedis) -> None:
    client = server.client()
    client.set(f"mdm:a:{key(1)}", "1700000000.0 Registered Compliant True - a; permit")
    client.set("mdm:a:not-a-key", "1700000000.0 Registered Compliant True - a")
    client.set(f"mdm:a:{key(3)}", b"\xff\xfe")
    client.set(f"mdm:a:{key(4)}", "1700000000.0 Registered Compliant True - a")
    async with nodes(settings("b", server.port)) as (b,):
        assert [shared.key for shared in b.inbox.got] == [key(4)]
        assert await b.cluster.newer_answer(key(1), 0) is None
        assert len(b.lines("cluster_answer_unreadable")) == 1  # however many there are


def test_what_is_no_answer_is_not_believed(server: RealRedis) -> None:
    asyncio.run(_what_is_no_answer_is_not_believed(server))
