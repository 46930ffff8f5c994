"""The enrolment page that an MDM server names: asked for every few hours, failures with ever longer pauses."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from freeradius_mdm.errors import SourceError
from freeradius_mdm.service.events import EventLog
from freeradius_mdm.service.lookups import Lookups
from freeradius_mdm.service.recorder import Recorder
from freeradius_mdm.service.server_info import ServerInfo
from freeradius_mdm.store.read import StoreReader
from freeradius_mdm.store.write import StoreWriter

from .fakes import Clock, FakeSource, down, server, until

PAGE = "https://portal.manage.microsoft.com/networkaccesscontrol/index"


@dataclass
class Info:
    redirect_url: str


class Informed(FakeSource):
    """A source that can be asked about the server itself."""

    def __init__(self) -> None:
        super().__init__()
        self.page = PAGE
        self.trouble: SourceError | None = None
        self.questions = 0

    def mdminfo(self) -> Info:
        self.questions += 1
        if self.trouble is not None:
            raise self.trouble
        return Info(self.page)


@dataclass
class Parts:
    directory: Path
    writer: StoreWriter
    clock: Clock = field(default_factory=Clock)
    log: io.StringIO = field(default_factory=io.StringIO)
    source: Informed = field(default_factory=Informed)

    def __post_init__(self) -> None:
        events = EventLog(self.log, self.clock)
        recorder = Recorder(self.writer, events)
        self.info = ServerInfo("Intune", self.source, recorder, events, self.clock, self.clock)
        self.reader = StoreReader(self.directory / "store.sqlite")

    def after(self, seconds: float) -> int:
        """Go on by that time, renew, and say how often the server has been asked."""
        self.clock.now += seconds
        self.info.renew()
        return self.source.questions


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    made = Parts(tmp_path, StoreWriter(tmp_path, busy_timeout=0.01))
    yield made
    made.reader.close()
    made.writer.close()


def test_asked_every_four_hours(parts: Parts) -> None:
    assert [parts.after(0), parts.after(1), parts.after(4 * 3600 - 2), parts.after(1)] == [1, 1, 1, 2]
    assert parts.reader.redirect_url("Intune") == PAGE
    assert parts.log.getvalue().count("event=server_info ") == 1
    parts.source.page = ""
    assert parts.after(4 * 3600) == 3
    assert parts.reader.redirect_url("Intune") == ""
    assert "redirect_url=none" in parts.log.getvalue()


def test_failures_are_told_once_and_tried_again_later_and_later(parts: Parts) -> None:
    parts.source.trouble = down()
    asked = [parts.after(0)] + [parts.after(pause) for pause in (59, 1, 299, 1, 899, 1, 3599, 1, 3599, 1)]
    assert asked == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6]
    assert parts.log.getvalue().count("event=server_info_failed") == 1
    parts.source.trouble = None
    assert parts.after(3600) == 7
    assert parts.reader.redirect_url("Intune") == PAGE
    assert parts.log.getvalue().count("event=server_info ") == 1
    # What was known stays while the server does not answer.
    parts.source.trouble = down()
    parts.after(4 * 3600)
    assert parts.reader.redirect_url("Intune") == PAGE


def test_a_store_that_fails_is_a_failure_too(parts: Parts) -> None:
    parts.writer._connection.execute("ALTER TABLE server_info RENAME TO away")
    parts.after(0)
    parts.writer._connection.execute("ALTER TABLE away RENAME TO server_info")
    assert parts.reader.redirect_url("Intune") == ""
    parts.after(60)
    assert parts.reader.redirect_url("Intune") == PAGE


def test_a_server_that_can_not_be_asked(tmp_path: Path) -> None:
    clock, log = Clock(), io.StringIO()
    writer = StoreWriter(tmp_path)
    info = ServerInfo("x", FakeSource(), Recorder(writer, EventLog(log, clock)), EventLog(log, clock), clock, clock)
    info.renew()
    assert (info.remaining, log.getvalue()) == (float("inf"), "")
    writer.close()


def test_it_is_asked_once_the_server_is_warm(tmp_path: Path) -> None:
    async def run() -> None:
        clock, events = Clock(), EventLog(io.StringIO(), Clock())
        writer, reader, source = StoreWriter(tmp_path), StoreReader(tmp_path / "store.sqlite"), Informed()
        source.warm_up_errors.append(down())
        recorder = Recorder(writer, events)
        lookups = Lookups(reader, recorder, lambda _: source, events, clock, clock)
        lookups.configure([server()])
        try:
            await until(lambda: reader.redirect_url("intune"))
            assert reader.redirect_url("intune") == PAGE
            assert (source.warmed, source.questions, source.warm_up_errors) == (1, 1, [])
        finally:
            await lookups.close()
            reader.close()
            writer.close()

    asyncio.run(asyncio.wait_for(run(), 60))
