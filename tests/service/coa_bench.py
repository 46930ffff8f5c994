"""Changes and the CoA desk with a real store, real sessions, a device that answers, and a clock moved by hand."""

from __future__ import annotations

import asyncio
import io
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from freeradius_mdm.coa.pacing import Pace
from freeradius_mdm.coa.retransmission import RetransmissionPolicy
from freeradius_mdm.coa.sender import Sender
from freeradius_mdm.compliance import Compliance, ComplianceAnswer, EndpointKey, IdKind, Managed, Registration
from freeradius_mdm.config.model import Config
from freeradius_mdm.config.reader import load
from freeradius_mdm.decide import Verdict, decide
from freeradius_mdm.decision import Decision
from freeradius_mdm.lab.processes import free_port
from freeradius_mdm.lab.radius.access import WiredPort
from freeradius_mdm.lab.radius.nas import LabNas
from freeradius_mdm.lab.radius.nas_request import NasSettings
from freeradius_mdm.lab.radius.nas_session import NasSession
from freeradius_mdm.lab.radius.reply import Reply
from freeradius_mdm.lab.radius.wire import Code
from freeradius_mdm.service.assessment import Assessor
from freeradius_mdm.service.changes import Changes
from freeradius_mdm.service.coa_desk import CoaDesk
from freeradius_mdm.service.coa_errand import DeskParts
from freeradius_mdm.service.coa_settings import ClientBook
from freeradius_mdm.service.events import EventLog
from freeradius_mdm.service.recorder import Recorder
from freeradius_mdm.service.redecide import Redecide
from freeradius_mdm.service.sessions import SessionKeeper
from freeradius_mdm.sessions.model import Session
from freeradius_mdm.store.coa_orders import CoaOrder, OrderQueries
from freeradius_mdm.store.query import StoreQueries
from freeradius_mdm.store.read import StoreReader
from freeradius_mdm.store.write import JournalPosition, StoreWriter
from freeradius_mdm.trail import Trail
from tests.builders import PRINTED, TOML, URI_ATTRIBUTE, request, write_toml
from tests.coa.fake_clock import FakeClock, until

SECRET = "a secret of the lab"  # noqa: S105
ADDRESS = "127.0.0.1"
COMPLIANT = ComplianceAnswer(Registration.REGISTERED, Compliance.COMPLIANT, Managed.TRUE)
NONCOMPLIANT = ComplianceAnswer(Registration.REGISTERED, Compliance.NONCOMPLIANT, Managed.TRUE)
GONE = ComplianceAnswer(Registration.UNREGISTERED, Compliance.UNKNOWN, Managed.FALSE)
CONFIRM = 120.0  # Times.confirm


class BenchClock(FakeClock):
    """The pace of requests to one device is not what is looked at here."""

    async def wait(self, future: asyncio.Future[Any], seconds: float) -> None:
        if seconds > 0.01:
            await super().wait(future, seconds)


@dataclass
class Bench:
    """`authenticates`: the network device's sessions sign in again as told, and their decisions reach mdmd."""

    directory: Path
    clock: FakeClock
    writer: StoreWriter
    keeper: SessionKeeper
    recorder: Recorder
    desk: CoaDesk
    changes: Changes
    nas: LabNas
    log: io.StringIO
    config: list[Config]
    decided: dict[str, Decision] = field(default_factory=dict)
    authenticates: bool = True
    position: int = 0
    ended: bool = False
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def is_killed(self, after: Callable[[], object] = lambda: None) -> None:
        """mdmd ends where it is; `after` happens to the store while nobody is there who would act on it."""
        self.ended = True
        for task in (*self.tasks, *self.desk._in_hand.values()):
            task.cancel()
        await asyncio.gather(*self.tasks, *self.desk._in_hand.values(), return_exceptions=True)
        self.desk._parts.sender.close()
        after()
        self.writer.close()

    def key(self, number: int = 1) -> EndpointKey:
        return EndpointKey("Intune", IdKind.INTUNE, f"00000000-0000-4000-8000-{number:012x}")

    def says(self, answer: ComplianceAnswer, number: int = 1) -> None:
        """The MDM server says that of that device, now."""
        assert self.recorder.answer(self.key(number), answer, self.clock.wall())

    def decide(self, number: int = 1) -> Verdict:
        """As radiusd would for that device, now."""
        uri = f"IntuneDeviceId://{self.key(number).value}"
        made = decide(
            request(
                ("User-Name", f"host/{number}"),
                ("NAS-IP-Address", "192.0.2.10"),
                ("NAS-Port-Type", "Ethernet"),
                ("NAS-Port-Id", f"Gi1/0/{number}"),
                ("Calling-Station-Id", f"00-50-56-00-00-{number:02X}"),
                ("Cisco-AVPair", f"audit-session-id=AUDIT{number}"),
                ("EAP-Message", "0x"),
                ("EAP-Type", "TLS"),
                ("TLS-Client-Cert-Serial", "1f"),
                ("MDM-Client-Name", "switch"),
                ("MDM-Client-Address", ADDRESS),
                (URI_ATTRIBUTE, uri),
                (PRINTED, f"URI:{uri}"),
            ),
            self.config[0],
            self.reader.record,
            Trail(f"{len(self.decided) + 1:024x}", self.clock.wall(), self.clock.wall),
            has_uri_attribute=True,
            waited=True,
            read_exemption=self.reader.exemption,
        )
        assert isinstance(made, Verdict)
        return made

    @property
    def reader(self) -> StoreReader:
        return StoreReader(self.directory / "store.sqlite")

    def signs_in(self, number: int = 1) -> Decision:
        """radiusd decides, and mdmd reads it in the journal."""
        return self.reads(self.decide(number).decision)

    def reads(self, made: Decision) -> Decision:
        """The journal's reader comes to that decision."""
        self.decided[made.id] = made
        self.position += 1
        self.keeper.ingest([made], (), JournalPosition("20270115T08.jsonl", 1, self.position), self.clock.wall())
        return made

    def starts(self, number: int = 1, answer: ComplianceAnswer = COMPLIANT) -> NasSession:
        """A session of that device, in mdmd and at the network device."""
        self.says(answer, number)
        self.signs_in(number)
        port = WiredPort(f"00-50-56-00-00-{number:02x}", f"AUDIT{number}", port=f"Gi1/0/{number}").dot1x()
        return self.nas.start(NasSession(f"host/{number}", f"acct{number}", port))

    def session(self, number: int = 1) -> Session:
        (found,) = self.keeper.directory.of_endpoint(self.key(number))
        return found

    def orders(self, number: int = 1) -> list[CoaOrder]:
        queries = OrderQueries(self.directory / "store.sqlite")
        made = [each for each in self.decided.values() if each.identity == self.key(number).value]
        return queries.of_session(made[0].id)

    async def settled(self, count: int = 1, number: int = 1) -> list[CoaOrder]:
        """The device's orders, as soon as there are so many, all settled."""
        await until(lambda: len(self.orders(number)) >= count and all(each.settled for each in self.orders(number)))
        await self.quiet()
        return self.orders(number)

    async def quiet(self) -> None:
        """Whatever is to be looked at has been."""
        await asyncio.sleep(0)  # what has happened is told by the event loop's next turn
        await until(lambda: not self.changes.waiting and not self.desk._in_hand and not self.desk._writing)

    def lines(self, event: str) -> list[str]:
        return [line for line in self.log.getvalue().splitlines() if f" event={event} " in line + " "]


