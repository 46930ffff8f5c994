"""Rechecks against real lookups and a real store: the rate, refusals, failures, newcomers, several servers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from freeradius_mdm.compliance import EndpointKey
from freeradius_mdm.config.model import Server
from freeradius_mdm.service.events import EventLog
from freeradius_mdm.service.recheck.runner import Recheck
from freeradius_mdm.store.read import StoreReader
from tests.service.fakes import AT, Bench, bench, down, server, until
from tests.store.samples import COMPLIANT, NONCOMPLIANT, key


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, 60))


def _later(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    loop.call_soon_threadsafe(call)


class Turns:
    """The runner's sleep: it looks again when it is told to."""

    def __init__(self) -> None:
        self._told = asyncio.Event()
        self._asleep = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        self._asleep.set()
        await self._told.wait()
        self._told.clear()

    def told(self) -> None:
        self._told.set()

    async def one(self) -> None:
        """Have it look once; returns when it sleeps again."""
        await self._asleep.wait()
        self._asleep.clear()
        self._told.set()
        await self._asleep.wait()


@dataclass
class Running:
    bench: Bench
    recheck: Recheck
    others: set[EndpointKey]
    turns: Turns
    shares: dict[str, float]  # of each server, 1 where none is named

    @property
    def asked(self) -> list[EndpointKey]:
        return self.bench.source.asked

    async def pass_time(self, seconds: float, step: float = 0.125) -> None:
        """Move the clock on; each step is seen by the runner, and what it asked for has been answered."""
        for _ in range(round(seconds / step)):
            self.bench.clock.now += step
            await self.settled()

    async def settled(self) -> None:
        await self.turns.one()
        await until(lambda: all(line.in_flight == 0 for line in self.recheck.health()))
        await asyncio.sleep(0)


@asynccontextmanager
async def running(directory: Path, *servers: Server) -> AsyncIterator[Running]:
    servers = servers or (server(),)
    async with bench(directory, *servers) as b:
        reader, others, stop = StoreReader(directory / "store.sqlite"), set[EndpointKey](), asyncio.Event()
        turns, shares = Turns(), dict[str, float]()
        recheck = Recheck(
            b.lookups,
            reader,
            EventLog(b.log, b.clock),
            b.clock,
            sleep=turns.sleep,
            mine=lambda which: which not in others,
            share=lambda name: shares.get(name, 1.0),
        )
        recheck.configure(servers)
        loop = asyncio.get_running_loop()
        b.recorder.on_answer.append(lambda which, _, at: _later(loop, lambda: recheck.answered(which, at)))
        task = asyncio.create_task(recheck.run(stop))
        try:
            yield Running(b, recheck, others, turns, shares)
        finally:
            stop.set()
            turns.told()
            b.source.gate.set()
            await task
            reader.close()


