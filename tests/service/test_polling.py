"""Polling against the simulated Microsoft: what a sweep finds, the hour in four, faults, and what health says."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from freeradius_mdm.compliance import Compliance, ComplianceAnswer, ComplianceRecord, EndpointKey, IdKind
from freeradius_mdm.config.model import Server
from freeradius_mdm.mdm.intune import IntuneSource
from freeradius_mdm.mdm.noncompliant import NonCompliantDevices
from freeradius_mdm.service.events import EventLog
from freeradius_mdm.service.lookups import Lookups
from freeradius_mdm.service.polling import Polling, contradicts
from freeradius_mdm.service.polling_window import WindowState
from freeradius_mdm.service.recheck.runner import Recheck
from freeradius_mdm.service.recorder import Recorder
from freeradius_mdm.store.read import StoreReader
from freeradius_mdm.store.write import StoreWriter
from tests.mdm.bench import DEVICE, SECRET
from tests.mdm.bench import Bench as Microsoft
from tests.mdm.conftest import app_credential, bench, pki, simulator
from tests.store.samples import COMPLIANT, NONCOMPLIANT

from .fakes import AT, Clock, FakeSource, until

__all__ = ["app_credential", "bench", "pki", "simulator"]
HOUR = 3600.0


def device(number: int) -> EndpointKey:
    return EndpointKey("intune", IdKind.INTUNE, f"5a5a5a5a-0000-4000-8000-{number:012x}")


@dataclass
class Site:
    """mdmd's parts around polling, on one clock that the simulator follows."""

    microsoft: Microsoft
    clock: Clock
    writer: StoreWriter
    reader: StoreReader
    recheck: Recheck
    polling: Polling
    log: Any

    def pass_time(self, seconds: float) -> None:
        self.clock.now += seconds
        self.microsoft.sim.advance(seconds)

    def compliance(self, key: EndpointKey) -> Compliance:
        record = self.reader.record(key)
        assert record is not None
        assert record.answer is not None
        return record.answer.compliance

    async def wait_for(self, condition: Callable[[], Any]) -> None:
        """While the rechecks go on."""

        def looked() -> Any:
            self.clock.now += 0.01
            return condition()

        await until(looked)

    @property
    def health(self) -> Any:
        return self.polling.health()[0]

    def restart(self) -> None:
        """Another mdmd on the same state directory."""
        again = Polling(
            self.polling._lookups,
            self.recheck,
            self.polling._reader,
            self.polling._directory,
            self.polling._events,
            self.clock,
        )
        again.configure([poll.server for poll in self.polling._polls.values()])
        self.polling = again


@asynccontextmanager
async def site(directory: Path, microsoft: Microsoft, **changes: Any) -> AsyncIterator[Site]:
    clock, log, started = Clock(), io.StringIO(), time.time()
    # MSAL signs an assertion in this machine's time, and the simulator's moves on; a secret has no time.
    (directory / "secret").touch(0o600)
    (directory / "secret").write_text(SECRET)
    credential = {"certificate_file": None, "key_file": None, "client_secret_file": directory / "secret"}
    server: Server = microsoft.server(
        **{**credential, "polling_interval": 4 * HOUR, "recheck_interval": 0.0, "recheck_rate": 100.0, **changes}
    )
    events = EventLog(log, clock)
    writer, file = StoreWriter(directory), directory / "store.sqlite"
    reader = StoreReader(file)

    def make_source(which: Server) -> IntuneSource:
        # Tokens and assertions live in the simulator's time.
        return IntuneSource(
            which, directory, lambda: started + clock.now - AT, sleep=lambda _: None, jitter=lambda: 0.0
        )

    lookups = Lookups(reader, Recorder(writer, events), make_source, events, clock, clock)
    lookups.configure([server])
    recheck = Recheck(lookups, StoreReader(file), events, clock)
    recheck.configure([server])
    polling = Polling(lookups, recheck, StoreReader(file), directory, events, clock)
    polling.configure([server])
    stop = asyncio.Event()
    task = asyncio.create_task(recheck.run(stop))
    try:
        yield Site(microsoft, clock, writer, reader, recheck, polling, log)
    finally:
        stop.set()
        await task
        await lookups.close()
        reader.close()
        writer.close()


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, 60))


Test = Callable[[Site], Coroutine[Any, Any, None]]


def on_site(directory: Path, microsoft: Microsoft, test: Test, **changes: Any) -> None:
    async def whole() -> None:
        async with site(directory, microsoft, **changes) as s:
            await test(s)

    run(whole())


