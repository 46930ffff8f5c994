"""Who asks an MDM server when several nodes want to know, and how little a Redis of no use delays that."""

from __future__ import annotations

import asyncio
import io
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

from freeradius_mdm.service.cluster.protocol import ClusterMode
from freeradius_mdm.service.events import EventLog
from freeradius_mdm.service.recorder import Recorder
from freeradius_mdm.service.single_flight import SingleFlight
from freeradius_mdm.store.read import StoreReader
from freeradius_mdm.store.write import StoreWriter
from tests.store.samples import COMPLIANT, NONCOMPLIANT, key

from .cluster.nodes import Node, nodes
from .cluster.real_redis import RealRedis, settings
from .fakes import server

MOST = 0.05  # seconds that a dead Redis may cost an authentication


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RealRedis]:
    made = RealRedis(tmp_path / "redis").start()
    yield made
    made.end()


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[StoreWriter]:
    made = StoreWriter(tmp_path / "state")
    yield made
    made.close()


def flight(node: Node, writer: StoreWriter, tmp_path: Path) -> SingleFlight:
    recorder = Recorder(writer, EventLog(node.log, time.time))
    return SingleFlight(node.cluster, recorder, StoreReader(tmp_path / "state" / "store.sqlite"), time.time)


def test_redis_that_says_nothing_costs_little(redis: RealRedis, writer: StoreWriter, tmp_path: Path) -> None:
    """The one call that finds it out, and those behind it. The best of three: the machine may be busy."""

    async def whole() -> None:
        first: list[float] = []
        for number in range(3):
            async with nodes(settings("one", redis.port)) as (one,):
                asking = flight(one, writer, tmp_path)
                redis.send(signal.SIGSTOP)
                began = time.monotonic()
                assert not await asking.answered(server(), key(number), lambda: 5.0)
                first.append(time.monotonic() - began)
                later: list[float] = []
                for other in range(20):
                    began = time.monotonic()
                    assert not await asking.answered(server(), key(other), lambda: 5.0)
                    later.append(time.monotonic() - began)
                assert median(later) < MOST / 4, later
                redis.send(signal.SIGCONT)
        assert min(first) < MOST, first

    asyncio.run(whole())


def test_redis_that_died(redis: RealRedis, writer: StoreWriter, tmp_path: Path) -> None:
    async def whole() -> None:
        async with nodes(settings("one", redis.port)) as (one,):
            asking = flight(one, writer, tmp_path)
            redis.end()
            await one.cut_off()
            assert one.cluster.state().mode is ClusterMode.CUT_OFF
            began = time.monotonic()
            assert not await asking.answered(server(), key(), lambda: 5.0)
            assert time.monotonic() - began < MOST

    asyncio.run(whole())


def test_waits_half_of_what_an_authentication_does(redis: RealRedis, writer: StoreWriter, tmp_path: Path) -> None:
    """Another node asks and says nothing more: the question is asked here, while somebody still waits for it."""

    async def whole() -> None:
        async with nodes(settings("one", redis.port), settings("two", redis.port)) as (one, two):
            assert await two.cluster.may_ask(key(), 60)
            began = time.monotonic()
            assert not await flight(one, writer, tmp_path).answered(server(), key(), lambda: 1.0)
            assert 0.45 < time.monotonic() - began < 1.0

    asyncio.run(whole())


def test_recheck_does_not_take_an_old_answer(redis: RealRedis, writer: StoreWriter, tmp_path: Path) -> None:
    """An authentication does: one that is not due serves it, whoever had asked."""

    async def whole() -> None:
        async with nodes(settings("one", redis.port), settings("two", redis.port)) as (one, two):
            asking = flight(one, writer, tmp_path)
            await two.cluster.share_answer(key(), COMPLIANT, time.time() - 600)
            await two.sent()
            assert not await asking.answered(server(), key(), lambda: None)
            await asking.failed(key())
            await two.cluster.share_answer(key(2), COMPLIANT, time.time() - 600)
            await two.sent()
            assert await asking.answered(server(), key(2), lambda: 5.0)
            # Its permission was given back.
            await one.sent()
            assert await two.cluster.may_ask(key(2), 60)
            # One that is due serves nobody.
            await two.cluster.share_answer(key(3), COMPLIANT, time.time() - 14400)
            await two.sent()
            assert not await asking.answered(server(), key(3), lambda: 5.0)

    asyncio.run(whole())


def test_what_another_node_was_told_never_replaces_something_newer(tmp_path: Path, writer: StoreWriter) -> None:
    recorder = Recorder(writer, EventLog(io.StringIO(), time.time))
    reader = StoreReader(tmp_path / "state" / "store.sqlite")
    told, own = [], []
    recorder.on_answer.append(lambda *what: told.append(what))
    recorder.on_own.append(lambda *what: own.append(what))
    changed: list[object] = []
    recorder.on_change.append(lambda *what: changed.append(what))
    assert recorder.answer(key(), COMPLIANT, 100.0)
    assert not recorder.take(key(), NONCOMPLIANT, 99.0)
    assert not recorder.take(key(), NONCOMPLIANT, 100.0)
    record = reader.record(key())
    assert record is not None
    assert (record.answer, record.answered_at) == (COMPLIANT, 100.0)
    assert recorder.take(key(), NONCOMPLIANT, 101.0)
    record = reader.record(key())
    assert record is not None
    assert (record.answer, record.answered_at) == (NONCOMPLIANT, 101.0)
    assert told == [(key(), COMPLIANT, 100.0), (key(), NONCOMPLIANT, 101.0)]
    assert own == [(key(), COMPLIANT, 100.0)]
    assert changed == [(key(), None, COMPLIANT, 100.0), (key(), COMPLIANT_WITHOUT_MACS, NONCOMPLIANT, 101.0)]
    # Even one that only failed so far is taken.
    assert recorder.failure(key(2), "M1211 connection refused", 200.0)
    assert recorder.take(key(2), COMPLIANT, 150.0)


COMPLIANT_WITHOUT_MACS = type(COMPLIANT)(COMPLIANT.registration, COMPLIANT.compliance, COMPLIANT.managed)
