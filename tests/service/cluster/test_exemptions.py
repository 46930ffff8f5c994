"""Exemptions through a real Redis: told, caught up after a cut, and told anew to a Redis that is empty."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from freeradius_mdm.exemption import Exemption
from freeradius_mdm.service.cluster.protocol import Holdings, SharedExemption
from freeradius_mdm.service.shared_exemptions import encode, shared
from tests.service.fakes import until
from tests.store.samples import key

from .nodes import Node, nodes
from .real_redis import RealRedis, settings
from .relay import relay

NOW = time.time()
ONE = Exemption("00000000000a", key(1), "Employee", "alice", "replacement ordered", NOW, NOW + 3600)
ENDED = replace(ONE, ended_at=NOW + 60, ended_by="bob", end_reason="device replaced")
OTHER = Exemption("00000000000b", key(2), "Employee", "bob", "Ümläut, and a blank", NOW, NOW + 3600)


def stored(server: RealRedis) -> dict[str, str]:
    """Each exemption's text in Redis, by its id."""
    found = server.ask("HGETALL", "mdm:exemptions")
    flat = list(found.items()) if isinstance(found, dict) else list(zip(found[::2], found[1::2], strict=True))
    return {_text(id_): _text(value).split(" ", 2)[2] for id_, value in flat}


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


async def put(node: Node, *exemptions: Exemption) -> None:
    for each in exemptions:
        await node.cluster.put_exemption(shared(each))
    await node.sent()


def texts(*exemptions: Exemption) -> list[str]:
    return [encode(each) for each in exemptions]


def test_told_once_and_the_later_change_stays(server: RealRedis) -> None:
    async def run() -> None:
        async with nodes(settings("a", server.port), settings("b", server.port)) as (a, b):
            await put(a, ONE)
            await until(lambda: b.inbox.exempted == texts(ONE))
            assert a.inbox.exempted == []  # it knows
            await put(b, ENDED)
            await until(lambda: a.inbox.exempted == texts(ENDED))
            await put(a, ONE)  # older: nobody is told
            await put(a, ENDED)  # the same
            await put(a, OTHER)
            await until(lambda: b.inbox.exempted == texts(ONE, OTHER))
            assert stored(server) == {ONE.id: encode(ENDED), OTHER.id: encode(OTHER)}

    asyncio.run(run())


def test_who_comes_later_is_told_everything(server: RealRedis) -> None:
    async def run() -> None:
        async with nodes(settings("a", server.port)) as (a,):
            await put(a, ENDED, OTHER)
            async with nodes(settings("b", server.port), joined=False) as (b,):
                await until(lambda: b.inbox.asked_for_everything)
                assert sorted(b.inbox.exempted) == sorted(texts(ENDED, OTHER))

    asyncio.run(run())


def test_made_on_both_sides_of_a_cut(server: RealRedis) -> None:
    async def run() -> None:
        async with (
            relay(server.port) as way,
            nodes(settings("a", server.port), settings("b", way.port), gone_after=30.0) as (a, b),
        ):
            await put(a, ONE)
            await until(lambda: b.inbox.exempted == texts(ONE))
            way.cut()
            await b.cut_off()
            await b.cluster.put_exemption(shared(ENDED))
            await b.cluster.put_exemption(shared(OTHER))
            await put(a, replace(OTHER, id="00000000000c"))
            way.mend()
            await until(lambda: a.inbox.exempted == texts(ENDED, OTHER))
            await until(lambda: b.inbox.exempted == texts(ONE, replace(OTHER, id="00000000000c")))

    asyncio.run(run())


def test_a_redis_that_was_emptied_is_told_anew(tmp_path: Path) -> None:
    server = RealRedis(tmp_path / "redis").start()

    def holds(node: Node, *exemptions: Exemption) -> None:
        told: Sequence[SharedExemption] = [shared(each) for each in exemptions]
        node.inbox.holdings = Holdings(exemptions=told)

    async def run() -> None:
        async with nodes(settings("a", server.port), settings("b", server.port)) as (a, b):
            holds(a, ENDED)
            holds(b, ONE, OTHER)  # b has not heard of the end
            server.ask("FLUSHALL")
            await until(lambda: a.inbox.asked_for_everything == b.inbox.asked_for_everything == 2)
            await until(lambda: stored(server) == {ONE.id: encode(ENDED), OTHER.id: encode(OTHER)})
            await until(lambda: encode(ENDED) in b.inbox.exempted and encode(OTHER) in a.inbox.exempted)

    try:
        asyncio.run(run())
    finally:
        server.end()


def test_what_is_long_over_is_forgotten(server: RealRedis) -> None:
    async def run() -> None:
        async with nodes(settings("a", server.port)) as (a,):
            old = SharedExemption("00000000000d", "old", NOW - 9000, NOW - 1)
            await a.cluster.put_exemption(old)
            await put(a, ONE)
            await until(lambda: stored(server) == {ONE.id: encode(ONE)})

    asyncio.run(run())