def test_changes_in_both_directions_are_found_among_hundreds(tmp_path: Path, bench: Microsoft) -> None:
    for number in range(230):
        bench.sim.set_device(device(number).value, compliant=False)
    for number in (500, 501):
        bench.sim.set_device(device(number).value, compliant=True)

    async def test(s: Site) -> None:
        # 1 was compliant; 2 is known as what it is; 500 has recovered; 501 was and is compliant; 229 nobody knows;
        # 3 has no session.
        for number, known in ((1, COMPLIANT), (2, NONCOMPLIANT), (500, NONCOMPLIANT), (501, COMPLIANT)):
            s.writer.put_answer(device(number), known, AT - 60)
            s.recheck.track(device(number), None)
        s.recheck.track(device(229), None)
        s.writer.put_answer(device(3), COMPLIANT, AT - 60)
        await until(lambda: s.recheck.health()[0].endpoints == 5)
        s.pass_time(61)
        await s.polling.sweep()
        health = s.health
        await s.wait_for(lambda: s.reader.record(device(229)) is not None)
        await s.wait_for(lambda: s.compliance(device(1)) is Compliance.NONCOMPLIANT)
        await s.wait_for(lambda: s.compliance(device(500)) is Compliance.COMPLIANT)
        assert bench.asked("bulk") == 3
        assert bench.asked("device") == 3
        assert (health.last_sweep, health.devices, health.contradicted) == (AT + 61, 230, 3)
        assert health.next_sweep == AT + 61 + 4 * HOUR + 60
        assert (health.window, health.window_began, health.failure) == (WindowState.OPEN, AT + 61, "")
        assert "event=polled server=intune devices=230 asked_about=3" in s.log.getvalue()
        # Nothing more until it is time.
        s.pass_time(4 * HOUR)
        await s.polling.sweep()
        assert bench.asked("bulk") == 3
        s.pass_time(60)
        await s.polling.sweep()
        assert bench.asked("bulk") == 6
        assert s.health.contradicted == 0

    on_site(tmp_path, bench, test)


def test_sweeps_stay_inside_the_hour_and_over_a_restart(tmp_path: Path, bench: Microsoft) -> None:
    async def test(s: Site) -> None:
        sweeps = []
        for minute in range(1, 9 * 60):
            s.pass_time(60)
            await s.polling.sweep()
            if s.health.last_sweep == s.clock.now:
                sweeps.append(minute)
            if minute == 40:
                s.restart()
        # Every 15 minutes within the first hour of each four; the restart sweeps a minute after its start.
        assert sweeps == [1, 16, 31, 41, 56, 242, 257, 272, 287, 483, 498, 513, 528]
        assert bench.asked("bulk", status="503") == 0

    on_site(tmp_path, bench, test, polling_interval=900.0)


def test_somebody_else_has_used_up_the_hour(tmp_path: Path, bench: Microsoft) -> None:
    """An ISE of the same tenant: refused without a reason to expect it, so every half hour until it opens."""

    async def test(s: Site) -> None:
        other = bench.source(lambda: time.time())
        await asyncio.to_thread(other.noncompliant, lambda: False)
        s.pass_time(2 * HOUR)
        for _ in range(5 * 60):
            s.pass_time(60)
            await s.polling.sweep()
            if s.health.last_sweep:
                break
            assert s.health.window is WindowState.CLOSED
            assert s.health.failure.startswith("M1229")
            assert s.clock.now < s.health.next_sweep <= s.clock.now + 1800
        # It opens two hours after our first attempt.
        assert bench.asked("bulk", status="503") == 4
        assert s.clock.now == AT + 4 * HOUR + 60
        assert (s.health.window, s.health.failure) == (WindowState.OPEN, "")
        assert s.log.getvalue().count("event=polling_failed") == 1
        # Devices were asked about all the time: the breaker has learned nothing from it.
        assert "event=breaker" not in s.log.getvalue()

    on_site(tmp_path, bench, test)


def test_retry_after_is_taken_at_its_word(tmp_path: Path, bench: Microsoft) -> None:
    async def test(s: Site) -> None:
        bench.sim.fault("bulk-window", seconds="3000")
        s.pass_time(61)
        await s.polling.sweep()
        assert s.health.next_sweep == pytest.approx(AT + 61 + 3000, abs=1)
        s.restart()
        s.pass_time(2900)
        await s.polling.sweep()
        assert bench.asked("bulk") == 1
        bench.sim.clear_faults()
        s.pass_time(101)
        await s.polling.sweep()
        assert s.health.last_sweep == s.clock.now

    on_site(tmp_path, bench, test)


