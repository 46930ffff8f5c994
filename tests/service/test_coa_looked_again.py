"""Sessions that are looked at again though neither they nor their record seem to have changed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from freeradius_mdm.accounting import AccountingEvent, AccountingStatus
from freeradius_mdm.config.model import CoaMode
from freeradius_mdm.errors import StoreError
from freeradius_mdm.lab.radius.nas_request import Behaviour, Mood
from freeradius_mdm.store.write import JournalPosition
from tests.coa.fake_clock import run, until

from .coa_bench import ADDRESS, COMPLIANT, NONCOMPLIANT, Bench, bench
from .vpn_bench import ONCE, elapse

DAY = 86400


def account(b: Bench, status: AccountingStatus) -> None:
    """The network device tells that of the session."""
    b.position += 1
    told = AccountingEvent(
        b.clock.wall(),
        status,
        client=ADDRESS,
        nas_address="192.0.2.10",
        calling_station="00-50-56-00-00-01",
        audit_session_id="AUDIT1",
        acct_session_id="acct1",
        nas_port_id="Gi1/0/1",
        user="host/1",
    )
    b.keeper.ingest([told], (), JournalPosition("20270115T08.jsonl", 1, b.position), b.clock.wall())


def mode(b: Bench, wanted: CoaMode) -> None:
    """mdm.toml says so from now on."""
    b.config[0] = replace(b.config[0], coa=replace(b.config[0].coa, mode=wanted))
    b.changes.configured()


def test_one_that_a_503_ended_too_early(tmp_path: Path) -> None:
    """The change came while the device was setting the session up; then its Start comes."""

    async def test() -> None:
        async with bench(tmp_path) as b:
            b.starts()
            b.nas.behaviour = Behaviour(Mood.NAK, 503)
            b.clock.advance(1)
            b.says(NONCOMPLIANT)
            assert [each.state for each in await b.settled()] == ["gone"]
            b.nas.behaviour = Behaviour()
            b.clock.advance(2)
            account(b, AccountingStatus.START)
            assert b.session().live
            await until(lambda: b.session().profile == "Quarantine" or b.clock.advance(1))

    run(test())


def test_one_that_was_lost_and_is_there(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench(tmp_path) as b:
            b.starts()
            b.clock.advance(5 * DAY)
            assert b.keeper.age(b.clock.wall(), DAY) == 1
            b.clock.advance(60)
            b.says(NONCOMPLIANT)
            await b.quiet()
            b.clock.advance(60)
            account(b, AccountingStatus.INTERIM)
            await until(lambda: b.session().profile == "Quarantine" or b.clock.advance(1))

    run(test())


@pytest.mark.parametrize("delay", [3, 90])
def test_one_whose_device_did_not_restart_after_all(delay: int, tmp_path: Path) -> None:
    async def test() -> None:
        async with bench(tmp_path) as b:
            b.starts()
            b.clock.advance(delay)
            account(b, AccountingStatus.OFF)
            assert not b.keeper.directory.of_endpoint(b.key())
            b.says(NONCOMPLIANT)
            await b.quiet()
            b.clock.advance(delay)
            account(b, AccountingStatus.INTERIM)
            await until(lambda: b.session().profile == "Quarantine" or b.clock.advance(1))

    run(test())


def test_an_answer_of_another_node_that_comes_late(tmp_path: Path) -> None:
    """Cut off for minutes, this node let the device in on its old record, after the other was told of the change."""

    async def test() -> None:
        async with bench(tmp_path) as b:
            b.starts()
            b.clock.advance(600)
            told_at = b.clock.wall()
            b.clock.advance(100)
            assert b.signs_in().profile == "Employee"
            b.clock.advance(100)
            assert b.recorder.take(b.key(), NONCOMPLIANT, told_at)
            await until(lambda: b.session().profile == "Quarantine" or b.clock.advance(1))

    run(test())


def test_an_answer_that_the_store_took_late(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> bool:
        raise StoreError("the disk is full")

    async def test() -> None:
        async with bench(tmp_path) as b:
            b.starts()
            b.clock.advance(600)
            with monkeypatch.context() as patched:
                patched.setattr(b.writer, "put_answer", full)
                assert not b.recorder.answer(b.key(), NONCOMPLIANT, b.clock.wall())
                b.clock.advance(100)
                assert b.signs_in().profile == "Employee"
                b.clock.advance(100)
            b.recorder.retry()
            await until(lambda: b.session().profile == "Quarantine" or b.clock.advance(1))

    run(test())


def test_a_crash_between_the_journal_and_the_look(tmp_path: Path) -> None:
    """The session is in the store, and the change was settled before anybody knew of it."""

    async def test() -> None:
        async with bench(tmp_path) as b:
            b.says(COMPLIANT)
            b.clock.advance(600)
            made = b.decide().decision
            b.clock.advance(0.1)
            b.says(NONCOMPLIANT)
            await b.quiet()
            b.reads(made)
            await b.is_killed()
            async with bench(tmp_path, clock=b.clock, nas=b.nas) as again:
                again.decided.update(b.decided)
                await until(lambda: [each.profile for each in again.orders()] == ["Quarantine"])

    run(test())


def test_all_of_them_when_a_dry_run_is_over(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench(tmp_path, coa='mode = "dry-run"\n') as b:
            b.starts()
            b.clock.advance(5)
            b.says(NONCOMPLIANT)
            assert [each.state for each in await b.settled()] == ["dry-run"]
            mode(b, CoaMode.ON)
            await until(lambda: b.session().profile == "Quarantine" or b.clock.advance(1))
            assert b.nas.distinct == 1

    run(test())


def test_a_dry_run_sends_nothing_of_what_was_in_doubt(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench(tmp_path, policy=ONCE) as b:
            b.starts()
            b.nas.behaviour = Behaviour(Mood.SILENT)
            b.says(NONCOMPLIANT)
            await until(lambda: (b.orders() and b.orders()[0].state == "timeout") or b.clock.advance(1))
            mode(b, CoaMode.DRY_RUN)
            b.nas.behaviour = Behaviour()
            received = b.nas.received
            await elapse(b, 120)
            (order,) = b.orders()
            assert (order.settled, order.detail) == (False, "not sent again: coa.mode is dry-run")
            assert b.nas.received == received
            mode(b, CoaMode.ON)
            await until(lambda: b.session().profile == "Quarantine" or b.clock.advance(1))

    run(test())
