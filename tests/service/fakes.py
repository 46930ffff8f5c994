"""Parts that stand in for the outside: an MDM server, clocks, the log; and a wait for conditions."""

from __future__ import annotations

import asyncio
import io
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from freeradius_mdm.compliance import ComplianceAnswer, EndpointKey
from freeradius_mdm.config.model import AssertionMode, Cloud, Server
from freeradius_mdm.errors import SourceError
from freeradius_mdm.service.events import EventLog
from freeradius_mdm.service.lookups import Lookups
from freeradius_mdm.service.recorder import Recorder
from freeradius_mdm.store.read import StoreReader
from freeradius_mdm.store.write import StoreWriter
from tests.store.samples import COMPLIANT

DEADLINE = 15.0  # seconds; far more than anything needs on a busy machine
AT = 1_700_000_000.0


class FakeSource:
    """An MDM server in memory. `gate` shut makes questions wait; `error` makes them fail."""

    def __init__(self) -> None:
        self.answers: dict[EndpointKey, ComplianceAnswer] = {}
        self.gate = threading.Event()
        self.gate.set()
        self.error: Exception | None = None
        self.warm_up_errors: list[Exception] = []
        self.asked: list[EndpointKey] = []
        self.most_at_once = 0
        self.warmed = 0
        self.closed = False
        self._at_once = 0
        self._mutex = threading.Lock()

    def lookup(self, key: EndpointKey) -> ComplianceAnswer:
        with self._mutex:
            self.asked.append(key)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            assert self.gate.wait(DEADLINE)
            if self.error is not None:
                raise self.error
            return self.answers.get(key, COMPLIANT)
        finally:
            with self._mutex:
                self._at_once -= 1

    def warm_up(self) -> None:
        with self._mutex:
            if self.warm_up_errors:
                raise self.warm_up_errors.pop(0)
            self.warmed += 1

    def close(self) -> None:
        self.closed = True


@dataclass
class Clock:
    """Both clocks of mdmd, moved by hand."""

    now: float = AT

    def __call__(self) -> float:
        return self.now


def down(retry_after: float | None = None, *, server_down: bool = True) -> SourceError:
    return SourceError("M1211", "connection refused", "try later", retry_after=retry_after, server_down=server_down)


def server(name: str = "intune", **changes: Any) -> Server:
    values: dict[str, Any] = {
        "name": name,
        "enabled": True,
        "cloud_name": "global",
        "cloud": Cloud("login.example", "graph.example", "https://api.example//.default", (".example",)),
        "tenant": "contoso.example",
        "client_id": "00000000-0000-0000-0000-00000000c11e",
        "certificate_file": None,
        "key_file": None,
        "key_passphrase_file": None,
        "client_secret_file": Path("/nonexistent/secret"),
        "assertion_mode": AssertionMode.PS256,
        "reauth_interval": 14400.0,
        "polling_interval": 0.0,
        "recheck_interval": 900.0,
        "refresh_margin": 1440.0,
        "last_known_for": 86400.0,
        "unreachable_retry": 600.0,
        "connect_timeout": 2.0,
        "read_timeout": 5.0,
        "max_concurrent": 128,
        "proxy": None,
        "ca_file": None,
        "allowed_crs_hosts": (),
        "connect_to": None,
    }
    return Server(**{**values, **changes})


@dataclass
class Bench:
    """Lookups with a real store and fake servers, one source per server's name."""

    lookups: Lookups
    writer: StoreWriter
    reader: StoreReader
    recorder: Recorder
    clock: Clock
    log: io.StringIO
    sources: dict[str, FakeSource] = field(default_factory=dict)

    @property
    def source(self) -> FakeSource:
        return self.sources["intune"]

    def lines(self, event: str) -> list[str]:
        return [line for line in self.log.getvalue().splitlines() if f" event={event} " in line + " "]


@asynccontextmanager
async def bench(directory: Path, *servers: Server) -> AsyncIterator[Bench]:
    """Sources are made anew for a server whose section changes; `sources` holds the latest."""
    clock, log = Clock(), io.StringIO()
    events = EventLog(log, clock)
    writer = StoreWriter(directory, busy_timeout=0.01)
    reader = StoreReader(directory / "store.sqlite")
    recorder = Recorder(writer, events)
    sources: dict[str, FakeSource] = {}

    def make_source(which: Server) -> FakeSource:
        sources[which.name] = FakeSource()
        return sources[which.name]

    lookups = Lookups(reader, recorder, make_source, events, clock, clock)
    lookups.configure(servers or (server(),))
    try:
        yield Bench(lookups, writer, reader, recorder, clock, log, sources)
    finally:
        for source in sources.values():
            source.gate.set()
        await lookups.close()
        reader.close()
        writer.close()


async def until(condition: Callable[[], Any]) -> None:
    """Wait for a condition, with a deadline."""
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, "the condition did not come true in time"
        await asyncio.sleep(0.002)


def until_now(condition: Callable[[], Any]) -> None:
    """The same outside of an event loop."""
    end = time.monotonic() + DEADLINE
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < end, "the condition did not come true in time"
        pause.wait(0.01)
