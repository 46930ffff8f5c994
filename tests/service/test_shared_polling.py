"""Which node polls, with a real Redis that stumbles and then dies."""

from __future__ import annotations

import asyncio
import io
import signal
import time
from pathlib import Path

from freeradius_mdm.service.events import EventLog
from freeradius_mdm.service.shared_polling import SharedPolling
from freeradius_mdm.store.query import StoreQueries

from .cluster.nodes import KEEP, Node, nodes
from .cluster.real_redis import RealRedis, settings
from .fakes import DEADLINE

TTL = 0.6


def polling(node: Node, directory: Path) -> SharedPolling:
    events = EventLog(io.StringIO(), time.time)
    queries = StoreQueries(directory / "store.sqlite")
    return SharedPolling(node.cluster, TTL, queries, lambda _: KEEP, events, time.time, time.monotonic)


async def _becomes_mine(which: SharedPolling) -> None:
    end = time.monotonic() + DEADLINE
    while not await which.mine("intune"):
        assert time.monotonic() < end
        await asyncio.sleep(0.02)


def test_a_late_reply_is_no_reason_to_poll_as_well(tmp_path: Path) -> None:
    async def whole() -> None:
        redis = RealRedis(tmp_path / "redis").start()
        try:
            async with nodes(settings("one", redis.port), settings("two", redis.port)) as (one, two):
                first, second = polling(one, tmp_path), polling(two, tmp_path)
                await _becomes_mine(first)
                assert not await second.mine("intune")
                redis.send(signal.SIGSTOP)
                assert not await second.mine("intune")  # nobody answers: not yet alone
                assert not second.still_mine("intune")
                # Long enough for the lease to have run out.
                await two.cut_off()
                began = time.monotonic()
                await _becomes_mine(second)
                assert time.monotonic() - began > TTL / 2
                assert second.still_mine("intune")
                redis.send(signal.SIGCONT)
        finally:
            redis.end()

    asyncio.run(whole())
