"""Asking: one query however many wait, the store first, waiting that ends, several servers, reload."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Coroutine
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from freeradius_mdm.compliance import ComplianceRecord
from freeradius_mdm.config.codes import ConfigCode
from freeradius_mdm.config.model import Server
from freeradius_mdm.errors import ConfigError, Problem, SourceError
from freeradius_mdm.service.lane import LookupResult, LookupStatus
from freeradius_mdm.service.lookups import Lookups, UnknownServerError
from tests.store.samples import COMPLIANT, NONCOMPLIANT, key

from .fakes import AT, FakeSource, bench, down, server, until

ANSWERED, FAILED, TIMEOUT = LookupStatus.ANSWERED, LookupStatus.FAILED, LookupStatus.TIMEOUT


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, 60))


def test_200_waiters_one_query(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench(tmp_path) as b:
            b.source.gate.clear()
            waiters = [asyncio.create_task(b.lookups.ask(key(), 30)) for _ in range(200)]
            await until(lambda: b.source.asked)
            b.source.gate.set()
            assert set(await asyncio.gather(*waiters)) == {LookupResult(ANSWERED)}
            assert b.source.asked == [key()]
            assert b.reader.record(key()) == ComplianceRecord(key(), COMPLIANT, AT)

    run(test())


def test_renewing_asks_although_nothing_is_due(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench(tmp_path) as b:
            b.writer.put_answer(key(), NONCOMPLIANT, AT - 60)
            assert await b.lookups.renew(key()) == LookupResult(ANSWERED)
            assert b.reader.record(key()) == ComplianceRecord(key(), COMPLIANT, AT)
            # What was answered this moment is not asked again.
            await b.lookups.renew(key())
            assert b.source.asked == [key()]
            with pytest.raises(UnknownServerError):
                await b.lookups.renew(key(1, "nowhere"))

    run(test())


def test_a_failure_ahead_is_what_its_authentication_is_told(tmp_path: Path) -> None:
    """One authentication is one question, so that the breaker does not count an outage twice."""

    async def test() -> None:
        async with bench(tmp_path) as b:
            b.source.error = down()
            assert await b.lookups.ask(key(), 0) == LookupResult(TIMEOUT)
            await until(lambda: b.source.asked)
            first = await b.lookups.ask(key(), 30)
            assert (first.status, b.source.asked) == (FAILED, [key()])
            # Told once: the next authentication asks for itself, and so does this one when it comes late.
            b.source.error = None
            assert await b.lookups.ask(key(), 30) == LookupResult(ANSWERED)
            b.source.error = down()
            await b.lookups.ask(key(1), 0)
            await until(lambda: key(1) in b.source.asked and b.lookups.health()[0].in_flight == 0)
            b.source.error = None
            b.clock.now += 5
            assert await b.lookups.ask(key(1), 30) == LookupResult(ANSWERED)

    run(test())


def test_an_authentication_joins_the_renewal_that_is_under_way(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench(tmp_path) as b:
            b.source.gate.clear()
            renewal = asyncio.create_task(b.lookups.renew(key()))
            await until(lambda: b.source.asked)
            waiters = [asyncio.create_task(b.lookups.ask(key(), 30)) for _ in range(20)]
            more = asyncio.create_task(b.lookups.renew(key()))
            b.source.gate.set()
            assert set(await asyncio.gather(renewal, more, *waiters)) == {LookupResult(ANSWERED)}
            assert b.source.asked == [key()]

    run(test())


def test_committed_before_the_waiter_is_released(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench(tmp_path) as b:
            for number in range(50):
                assert (await b.lookups.ask(key(number), 30)).status is ANSWERED
                with closing(sqlite3.connect(tmp_path / "store.sqlite")) as other:
                    assert other.execute("SELECT count(*) FROM records").fetchall() == [(number + 1,)]

    run(test())


@pytest.mark.parametrize(
    ("age", "interval", "queries"),
    [
        (0.5, 14400.0, 0),
        (12_000.0, 14400.0, 0),
        (12_960.0, 14400.0, 1),  # inside the refresh margin of 1440 s
        (0.5, 0.1, 0),  # a racing waiter's answer, due already by the interval
        (1.5, 0.1, 1),
        (-3600.0, 14400.0, 1),  # answered in the future: the clock was set back
    ],
)
def test_asks_only_when_due(tmp_path: Path, age: float, interval: float, queries: int) -> None:
    async def test() -> None:
        margin = min(1440.0, interval / 2)
        async with bench(tmp_path, server(reauth_interval=interval, refresh_margin=margin)) as b:
            b.writer.put_answer(key(), NONCOMPLIANT, AT - age)
            assert await b.lookups.ask(key(), 30) == LookupResult(ANSWERED)
            assert len(b.source.asked) == queries

    run(test())


def test_who_gives_up_leaves_the_query_to_the_next(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench(tmp_path) as b:
            b.source.gate.clear()
            assert await b.lookups.ask(key(), 0.01) == LookupResult(TIMEOUT)
            assert await b.lookups.ask(key(), 0) == LookupResult(TIMEOUT)
            second = asyncio.create_task(b.lookups.ask(key(), 30))
            b.source.gate.set()
            assert await second == LookupResult(ANSWERED)
            assert await b.lookups.ask(key(), 0) == LookupResult(ANSWERED)
            assert len(b.source.asked) == 1

    run(test())


def test_a_cancelled_waiter_does_not_stop_the_query(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench(tmp_path) as b:
            b.source.gate.clear()
            waiters = [asyncio.create_task(b.lookups.ask(key(), 30)) for _ in range(2)]
            await until(lambda: b.source.asked)
            waiters[0].cancel()
            b.source.gate.set()
            assert await waiters[1] == LookupResult(ANSWERED)

    run(test())


def test_one_server_down_leaves_the_other_alone(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench(tmp_path, server("intune"), server("other")) as b:
            b.sources["intune"].error = down(60.0)
            assert (await b.lookups.ask(key(), 30)).status is FAILED
            assert (await b.lookups.ask(key(1, "other"), 30)).status is ANSWERED
            assert [health.breaker.value for health in b.lookups.health()] == ["open", "closed"]

    run(test())


def test_unknown_and_disabled_servers(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench(tmp_path, server(), server("off", enabled=False)) as b:
            for name in ("off", "never"):
                with pytest.raises(UnknownServerError, match=f"no enabled MDM server is called '{name}'"):
                    await b.lookups.ask(key(1, name), 30)

    run(test())


def test_reload_touches_changed_servers_only(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench(tmp_path, server("a"), server("b"), server("c")) as b:
            before = dict(b.sources)
            b.lookups.configure([server("a"), server("b", read_timeout=1.0), server("d")])
            assert b.sources["a"] is before["a"]
            assert b.sources["b"] is not before["b"]
            assert [health.name for health in b.lookups.health()] == ["a", "b", "d"]
            await until(lambda: before["b"].closed and before["c"].closed)
            assert not before["a"].closed

    run(test())


def test_reload_lets_queries_under_way_finish(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench(tmp_path) as b:
            old = b.source
            old.gate.clear()
            waiter = asyncio.create_task(b.lookups.ask(key(), 30))
            await until(lambda: old.asked)
            b.lookups.configure([server(read_timeout=1.0)])
            assert not old.closed
            old.gate.set()
            assert await waiter == LookupResult(ANSWERED)
            await until(lambda: old.closed)

    run(test())


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (OSError(2, "No such file", "key.pem"), "M1200 [Errno 2] No such file: 'key.pem'"),
        (SourceError("M1201", "the key does not fit", "mend it"), "M1201 the key does not fit"),
        (ConfigError([Problem(ConfigCode.MISSING, "a", "b", "c")]), "M1200 1 error in the configuration"),
    ],
)
def test_a_server_that_can_not_be_made_stops_nobody(tmp_path: Path, error: Exception, failure: str) -> None:
    async def test() -> None:
        async with bench(tmp_path, server("other")) as b:
            broken = True

            def make_source(which: Server) -> FakeSource:
                if broken and which.name == "intune":
                    raise error
                return FakeSource()

            lookups = Lookups(b.reader, b.recorder, make_source, b.lookups._events, b.clock, b.clock)
            lookups.configure([server(), server("other")])
            assert (await lookups.ask(key(1, "other"), 30)).status is ANSWERED
            result = await lookups.ask(key(), 30)
            assert result.failure.startswith(failure)
            # The same section again, after the file it names was mended.
            broken = False
            lookups.configure([server(), server("other")])
            assert (await lookups.ask(key(), 30)).status is ANSWERED
            await lookups.close()

    run(test())
