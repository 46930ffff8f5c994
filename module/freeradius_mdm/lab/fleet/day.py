"""One scenario from its first sign-in to its last: builds the parts, lets the day pass, and says what came of it."""

from __future__ import annotations

import asyncio
import random
import resource
import sqlite3
import time
import zlib
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from .exchange import GONE_AFTER, Exchange
from .fleet import Fleet
from .network import Network
from .node import Node
from .radiusd import Radiusd
from .scenario import Kill, KillAt, Scenario
from .site import Settings
from .tally import Tally
from .tenant import Tenant
from .virtual_loop import Incarnation, VirtualLoop, current, run

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
    nodes: list[Node]
    cpu: float
    real: float
    memory: float
    live_at_end: int  # sessions at the network devices
    known_at_end: int  # sessions that mdmd knows
    away: float  # seconds for which mdmd was not there
    down: float  # the same, and those in which Intune did not answer


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
        chance = random.Random(settings.seed)  # noqa: S311 a simulation
        self._chance = chance
        loop.network = self._network = Network(loop, chance, delay=_DELAY, loss=scenario.loss)
        self._tenant = Tenant(loop, loop.time)
        self._tenant.list_broken = scenario.list_broken
        self._tenant.on_answer = self._answered
        self._tally = Tally()
        exchange = Exchange(loop) if scenario.nodes > 1 else None
        self._nodes = [
            Node(number, directory, settings, loop, self._network, self._tenant, self._wall, exchange)
            for number in range(scenario.nodes)
        ]
        self._fleet = Fleet(
            settings,
            loop,
            self._network,
            self._tenant,
            self._server_of,
            self._wall,
            chance,
            self._tally,
            forgetful=scenario.forgetful,
        )
        self._armed: Kill | None = None
        self._victim: Incarnation | None = None
        self._killing = asyncio.Event()
        self._down = self._away = 0.0
        self._network.on_sent = self._sent

    def _server_of(self, nas: str, access: bool) -> Radiusd:
        """The first server of a network device, or the second while that is dead. Some share their requests out."""
        number = zlib.crc32(nas.encode())
        first = number % len(self._nodes)
        if access and number % 5 < self._scenario.balanced * 5:
            first = self._chance.randrange(len(self._nodes))
        order = self._nodes[first:] + self._nodes[:first]
        return next((node for node in order if node.alive), order[0]).radiusd

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
        await asyncio.sleep(1.0)  # for the journal to be read
        known = sum([await node.live_sessions() for node in self._nodes])
        for task in more:
            task.cancel()
        await asyncio.gather(*more, return_exceptions=True)
        self._fleet.close()
        for node in self._nodes:
            await node.stop()
        return Result(
            scenario=self._scenario,
            settings=self._settings,
            tally=self._tally,
            tenant=self._tenant,
            fleet=self._fleet,
            network=self._network,
            nodes=self._nodes,
            cpu=time.process_time() - cpu,
            real=time.monotonic() - real,
            memory=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            live_at_end=live,
            known_at_end=known,
            away=self._away,
            down=self._down,
        )

    async def _until(self, moment: float) -> None:
        while self._loop.time() < moment:
            await asyncio.sleep(min(60.0, moment - self._loop.time()))
            for node in self._nodes:
                node.mdmd.check()
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
        if news and current() is self._victim and self._armed is not None and self._armed.moment is KillAt.TOLD:
            self._loop.call_soon_threadsafe(self._killing.set)

    def _sent(self, sender: Incarnation | None) -> None:
        if self._armed is not None and sender is self._victim:
            if self._armed.moment is KillAt.STORED:
                self._killing.set()
            elif self._armed.moment is KillAt.SENT:
                self._loop.call_later(1.5 * _DELAY, self._killing.set)

    async def _kill(self) -> None:
        for kill in self._scenario.kills:
            moment = kill.at * self._settings.seconds
            await asyncio.sleep(max(0.0, moment - self._loop.time()))
            node = self._nodes[kill.node]
            if kill.moment is not KillAt.ANYHOW:
                self._killing.clear()
                self._armed, self._victim = kill, node.mdmd.life
                await self._killing.wait()
                self._armed = None
            await node.kill(host=kill.back_at is not None)
            if self._scenario.forgotten_orders:
                _forget_orders(node)
            back_at = self._loop.time() + kill.away
            if kill.back_at is not None:
                back_at = kill.back_at * self._settings.seconds
            # With another node there it takes no longer than until that has taken over.
            away = min(back_at - self._loop.time(), 2 * GONE_AFTER if len(self._nodes) > 1 else float("inf"))
            self._away += away
            self._down += away
            await asyncio.sleep(back_at - self._loop.time())
            node.start()

    async def _outage(self) -> None:
        if self._scenario.outage is None:
            return
        await asyncio.sleep(self._scenario.outage * self._settings.seconds)
        self._tenant.down = True
        length = self._settings.reauth_interval / 3
        self._down += length
        await asyncio.sleep(length)
        self._tenant.down = False


def _forget_orders(node: Node) -> None:
    with closing(sqlite3.connect(node.state / "store.sqlite")) as store, store:
        store.execute("DELETE FROM coa_orders")
        store.execute("DELETE FROM record_changes")
        # At its start mdmd looks at every session: this makes each look as if it was decided on the record as it is.
        store.execute("UPDATE sessions SET reauthorized_at = reauthorized_at + 86400")
