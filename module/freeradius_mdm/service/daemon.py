"""mdmd's life: start the parts, keep them going, stop them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import traceback
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from aiohttp import web

from ..compliance import ComplianceSource
from ..config.model import Config, Server
from ..config.watch import ConfigWatch
from ..decision import Decision
from ..errors import ConfigError, StoreError
from ..exemption import KEPT
from ..log_line import decision_line
from ..store import schema
from ..store.exemptions import ExemptionQueries
from ..store.query import StoreQueries
from ..store.read import StoreReader
from ..store.retention import KEEP_DECISIONS, KEEP_REQUESTS
from ..store.sessions import SessionQueries
from ..store.write import StoreWriter
from . import coa_parts
from .api import Api
from .cluster.protocol import Cluster
from .coa_api import CoaApi
from .coa_settings import faults
from .control import ControlSocket, ControlSocketError
from .control_api import LONGEST_BODY, ControlApi
from .dacls import DaclKeeper
from .events import EventLog
from .exemption_api import ExemptionApi
from .exemptions import Exemptions
from .health import Health
from .journal_reader import JournalReader
from .lines import moment
from .lookups import Lookups
from .notify import notify
from .polling import Polling
from .recheck.feed import Feed
from .recheck.runner import Recheck
from .recorder import Recorder
from .session_api import SessionApi
from .sessions import SessionKeeper
from .sharing import Sharing, make_cluster

_JOURNAL_PAUSE = 0.15  # seconds between looks at the journal
_HOUSEKEEPING_PAUSE = 1.0
_RETENTION_PAUSE = 3600.0
_STRIPPED_AT_START = 7 * 86400.0  # seconds; what an mdmd that did not run for so long left behind
_AGING_PAUSE = 30.0
_REJOINING = 60.0  # seconds for which a node that comes back believes in its sessions, until the others have told
_KEEP_ALIVE = 3600.0  # longer than rlm_rest's idle_timeout, so that it is never we who close a pooled connection
_LAST_REQUESTS = 3.0  # seconds that requests under way are given at the end

MakeSource = Callable[[Server, Path], ComplianceSource]
MakeCluster = Callable[[Callable[[], Config], EventLog, Callable[[], float], Callable[[], float]], Cluster]


@dataclass(frozen=True, slots=True)
class Outside:
    """What the daemon takes from outside, so that tests can give their own."""

    make_source: MakeSource
    wall: Callable[[], float]  # seconds since the epoch
    monotonic: Callable[[], float]
    events: EventLog
    decisions: TextIO | None  # one line per decision goes there
    make_cluster: MakeCluster = make_cluster


class Daemon:
    """One mdmd. The constructor reads the configuration and opens the store.

    Raises ConfigError; StoreError when the store can't be used, or is used by another mdmd.
    """

    def __init__(self, file: Path, outside: Outside) -> None:
        self._outside = outside
        self._events = outside.events
        self._watch = ConfigWatch(file, outside.monotonic(), self._config_read)
        service = self._started_with = self._watch.config.service
        self._started_with_coa = self._watch.config.coa
        self._started_with_cluster = self._watch.config.cluster
        self._cluster = outside.make_cluster(self._config, outside.events, outside.wall, outside.monotonic)
        self._writer = StoreWriter(service.state_directory)
        try:
            schema.make_directory(service.journal_directory)
            self._recorder = Recorder(self._writer, outside.events)
            self._sessions = SessionKeeper(self._writer, outside.events, outside.wall(), self._cluster.node)
            self._journal = JournalReader(
                service.journal_directory, self._writer, self._sessions, outside.wall, self._print
            )
        except StoreError:
            self._writer.close()
            raise
        except OSError as error:
            self._writer.close()
            raise StoreError(f"journal {service.journal_directory} can't be made: {error.strerror}") from error
        self._dacls = DaclKeeper(self._writer, outside.events)
        self._queries = StoreQueries(service.store_file)
        self._reader = StoreReader(service.store_file)
        sharing = self._sharing = self._shared()
        self._lookups = Lookups(
            self._reader,
            self._recorder,
            lambda server: outside.make_source(server, service.state_directory),
            outside.events,
            outside.wall,
            outside.monotonic,
            sharing.flight if sharing else None,
        )
        self._stop = asyncio.Event()
        self._ages_from = outside.monotonic() + (_REJOINING if sharing else 0.0)
        self._stripped_to = 0.0
        # Readers of their own, because these two read in threads.
        self._recheck = Recheck(self._lookups, StoreReader(service.store_file), outside.events, outside.wall)
        self._polling = Polling(
            self._lookups,
            self._recheck,
            StoreReader(service.store_file),
            service.state_directory,
            outside.events,
            outside.wall,
            stopping=self._stop.is_set,
        )
        self._coa = coa_parts.make(
            service.store_file,
            self._writer,
            self._sessions,
            self._recorder.settle,
            self._config,
            outside.events,
            outside.wall,
            outside.monotonic,
            sharing,
        )
        self._exemptions = Exemptions(
            self._writer,
            ExemptionQueries(service.store_file),
            self._coa.changes,
            self._config,
            outside.events,
            outside.wall,
        )
        self._seen: Config | None = None  # whose profiles were looked at for exemptions
        self._journal_read = asyncio.Event()  # to its end, once
        self._health = Health(
            self._lookups,
            self._recorder,
            self._journal,
            self._queries,
            self._sessions,
            self._recheck,
            self._polling,
            self._coa,
            self._exemptions,
            self._cluster,
        )

    def _shared(self) -> Sharing | None:
        """None when this is the only node."""
        if self._started_with_cluster is None:
            return None
        return Sharing(
            self._cluster,
            self._config,
            self._recorder,
            self._sessions,
            self._reader,
            self._writer,
            self._queries,
            self._events,
            self._outside.wall,
            self._outside.monotonic,
        )

    async def run(self) -> None:
        """Until SIGTERM or SIGINT. Raises OSError when the address can't be listened on."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        tasks: list[asyncio.Task[None]] = []
        api = Api(
            self._lookups,
            self._queries,
            self._config,
            self._health.body,
            self._outside.wall,
            [
                *SessionApi(SessionQueries(self._started_with.store_file), self._coa.queries).routes(),
                *CoaApi(self._coa.queries).routes(),
                *ExemptionApi(self._exemptions.queries, self._outside.wall).routes(),
            ],
        )
        runner = web.AppRunner(
            api.application(), access_log=None, keepalive_timeout=_KEEP_ALIVE, shutdown_timeout=_LAST_REQUESTS
        )
        control = web.AppRunner(
            api.application(self._control(api).routes(), LONGEST_BODY), access_log=None, shutdown_timeout=_LAST_REQUESTS
        )
        service = self._started_with
        socket = ControlSocket(service.control_socket, service.control_group, self._events)
        try:
            await self._listen(runner)
            self._configure(self._config().servers)
            self._follow_sessions(loop)
            if self._sharing is not None:
                await self._sharing.start(lambda call: _in_loop(loop, call), self._polling, self._exemptions)
                tasks.append(asyncio.create_task(self._sharing.run(self._stop)))
            tasks.append(asyncio.create_task(self._recheck.run(self._stop)))
            tasks.append(asyncio.create_task(self._change_authorizations()))
            for chore, pause in (
                (self._look_at_journal, _JOURNAL_PAUSE),
                (self._keep_house, _HOUSEKEEPING_PAUSE),
                (self._keep_dacls, _HOUSEKEEPING_PAUSE),
                (self._keep_exemptions, _HOUSEKEEPING_PAUSE),
                (self._age_sessions, _AGING_PAUSE),
                (self._poll, _HOUSEKEEPING_PAUSE),
                (self._forget_old, _RETENTION_PAUSE),
            ):
                tasks.append(asyncio.create_task(self._repeat(chore, pause)))
            await self._take_orders(control, socket)
            notify("READY=1")
            await self._stop.wait()
            notify("STOPPING=1")
            self._events.info("stopping")
        finally:
            socket.close()
            await control.cleanup()
            await runner.cleanup()
            self._stop.set()
            await asyncio.gather(*tasks)
            await self._lookups.close()
            if self._sharing is not None:
                await self._sharing.close()
            self._reader.close()
            self._writer.close()
        self._events.info("stopped")

    async def _listen(self, runner: web.AppRunner) -> None:
        service = self._config().service
        await runner.setup()
        await web.TCPSite(runner, service.listen_host, service.listen_port, backlog=1024).start()
        host, port = runner.addresses[0][:2]
        self._events.info("listening", host=host, port=port, pid=os.getpid(), state=service.state_directory)

    def _control(self, api: Api) -> ControlApi:
        return ControlApi(
            self._lookups,
            api.record_json,
            self._exemptions,
            self._coa.by_hand,
            self._coa.changes,
            self._coa.queries,
            self._sessions.directory,
            self._events,
            self._outside.wall,
        )

    async def _take_orders(self, runner: web.AppRunner, socket: ControlSocket) -> None:
        """Listen to operators. Without it devices are let in and kept out all the same."""
        await runner.setup()
        try:
            await web.SockSite(runner, socket.open()).start()
        except ControlSocketError as error:
            self._health.control_error = str(error)
            self._events.error("control_socket", error=error, next="mdmctl can't change anything until then")

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
        if not more:
            self._journal_read.set()
        if self._health.journal_error:
            self._events.info("journal_read_again")
        self._health.journal_error = ""
        return more

    async def _change_authorizations(self) -> None:
        for fault in faults(self._config().coa):
            self._events.warning("config", warning=fault)
        if self._sharing is not None:
            await self._sharing.at_home(self._stop)
        begin = self._recorder.tell_unsettled
        await coa_parts.run(self._coa, self._journal_read, self._stop, begin, self._events)

    async def _keep_house(self) -> bool:
        notify("WATCHDOG=1")
        await asyncio.to_thread(self._recorder.retry)
        self._watch.current(self._outside.monotonic())
        return False

    async def _age_sessions(self) -> bool:
        if not self._journal_read.is_set() or self._outside.monotonic() < self._ages_from:
            # What was heard of sessions while this mdmd was away is still to be read, and to be told by other nodes.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), 1.0)
            return True
        try:
            now, lost_after = self._outside.wall(), self._config().sessions.lost_after
            await asyncio.to_thread(self._sessions.age, now, lost_after)
        except StoreError as error:
            self._events.error("sessions_not_aged", error=error, next="it is tried again")
        return False

    async def _poll(self) -> bool:
        await self._polling.sweep()
        return False

    async def _keep_exemptions(self) -> bool:
        try:
            await self._exemptions.look()
            if self._seen is not (config := self._config()):
                await asyncio.to_thread(self._exemptions.look_at_profiles)
                self._seen = config
        except StoreError as error:
            if not self._recorder.error:  # which tells of the store
                self._events.error("exemptions_wait", error=error, next="it is tried again")
        return False

    async def _keep_dacls(self) -> bool:
        config = self._config()
        await asyncio.to_thread(self._dacls.keep, config.dacls, config.service, self._outside.wall())
        return False

    def _configure(self, servers: Sequence[Server]) -> None:
        self._lookups.configure(servers)
        self._recheck.configure(servers)
        self._polling.configure(servers)

    def _follow_sessions(self, loop: asyncio.AbstractEventLoop) -> None:
        def in_loop(call: Callable[[], None]) -> None:
            _in_loop(loop, call)

        feed = Feed(self._sessions.directory, self._recheck, in_loop, self._outside.wall)
        self._sessions.on_change(feed.changed)
        changes = self._coa.changes
        self._sessions.on_change(lambda changed: in_loop(lambda: changes.sessions_changed(changed)))
        self._recorder.on_change.append(lambda key, _, __, at: in_loop(lambda: changes.record_changed(key, at)))
        feed.start()
        self._recorder.on_answer.append(lambda key, _, at: in_loop(lambda: self._recheck.answered(key, at)))

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
        for name in ("listen_host", "listen_port", "state_directory", "control_group"):
            if getattr(self._started_with, name) != getattr(now.service, name):
                self._events.warning("config_needs_restart", setting=f"service.{name}")
        for name in ("rate", "in_flight", "timeout"):
            if getattr(self._started_with_coa, name) != getattr(now.coa, name):
                self._events.warning("config_needs_restart", setting=f"coa.{name}")
        if self._started_with_cluster != now.cluster:
            self._events.warning("config_needs_restart", setting="cluster")
        for fault in faults(now.coa):
            self._events.warning("config", warning=fault)
        self._configure(now.servers)

    async def _forget_old(self) -> bool:
        try:
            now = self._outside.wall()
            count = await asyncio.to_thread(self._writer.purge, now - KEEP_DECISIONS)
            old = now - KEEP_REQUESTS
            await asyncio.to_thread(self._writer.strip_requests, self._stripped_to or old - _STRIPPED_AT_START, old)
            self._stripped_to = old
            await asyncio.to_thread(self._dacls.forget, self._config().service, now)
            await asyncio.to_thread(self._writer.purge_sessions, now - self._config().sessions.keep_ended)
            await asyncio.to_thread(self._writer.purge_orders, now - self._config().sessions.keep_ended)
            await asyncio.to_thread(self._writer.purge_exemptions, now - KEPT)
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


def _in_loop(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    with contextlib.suppress(RuntimeError):  # at the end of mdmd there is no loop any more to tell
        loop.call_soon_threadsafe(call)
