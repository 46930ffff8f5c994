"""One server: its threads, its breaker, its failures, warming up, and the end."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Coroutine
from contextlib import closing
from pathlib import Path
from typing import Any

from freeradius_mdm.compliance import ComplianceRecord
from freeradius_mdm.service.breaker import BreakerState
from freeradius_mdm.service.lane import LookupResult, LookupStatus
from tests.store.samples import COMPLIANT, key

from .fakes import AT, bench, down, server, until

ANSWERED, FAILED, TIMEOUT = LookupStatus.ANSWERED, LookupStatus.FAILED, LookupStatus.TIMEOUT


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, 60))


def test_no_more_at_once_than_configured(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench(tmp_path, server(max_concurrent=4)) as b:
            b.source.gate.clear()
            waiters = [asyncio.create_task(b.lookups.ask(key(n), 30)) for n in range(40)]
            await until(lambda: len(b.source.asked) == 4)
            b.source.gate.set()
            assert {result.status for result in await asyncio.gather(*waiters)} == {ANSWERED}
            assert (len(b.source.asked), b.source.most_at_once) == (40, 4)

    run(test())


def test_authentications_go_before_renewals_and_never_find_every_slot_taken(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench(tmp_path, server(max_concurrent=4)) as b:
            b.source.gate.clear()
            renewals = [asyncio.create_task(b.lookups.renew(key(n))) for n in range(20)]
            # Half of the slots at most, however many renewals there are.
            await until(lambda: len(b.source.asked) == 2)
            first = [asyncio.create_task(b.lookups.ask(key(n), 30)) for n in (100, 101)]
            await until(lambda: len(b.source.asked) == 4)
            assert b.source.asked[2:] == [key(100), key(101)]
            # These stand in line, the last one for a renewal that does too; they go before the other renewals.
            later = [asyncio.create_task(b.lookups.ask(key(n), 30)) for n in (102, 19)]
            await until(lambda: b.lookups.health()[0].in_flight == 23)
            b.source.gate.set()
            results = await asyncio.gather(*renewals, *first, *later)
            assert {result.status for result in results} == {ANSWERED}
            assert set(b.source.asked[4:6]) == {key(102), key(19)}
            assert len(b.source.asked) == 23
            assert b.source.most_at_once <= 4

    run(test())


def test_a_renewal_that_the_breaker_refuses_is_no_failure_of_its_endpoint(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench(tmp_path) as b:
            b.source.error = down()
            for number in range(3):
                await b.lookups.ask(key(number), 30)
            assert b.lookups.resting("intune")
            refused = await b.lookups.renew(key(9))
            assert (refused.status, refused.asked) == (FAILED, False)
            assert b.reader.record(key(9)) is None
            assert len(b.source.asked) == 3
            b.clock.now += 5
            assert not b.lookups.resting("intune")
            # A renewal may be the probe.
            b.source.error = None
            assert (await b.lookups.renew(key(9))).status is ANSWERED
            assert b.lookups.health()[0].breaker is BreakerState.CLOSED

    run(test())


def test_a_failure_is_recorded_with_the_last_answer(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench(tmp_path) as b:
            b.writer.put_answer(key(), COMPLIANT, AT - 20_000)
            b.source.error = down()
            assert await b.lookups.ask(key(), 30) == LookupResult(FAILED, "M1211 connection refused")
            expected = ComplianceRecord(key(), COMPLIANT, AT - 20_000, AT, "M1211 connection refused")
            assert b.reader.record(key()) == expected

    run(test())


def test_a_defect_in_a_source_is_a_failure(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench(tmp_path) as b:
            b.source.error = ZeroDivisionError("oops")
            assert await b.lookups.ask(key(), 30) == LookupResult(FAILED, "M1009 ZeroDivisionError: oops")
            b.source.error = None
            assert (await b.lookups.ask(key(), 30)).status is ANSWERED

    run(test())


def test_open_breaker_fails_at_once_and_recovers(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench(tmp_path) as b:
            b.source.error = down()
            for number in range(3):
                await b.lookups.ask(key(number), 30)
            refused = await b.lookups.ask(key(9), 30)
            assert refused == LookupResult(FAILED, "M1211 connection refused; not asked again so far")
            assert len(b.source.asked) == 3
            record = b.reader.record(key(9))
            assert record is not None
            assert (record.answer, record.failed_at) == (None, AT)
            # The pause is over: one probe goes out, and everybody else still fails at once.
            b.clock.now += 5
            b.source.error = None
            b.source.gate.clear()
            probe = asyncio.create_task(b.lookups.ask(key(1), 30))
            await until(lambda: len(b.source.asked) == 4)
            assert (await b.lookups.ask(key(2), 30)).status is FAILED
            b.source.gate.set()
            assert (await probe).status is ANSWERED
            assert (await b.lookups.ask(key(2), 30)).status is ANSWERED
            states = [line.split(" state=")[1].split()[0] for line in b.lines("breaker")]
            assert states == ["open", "half-open", "closed"]

    run(test())


def test_who_stands_in_line_does_not_wait_for_a_server_that_went_down(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench(tmp_path, server(max_concurrent=3)) as b:
            b.source.error = down()
            b.source.gate.clear()
            waiters = [asyncio.create_task(b.lookups.ask(key(n), 30)) for n in range(50)]
            await until(lambda: len(b.source.asked) == 3)
            b.source.gate.set()
            assert {result.status for result in await asyncio.gather(*waiters)} == {FAILED}
            # Three failures open it; each of the first two lets one more out.
            assert 3 <= len(b.source.asked) <= 5

    run(test())


def test_a_refused_question_does_not_open_the_breaker(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench(tmp_path) as b:
            b.source.error = down(server_down=False)
            for number in range(10):
                await b.lookups.ask(key(number), 30)
            assert len(b.source.asked) == 10
            b.source.error = down(60.0, server_down=False)
            await b.lookups.ask(key(), 30)
            await b.lookups.ask(key(), 30)
            assert len(b.source.asked) == 11
            assert b.lookups.health()[0].breaker is BreakerState.OPEN

    run(test())


def test_a_store_that_fails_is_told_and_the_answer_kept(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench(tmp_path) as b:
            with closing(sqlite3.connect(tmp_path / "store.sqlite", isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                for _ in range(3):
                    result = await b.lookups.ask(key(), 30)
                    assert result.status is FAILED
                    assert result.failure.startswith("not stored: store ")
                other.execute("ROLLBACK")
            assert len(b.source.asked) == 1
            b.recorder.retry()
            assert await b.lookups.ask(key(), 30) == LookupResult(ANSWERED)
            assert len(b.source.asked) == 1

    run(test())


def test_warm_up_at_start(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench(tmp_path) as b:
            await until(lambda: b.lookups.health()[0].warm)
            assert b.source.warmed == 1

    run(test())


def test_warm_up_is_tried_again_and_stops_nobody(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench(tmp_path) as b:
            b.source.warm_up_errors = [down()]
            assert (await b.lookups.ask(key(), 30)).status is ANSWERED
            await until(lambda: b.lookups.health()[0].warm)
            assert len(b.lines("warm_up_failed")) == 1

    run(test())


def test_close_does_not_start_what_stands_in_line(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench(tmp_path, server(max_concurrent=1)) as b:
            b.source.gate.clear()
            waiters = [asyncio.create_task(b.lookups.ask(key(n), 30)) for n in range(20)]
            await until(lambda: b.source.asked)
            closing_down = asyncio.create_task(b.lookups.close())
            await asyncio.wait({closing_down}, timeout=0.01)
            b.source.gate.set()
            await closing_down
            results = await asyncio.gather(*waiters)
            assert [result.status for result in results].count(ANSWERED) == 1
            assert {result.failure for result in results} == {"", "mdmd is stopping"}
            assert b.source.closed

    run(test())
