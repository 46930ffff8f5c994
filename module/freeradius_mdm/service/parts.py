"""mdmd's parts, made and put together; what they do, and when, is not decided here."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path

from ..config.model import Config, Server
from ..config.watch import ConfigWatch
from ..decision import Decision
from ..errors import ConfigError, StoreError
from ..log_line import decision_line
from ..store import schema
from ..store.exemptions import ExemptionQueries
from ..store.query import StoreQueries
from ..store.read import StoreReader
from ..store.write import StoreWriter
from . import coa_parts
from .coa_settings import faults
from .dacls import DaclKeeper
from .exemptions import Exemptions
from .health import Health
from .journal_reader import JournalReader
from .lines import moment
from .lookups import Lookups
from .outside import Outside
from .polling import Polling
from .recheck.feed import Feed
from .recheck.runner import Recheck
from .recorder import Recorder
from .sessions import SessionKeeper
from .sharing import Sharing


class Parts:
    """Everything that one mdmd consists of. The constructor reads the configuration and opens the store.

    Raises ConfigError; StoreError when the store can't be used, or is used by another mdmd.
    """

    def __init__(self, file: Path, outside: Outside, stopping: Callable[[], bool]) -> None:
        self.outside, self.events = outside, outside.events
        self.watch = ConfigWatch(file, outside.monotonic(), self._config_read)
        self.started_with = self.watch.config
        service = self.started_with.service
        self.cluster = outside.make_cluster(self.config, self.events, outside.wall, outside.monotonic)
        self.writer = StoreWriter(service.state_directory)
        try:
            schema.make_directory(service.journal_directory)
            self.recorder = Recorder(self.writer, self.events)
            self.sessions = SessionKeeper(self.writer, self.events, outside.wall(), self.cluster.node)
            self.journal = JournalReader(
                service.journal_directory, self.writer, self.sessions, outside.wall, self._print
            )
        except StoreError:
            self.writer.close()
            raise
        except OSError as error:
            self.writer.close()
            raise StoreError(f"journal {service.journal_directory} can't be made: {error.strerror}") from error
        self.dacls = DaclKeeper(self.writer, self.events)
        self.queries = StoreQueries(service.store_file)
        self.reader = StoreReader(service.store_file)
        self.sharing = self._shared()
        self.lookups = Lookups(
            self.reader,
            self.recorder,
            lambda server: outside.make_source(server, service.state_directory),
            self.events,
            outside.wall,
            outside.monotonic,
            self.sharing.flight if self.sharing else None,
        )
        # Readers of their own, because these two read in threads.
        self.recheck = Recheck(
            self.lookups,
            StoreReader(service.store_file),
            self.events,
            outside.wall,
            share=self.cluster.share,
        )
        self.cluster.tell_load(self.recheck.load)
        self.polling = Polling(
            self.lookups,
            self.recheck,
            StoreReader(service.store_file),
            service.state_directory,
            self.events,
            outside.wall,
            stopping=stopping,
        )
        self.coa = coa_parts.make(
            service.store_file,
            self.writer,
            self.sessions,
            self.recorder.settle,
            self.config,
            self.events,
            outside.wall,
            outside.monotonic,
            self.sharing,
        )
        self.exemptions = Exemptions(
            self.writer,
            ExemptionQueries(service.store_file),
            self.coa.changes,
            self.config,
            self.events,
            outside.wall,
        )
        self.health = Health(
            self.lookups,
            self.recorder,
            self.journal,
            self.queries,
            self.sessions,
            self.recheck,
            self.polling,
            self.coa,
            self.exemptions,
            self.cluster,
        )

    def config(self) -> Config:
        """The one in force."""
        return self.watch.config

    def configure(self, servers: Sequence[Server]) -> None:
        """Take over the MDM servers of a configuration."""
        self.lookups.configure(servers)
        self.recheck.configure(servers)
        self.polling.configure(servers)

    def connect(self, in_loop: Callable[[Callable[[], None]], None]) -> None:
        """Have the parts tell each other what changes; `in_loop` has something done in the event loop."""
        feed = Feed(self.sessions.directory, self.recheck, in_loop, self.outside.wall)
        self.sessions.on_change(feed.changed)
        changes = self.coa.changes
        self.sessions.on_change(lambda changed: in_loop(lambda: changes.sessions_changed(changed)))
        self.recorder.on_change.append(lambda key, _, __, at: in_loop(lambda: changes.record_changed(key, at)))
        feed.start()
        self.recorder.on_answer.append(lambda key, _, at: in_loop(lambda: self.recheck.answered(key, at)))

    async def close(self) -> None:
        """After everything that uses them has ended."""
        await self.lookups.close()
        if self.sharing is not None:
            await self.sharing.close()
        self.reader.close()
        self.writer.close()

    def _shared(self) -> Sharing | None:
        """None when this is the only node."""
        if self.started_with.cluster is None:
            return None
        return Sharing(
            self.cluster,
            self.config,
            self.recorder,
            self.sessions,
            self.reader,
            self.writer,
            self.queries,
            self.events,
            self.outside.wall,
            self.outside.monotonic,
        )

    def _config_read(self, error: ConfigError | None) -> None:
        """The file has changed; with an error the configuration in force stays what it was."""
        self.health.config_error = "" if error is None else str(error)
        if error is not None:
            for problem in error.problems:
                self.events.error("config_refused", problem=problem, next="mend it; the old one is in force")
            return
        now, before = self.config(), self.started_with
        self.events.info("config_taken_over", file=now.file)
        for warning in now.warnings:
            self.events.warning("config", warning=warning)
        for name in ("listen_host", "listen_port", "state_directory", "control_group"):
            if getattr(before.service, name) != getattr(now.service, name):
                self.events.warning("config_needs_restart", setting=f"service.{name}")
        for name in ("rate", "in_flight", "timeout"):
            if getattr(before.coa, name) != getattr(now.coa, name):
                self.events.warning("config_needs_restart", setting=f"coa.{name}")
        if before.cluster != now.cluster:
            self.events.warning("config_needs_restart", setting="cluster")
        for fault in faults(now.coa):
            self.events.warning("config", warning=fault)
        self.configure(now.servers)
        self.coa.changes.configured()

    def _print(self, decisions: list[Decision]) -> None:
        stream = self.outside.decisions
        if stream is not None:
            with contextlib.suppress(OSError, ValueError):  # whoever read them has gone
                stream.write("".join(f"time={moment(d.at)} {decision_line(d)}\n" for d in decisions))
                stream.flush()


def in_loop_of(loop: asyncio.AbstractEventLoop) -> Callable[[Callable[[], None]], None]:
    """Have something done in that loop, from any thread."""

    def in_loop(call: Callable[[], None]) -> None:
        with contextlib.suppress(RuntimeError):  # at the end of mdmd there is no loop any more to tell
            loop.call_soon_threadsafe(call)

    return in_loop