@asynccontextmanager
async def bench(
    directory: Path,
    *changes: tuple[str, str],
    coa: str = "",
    clock: FakeClock | None = None,
    nas: LabNas | None = None,
    policy: RetransmissionPolicy | None = None,
) -> AsyncIterator[Bench]:
    """A mdmd's part of it. Another one in the same directory, with the same clock and device, finds what is there."""
    loop, clock, log = asyncio.get_running_loop(), clock or BenchClock(), io.StringIO()
    found: list[Bench] = []

    def authenticate(session: NasSession) -> Reply:
        number = int(session.user.rpartition("/")[2])
        if found[0].authenticates:
            loop.call_soon_threadsafe(found[0].signs_in, number)
        return ACCEPTED

    own = nas is None
    if nas is None:
        settings = NasSettings(SECRET.encode(), ADDRESS, free_port(socket.SOCK_DGRAM))
        nas = LabNas(settings, authenticate, wall=clock.wall)
        nas.come_back()
    else:
        nas._authenticate = authenticate
    (directory / "clients.conf").write_text(
        f'client switch {{\n ipaddr = {ADDRESS}\n secret = "{SECRET}"\n mdm_coa_port = {nas.port}\n}}\n'
    )
    text = TOML + f'\n[coa]\nclients = "clients.conf"\nfreeradius_version = "3.2.1"\n{coa}'
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    config = [load(write_toml(directory, text))]
    events = EventLog(log, clock.wall)
    writer = StoreWriter(directory, busy_timeout=0.01)
    keeper, recorder = SessionKeeper(writer, events, clock.wall(), "radius1"), Recorder(writer, events)
    file = directory / "store.sqlite"
    queries = StoreQueries(file)
    redecide = Redecide(StoreReader(file), queries.decision, lambda: config[0], clock.wall, lambda _: "")
    assessor = Assessor(redecide, OrderQueries(file), lambda: config[0])
    parts = DeskParts(
        writer,
        keeper,
        assessor,
        ClientBook(events, clock.monotonic, lambda: (3, 2, 1)),
        Sender(policy=policy, pace=Pace(8, 1000.0), clock=clock, jitter=lambda: 0.0),
        lambda: config[0],
        lambda session, since: False,
        events,
        clock.wall,
        sleep=lambda _: asyncio.sleep(0.003),
    )
    desk = CoaDesk(parts)
    changes_ = Changes(keeper.directory, assessor, desk, recorder.settle, lambda: config[0], events, clock.wall)
    made = Bench(directory, clock, writer, keeper, recorder, desk, changes_, nas, log, config)
    found.append(made)

    def in_loop(call: Callable[..., None], *arguments: object) -> None:
        if not made.ended:
            loop.call_soon_threadsafe(call, *arguments)

    keeper.on_change(lambda changed: in_loop(changes_.sessions_changed, changed))
    recorder.on_change.append(lambda key, _, __, at: in_loop(changes_.record_changed, key, at))
    await desk.load()
    recorder.tell_unsettled()
    stop = asyncio.Event()
    tasks = made.tasks = [asyncio.create_task(desk.run(stop)), asyncio.create_task(changes_.run(stop))]
    try:
        yield made
    finally:
        stop.set()
        await asyncio.gather(*tasks, return_exceptions=made.ended)
        if own:
            nas.die()
        if not made.ended:
            writer.close()


ACCEPTED = Reply(Code.ACCESS_ACCEPT, (), None, False, False, False, 20)
