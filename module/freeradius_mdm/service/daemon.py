"""mdmd's life: start the parts, keep them going, stop them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from aiohttp import web

from ..compliance import ComplianceSource
from ..config.model import Config, Server
from ..config.watch import ConfigWatch
from ..decision import Decision
from ..errors import ConfigError, StoreError
from ..log_line import decision_line
from ..store import schema
from ..store.query import StoreQueries
from ..store.read import StoreReader
from ..store.write import KEEP_DECISIONS, StoreWriter
from .api import Api
from .events import EventLog
from .health import Health
from .journal_reader import JournalReader
from .lines import moment
from .lookups import Lookups
from .notify import notify
from .recorder import Recorder

_JOURNAL_PAUSE = 0.15  # seconds between looks at the journal
_HOUSEKEEPING_PAUSE = 1.0
_RETENTION_PAUSE = 3600.0
_KEEP_ALIVE = 3600.0  # longer than rlm_rest's idle_timeout, so that it is never we who close a pooled connection
_LAST_REQUESTS = 3.0  # seconds that requests under way are given at the end

MakeSource = Callable[[Server, Path], ComplianceSource]


@dataclass(frozen=True, slots=True)
class Outside:
    """What the daemon takes from outside, so that tests can give their own."""

    make_source: MakeSource
    wall: Callable[[], float]  # seconds since the epoch
    monotonic: Callable[[], float]
    events: EventLog
    decisions: TextIO | None  # one line per decision goes there


class Daemon:
    """One mdmd. The constructor reads the configuration and opens the store.

    Raises ConfigError; StoreError when the store can't be used, or is used by another mdmd.
    """

    def __init__(self, file: Path, outside: Outside) -> None:
        self._outside = outside
        self._events = outside.events
        self._watch = ConfigWatch(file, outside.monotonic(), self._config_read)
        service = self._started_with = self._watch.config.service
        self._writer = StoreWriter(service.state_directory)
        try:
            schema.make_directory(service.journal_directory)
            self._recorder = Recorder(self._writer, outside.events)
            self._journal = JournalReader(service.journal_directory, self._writer, outside.wall, self._print)
        except OSError as error:
            self._writer.close()
            raise StoreError(f"journal {service.journal_directory} can't be made: {error.strerror}") from error
        self._queries = StoreQueries(service.store_file)
        self._reader = StoreReader(service.store_file)
        self._lookups = Lookups(
            self._reader,
            self._recorder,
            lambda server: outside.make_source(server, service.state_directory),
            outside.events,
            outside.wall,
            outside.monotonic,
        )
        self._health = Health(self._lookups, self._recorder, self._journal, self._queries)
        self._stop = asyncio.Event()

    async def run(self) -> None:
        """Until SIGTERM or SIGINT. Raises OSError when the address can't be listened on."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        tasks: list[asyncio.Task[None]] = []
        api = Api(self._lookups, self._queries, self._config, self._health.body, self._outside.wall)
        runner = web.AppRunner(
            api.application(), access_log=None, keepalive_timeout=_KEEP_ALIVE, shutdown_timeout=_LAST_REQUESTS
        )
        try:
            await self._listen(runner)
            self._lookups.configure(self._config().servers)
            for chore, pause in (
                (self._look_at_journal, _JOURNAL_PAUSE),
                (self._keep_house, _HOUSEKEEPING_PAUSE),
                (self._forget_old, _RETENTION_PAUSE),
            ):
                tasks.append(asyncio.create_task(self._repeat(chore, pause)))
            notify("READY=1")
            await self._stop.wait()
            notify("STOPPING=1")
            self._events.info("stopping")
        finally:
            await runner.cleanup()
            self._stop.set()
            await asyncio.gather(*tasks)
            await self._lookups.close()
            self._reader.close()
            self._writer.close()
        self._events.info("stopped")

    async def _listen(self, runner: web.AppRunner) -> None:
        service = self._config().service
        await runner.setup()
        await web.TCPSite(runner, service.listen_host, service.listen_port, backlog=1024).start()
        host, port = runner.addresses[0][:2]
        self._events.info("listening", host=host, port=port, pid=os.getpid(), state=service.state_directory)

    async def _repeat(self, chore: Callable[[], Awaitable[bool]], pause: float) -> None:
        """Do a chore until the end; it returns True when it wants to go on without a pause."""
        while not self._stop.is_set():
            again = False
            try:
                again = await chore()
            except Exception as error:  # a defect in one part must not stop the others
                trace = "".join(traceback.format_exception(error)[-3:])
                self._events.error("defect", chore=chore.__name__, error=repr(error), trace=trace)
            if not again:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stop.wait(), pause)

    async def _look_at_journal(self) -> bool:
        try:
            more = await asyncio.to_thread(self._journal.poll)
        except StoreError as error:
            if str(error) != self._health.journal_error:
                self._events.error("journal_not_read", error=error, next="nothing is lost, it is tried again")
            self._health.journal_error = str(error)
            return False
        if self._health.journal_error:
            self._events.info("journal_read_again")
        self._health.journal_error = ""
        return more

    async def _keep_house(self) -> bool:
        notify("WATCHDOG=1")
        await asyncio.to_thread(self._recorder.retry)
        self._watch.current(self._outside.monotonic())
        return False

    def _config_read(self, error: ConfigError | None) -> None:
        """The file has changed; with an error the configuration in force stays what it was."""
        self._health.config_error = "" if error is None else str(error)
        if error is not None:
            for problem in error.problems:
                self._events.error("config_refused", problem=problem, next="mend it; the old one is in force")
            return
        now = self._config()
        self._events.info("config_taken_over", file=now.file)
        for warning in now.warnings:
            self._events.warning("config", warning=warning)
        for name in ("listen_host", "listen_port", "state_directory"):
            if getattr(self._started_with, name) != getattr(now.service, name):
                self._events.warning("config_needs_restart", setting=f"service.{name}")
        self._lookups.configure(now.servers)

    async def _forget_old(self) -> bool:
        try:
            count = await asyncio.to_thread(self._writer.purge, self._outside.wall() - KEEP_DECISIONS)
        except StoreError as error:
            self._events.error("retention_failed", error=error)
            return False
        if count:
            self._events.info("old_decisions_deleted", count=count)
        return False

    def _config(self) -> Config:
        return self._watch.config

    def _print(self, decisions: list[Decision]) -> None:
        stream = self._outside.decisions
        if stream is not None:
            with contextlib.suppress(OSError, ValueError):  # whoever read them has gone
                stream.write("".join(f"time={moment(d.at)} {decision_line(d)}\n" for d in decisions))
                stream.flush()