def test_a_session_s_device_is_asked_about_at_the_interval(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(tmp_path) as r:
            r.bench.writer.put_answer(key(1), NONCOMPLIANT, AT - 500)
            r.recheck.track(key(1), AT + 3600)
            await r.pass_time(200, step=2)
            assert r.asked == []
            await r.pass_time(202, step=2)
            assert r.asked == [key(1)]
            record = r.bench.reader.record(key(1))
            assert record is not None
            assert record.answer == COMPLIANT
            await r.pass_time(500, step=5)
            assert r.asked == [key(1)]
            r.recheck.forget(key(1))
            await r.pass_time(2000, step=20)
            assert r.asked == [key(1)]

    run(test())


def test_a_rate_of_0_asks_nothing_until_it_is_changed(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(tmp_path, server(recheck_rate=0.0)) as r:
            r.recheck.track(key(1), r.bench.clock.now + 600)
            await r.pass_time(2000, step=20)
            assert r.asked == []
            assert r.recheck.health() == []
            r.recheck.configure([server(recheck_rate=2.0)])
            await r.pass_time(20)
            assert r.asked == [key(1)]

    run(test())


def test_the_rate_is_shared_with_other_nodes(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(tmp_path, server(recheck_rate=4.0)) as r:
            r.shares["intune"] = 0.0  # not known yet
            for number in range(300):
                r.recheck.track(key(number), None)
            await r.pass_time(10)
            assert r.asked == []
            for share, least, most in ((0.25, 19, 21), (1.0, 78, 82), (0.5, 38, 42)):
                r.shares["intune"] = share
                await r.turns.one()
                before = len(r.asked)
                await r.pass_time(20)
                assert least <= len(r.asked) - before <= most, share
                assert r.recheck.health()[0].rate == 4 * share

    run(test())


def test_each_server_s_rate_is_shared_by_itself(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(tmp_path, server(recheck_rate=4.0), server("other", recheck_rate=4.0)) as r:
            r.shares.update(intune=0.25, other=1.0)
            for number in range(200):
                r.recheck.track(key(number), None)
                r.recheck.track(key(number, "other"), None)
            await r.pass_time(20)
            assert 19 <= len(r.asked) <= 21
            assert 78 <= len(r.bench.sources["other"].asked) <= 82
            assert [(line.server, line.rate) for line in r.recheck.health()] == [("intune", 1.0), ("other", 4.0)]

    run(test())


def test_what_other_nodes_are_told_to_share_by(tmp_path: Path) -> None:
    """Endpoints with a session, of each server that this node may ask; not sessions, not what it leaves to others."""

    async def test() -> None:
        intune, other = server(), server("other")
        async with running(tmp_path, intune, other) as r:
            assert r.recheck.load() == {"intune": 0, "other": 0}
            for which in (key(1), key(2), key(3), key(1, "other"), key(1, "nowhere")):
                r.recheck.track(which, None)
            r.recheck.track(key(1), AT + 3600)  # a second session, or another timer
            assert r.recheck.load() == {"intune": 3, "other": 1}
            r.recheck.forget(key(2))
            r.recheck.forget(key(2))
            r.recheck.forget(key(9))
            assert r.recheck.load() == {"intune": 2, "other": 1}
            r.recheck.configure([intune, server("other", recheck_rate=0.0)])
            assert r.recheck.load() == {"intune": 2}
            r.recheck.forget(key(1, "other"))
            r.recheck.track(key(2, "other"), None)
            r.recheck.track(key(3, "other"), None)
            r.recheck.configure([intune, other])
            assert r.recheck.load() == {"intune": 2, "other": 2}

    run(test())


def test_within_the_rate_and_told_in_health(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(tmp_path, server(recheck_rate=2.0)) as r:
            for number in range(100):
                r.recheck.track(key(number), None)
            await r.turns.one()
            before = len(r.asked)
            await r.pass_time(20)
            assert 38 <= len(r.asked) - before <= 42
            assert len(set(r.asked)) == len(r.asked)
            health = r.recheck.health()[0]
            assert (health.server, health.endpoints, health.rate) == ("intune", 100, 2.0)
            assert health.backlog == health.never_answered == 100 - len(r.asked)
            assert health.oldest_age is not None
            assert 19 < health.oldest_age < 21
            assert abs(health.queries_per_second - len(r.asked) / 60) < 0.001
            # Two minutes later they have all been asked, and nothing more is due.
            await r.pass_time(100)
            health = r.recheck.health()[0]
            assert (health.backlog, health.never_answered, health.queries_per_second) == (0, 0, 0.0)

    run(test())


def test_nothing_is_asked_while_the_breaker_is_open_and_the_order_stays(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(tmp_path) as r:
            r.bench.source.error = down()
            for number in (101, 102, 103):
                await r.bench.lookups.ask(key(number), 30)
            for number in range(5):
                r.bench.writer.put_answer(key(number), COMPLIANT, AT - 5000 + 1000 * number)
                r.recheck.track(key(number), None)
            asked = len(r.asked)
            await r.pass_time(4)
            assert len(r.asked) == asked
            assert r.recheck.health()[0].resting
            r.bench.source.error = None
            await r.pass_time(3)
            assert r.asked[asked:] == [key(number) for number in range(5)]

    run(test())


def test_who_is_refused_in_the_line_keeps_its_turn(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(tmp_path, server(max_concurrent=2)) as r:
            r.bench.source.error = down(10.0)
            r.bench.source.gate.clear()
            authentications = [asyncio.create_task(r.bench.lookups.ask(key(number), 30)) for number in (101, 102)]
            await until(lambda: len(r.asked) == 2)
            r.recheck.track(key(1), None)
            await r.turns.one()
            assert r.recheck.health()[0].in_flight == 1
            r.bench.source.gate.set()
            await asyncio.gather(*authentications)
            await r.settled()
            assert len(r.asked) == 2
            # It does not wait out a pause, as it would if it had been asked about in vain.
            r.bench.source.error = None
            await r.pass_time(10.5)
            assert r.asked[2:] == [key(1)]

    run(test())


def test_one_device_that_can_t_be_asked_about_does_not_hold_up_the_others(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(tmp_path) as r:
            r.bench.source.error = down(server_down=False)
            r.recheck.track(key(1), None)
            await r.pass_time(20)
            assert r.asked == [key(1)]
            r.bench.source.error = None
            r.recheck.track(key(2), None)
            await r.pass_time(1)
            assert r.asked == [key(1), key(2)]
            await r.pass_time(15)
            assert r.asked == [key(1), key(2), key(1)]

    run(test())


def test_what_authentications_have_asked_is_not_asked_again(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(tmp_path) as r:
            r.bench.writer.put_answer(key(1), COMPLIANT, AT - 13_000)
            r.bench.source.gate.clear()
            r.recheck.track(key(1), AT + 1000)
            await r.turns.one()
            await until(lambda: r.asked == [key(1)])
            authentication = asyncio.create_task(r.bench.lookups.ask(key(1), 30))
            r.bench.source.gate.set()
            await authentication
            await r.pass_time(600, step=5)
            assert r.asked == [key(1)]

    run(test())


def test_the_polls_finds_go_first_and_another_node_s_are_left_to_it(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(tmp_path, server(recheck_rate=1.0)) as r:
            for number in range(20):
                r.bench.writer.put_answer(key(number), COMPLIANT, AT - 100)
                r.recheck.track(key(number), None)
            await r.turns.one()
            r.others.add(key(8))
            assert r.recheck.hurry([key(7), key(8), key(9), key(99), key(1, "nowhere")]) == 3
            await r.pass_time(5)
            assert r.asked == [key(7), key(9)]
            r.others.clear()
            r.recheck.hurry([key(8)])
            await r.pass_time(2)
            assert r.asked == [key(7), key(9), key(8)]

    run(test())


def test_servers_come_and_go(tmp_path: Path) -> None:
    async def test() -> None:
        intune, other = server(), server("other")
        async with running(tmp_path, intune, other) as r:
            for which in (key(1), key(2, "other"), key(3, "nowhere")):
                r.recheck.track(which, None)
            await r.pass_time(1)
            assert r.bench.sources["other"].asked == [key(2, "other")]
            assert [line.server for line in r.recheck.health()] == ["intune", "other"]
            # Its sessions stay, and when it is enabled again they are asked about again.
            r.bench.lookups.configure([intune])
            r.recheck.configure([intune, server("other", enabled=False)])
            await r.pass_time(1000, step=10)
            assert len(r.bench.sources["other"].asked) == 1
            r.bench.lookups.configure([intune, other])
            r.recheck.configure([intune, other])
            await r.pass_time(1)
            assert r.bench.sources["other"].asked == [key(2, "other")]
            faster = server(recheck_interval=20.0)
            r.bench.lookups.configure([faster, other])
            r.recheck.configure([faster, other])
            await r.pass_time(60)
            assert len(r.asked) >= 3
            assert r.recheck.tracked("intune") == [key(1)]

    run(test())


def test_a_store_that_can_t_be_read_does_not_stop_rechecks(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(tmp_path) as r:
            reader = r.recheck._reader
            reader._file = str(tmp_path / "gone")
            r.recheck.track(key(1), None)
            await r.pass_time(1)
            assert r.asked == [key(1)]

    run(test())
