"""One scenario from its first sign-in to its last: builds the parts, lets the day pass, and says what came of it."""

from __future__ import annotations

import asyncio
import random
import resource
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import site
from .fleet import SIGN_IN, Fleet
from .mdmd import Mdmd
from .network import Address, Network
from .radiusd import Radiusd
from .scenario import OUTAGE, Kill, KillAt, Scenario
from .site import Settings
from .tally import Tally
from .tenant import Tenant
from .virtual_loop import VirtualLoop, run

_EIGHT = 1_772_438_400.0  # Monday, 2 March 2026, 08:00 UTC
_DELAY = 0.02  # seconds that a datagram is on its way


@dataclass(frozen=True, slots=True)
class Result:
    """Everything that a report needs. Seconds are of virtual time, but for `cpu` and `real`; `memory` in MiB."""

    scenario: Scenario
    settings: Settings
    tally: Tally
    tenant: Tenant
    fleet: Fleet
    network: Network
    mdmd: Mdmd
    radiusd: Radiusd
    cpu: float
    real: float
    memory: float
    live_at_end: int
    down: float  # seconds in which mdmd or Intune was away


def simulate(scenario: Scenario, settings: Settings, directory: Path, tell: Callable[[str], None]) -> Result:
    """Run one scenario. `directory` is empty or new. `tell` gets a line for each hour."""

    async def day(loop: VirtualLoop) -> Result:
        return await _Day(loop, scenario, settings, directory, tell).pass_by()

    result: Result = run(day)
    return result


class _Day:
    def __init__(
        self, loop: VirtualLoop, scenario: Scenario, settings: Settings, directory: Path, tell: Callable[[str], None]
    ) -> None:
        self._loop = loop
        self._scenario = scenario
        self._settings = settings
        self._tell = tell
        self._state = directory / "state"
        chance = random.Random(settings.seed)  # noqa: S311 a simulation
        loop.network = self._network = Network(loop, chance, delay=_DELAY, loss=scenario.loss)
        self._tenant = Tenant(loop, loop.time)
        self._tenant.list_broken = scenario.list_broken
        self._tenant.on_answer = self._answered
        self._tally = Tally()
        file = site.write(directory, settings)
        address = ("127.0.0.1", site.PORT)
        self._mdmd = Mdmd(file, self._state, loop, self._network, self._tenant, self._wall)
        self._mdmd.start()
        self._radiusd = Radiusd(file, address, loop, self._network, self._tenant, self._wall)
        self._fleet = Fleet(
            settings,
            loop,
            self._network,
            self._tenant,
            lambda _: self._radiusd,
            self._wall,
            chance,
            self._tally,
            forgetful=scenario.forgetful,
        )
        self._armed: Kill | None = None
        self._killing = asyncio.Event()
        self._down = 0.0
        self._network.on_sent = self._sent

    def _wall(self) -> float:
        return _EIGHT + self._loop.time()

    async def pass_by(self) -> Result:
        """The whole day."""
        real, cpu = time.monotonic(), time.process_time()
        self._fleet.begin()
        more = [asyncio.create_task(self._kill()), asyncio.create_task(self._outage())]
        for hour in range(int(self._settings.hours)):
            await self._until((hour + 1) * 3600.0)
            self._progress(time.monotonic() - real)
        await self._until(self._settings.seconds)
        self._fleet.check_at_end()
        live = self._fleet.live
        for task in more:
            task.cancel()
        await asyncio.gather(*more, return_exceptions=True)
        self._fleet.close()
        await self._mdmd.stop()
        self._radiusd.close()
        return Result(
            scenario=self._scenario,
            settings=self._settings,
            tally=self._tally,
            tenant=self._tenant,
            fleet=self._fleet,
            network=self._network,
            mdmd=self._mdmd,
            radiusd=self._radiusd,
            cpu=time.process_time() - cpu,
            real=time.monotonic() - real,
            memory=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            live_at_end=live,
            down=self._down,
        )

    async def _until(self, moment: float) -> None:
        while self._loop.time() < moment:
            await asyncio.sleep(min(60.0, moment - self._loop.time()))
            self._mdmd.check()
            if self._fleet.failed:
                raise self._fleet.failed[0]

    def _progress(self, real: float) -> None:
        tally, queries = self._tally, self._tenant.queries
        seen = [change for change in tally.changes if change.effects]
        clock = time.strftime("%H:%M", time.gmtime(self._wall()))
        self._tell(
            f"{clock}  {self._fleet.live} sessions, {tally.by_timer} reauthentications, "
            f"{queries.waited.total() + queries.unwaited.total()} queries, "
            f"{len(tally.changes)} changes, {len(seen)} with a CoA; {real:.0f} s"
        )

    def _answered(self, device: str, compliant: bool) -> None:
        """In a thread of mdmd's."""
        news = self._tally.told(device, compliant, self._loop.time())
        if news and self._armed is not None and self._armed.moment is KillAt.TOLD:
            self._loop.call_soon_threadsafe(self._killing.set)

    def _sent(self, _: bytes, __: Address) -> None:
        if self._armed is not None:
            if self._armed.moment is KillAt.STORED:
                self._killing.set()
            elif self._armed.moment is KillAt.SENT:
                self._loop.call_later(1.5 * _DELAY, self._killing.set)

    async def _kill(self) -> None:
        for kill in self._scenario.kills:
            moment = kill.at * self._settings.seconds
            await asyncio.sleep(max(0.0, moment - self._loop.time()))
            if kill.moment is not KillAt.ANYHOW:
                self._killing.clear()
                self._armed = kill
                await self._killing.wait()
                self._armed = None
            await self._mdmd.kill()
            if self._scenario.forgotten_orders:
                self._forget_orders()
            self._down += kill.away
            await asyncio.sleep(kill.away)
            self._mdmd.start()

    def _forget_orders(self) -> None:
        with sqlite3.connect(self._state / "store.sqlite") as store:
            store.execute("DELETE FROM coa_orders")
            store.execute("DELETE FROM record_changes")

    async def _outage(self) -> None:
        if self._scenario.outage is None:
            return
        await asyncio.sleep(max(SIGN_IN, self._scenario.outage * self._settings.seconds))
        self._tenant.down = True
        self._down += OUTAGE
        await asyncio.sleep(OUTAGE)
        self._tenant.down = False