@pytest.mark.parametrize("personality", ["paging-cut", "paging-loop"])
def test_half_a_list_has_no_effect_and_is_fetched_again(tmp_path: Path, bench: Microsoft, personality: str) -> None:
    for number in range(150):
        bench.sim.set_device(device(number).value, compliant=False)

    async def test(s: Site) -> None:
        # Would be asked about if absence from half a list meant anything.
        s.writer.put_answer(device(149), NONCOMPLIANT, AT - 60)
        s.writer.put_answer(device(1), COMPLIANT, AT - 60)
        for number in (1, 149):
            s.recheck.track(device(number), None)
        await until(lambda: s.recheck.health()[0].endpoints == 2)
        bench.sim.fault(personality, times=9)
        s.pass_time(61)
        await s.polling.sweep()
        assert (s.health.last_sweep, s.health.contradicted) == (0.0, 0)
        assert s.health.failure
        assert s.health.next_sweep == AT + 61 + 60
        bench.sim.clear_faults()
        s.pass_time(60)
        await s.polling.sweep()
        await s.wait_for(lambda: s.compliance(device(1)) is Compliance.NONCOMPLIANT)
        assert (s.health.contradicted, s.health.failure) == (1, "")
        assert bench.asked("device") == 1

    on_site(tmp_path, bench, test)


def test_off_and_a_server_without_a_list(tmp_path: Path, bench: Microsoft) -> None:
    async def test(s: Site) -> None:
        s.pass_time(100)
        await s.polling.sweep()
        assert (s.polling.health(), bench.asked("bulk")) == ([], 0)
        # Switched on while it runs.
        server = bench.server(polling_interval=900.0)
        s.polling._lookups._make_source = lambda _: FakeSource()
        s.polling._lookups.configure([server])
        s.polling.configure([server])
        s.pass_time(100)
        await s.polling.sweep()
        assert not s.health.supported

    on_site(tmp_path, bench, test, polling_interval=0.0)


def test_only_the_node_that_holds_the_lease_polls(tmp_path: Path, bench: Microsoft) -> None:
    async def test(s: Site) -> None:
        holds = False

        async def mine(server: str) -> bool:
            return holds

        s.polling._mine = mine
        s.pass_time(61)
        await s.polling.sweep()
        assert bench.asked("bulk") == 0
        holds = True
        s.pass_time(60)
        await s.polling.sweep()
        assert bench.asked("bulk") == 1

    on_site(tmp_path, bench, test)


LISTED = NonCompliantDevices(frozenset({DEVICE}), frozenset({"005056A1B2C3"}), 1)
UNLISTED = NonCompliantDevices(frozenset(), frozenset(), 0)
BY_GUID = EndpointKey("intune", IdKind.INTUNE, DEVICE)
BY_MAC = EndpointKey("intune", IdKind.MAC, "005056A1B2C3")


def answer(like: ComplianceAnswer, *macs: str) -> ComplianceAnswer:
    return ComplianceAnswer(like.registration, like.compliance, like.managed, macs)


@pytest.mark.parametrize("key", [BY_GUID, BY_MAC])
@pytest.mark.parametrize(
    ("found", "known", "expected"),
    [
        (LISTED, COMPLIANT, True),
        (LISTED, NONCOMPLIANT, False),
        (LISTED, None, True),
        (UNLISTED, COMPLIANT, False),
        (UNLISTED, NONCOMPLIANT, True),
        (UNLISTED, None, False),
    ],
)
def test_what_contradicts(
    key: EndpointKey, found: NonCompliantDevices, known: ComplianceAnswer | None, expected: bool
) -> None:
    record = None if known is None else ComplianceRecord(key, known, AT)
    assert contradicts(found, key, record) is expected


def test_a_device_is_known_by_its_mac_too() -> None:
    only_macs = NonCompliantDevices(frozenset(), frozenset({"005056A1B2C3"}), 1)
    known = answer(COMPLIANT, "005056A1B2C3", "005056A1B2C4")
    assert contradicts(only_macs, BY_GUID, ComplianceRecord(BY_GUID, known, AT))
    assert not contradicts(only_macs, BY_GUID, ComplianceRecord(BY_GUID, answer(COMPLIANT, "00"), AT))
