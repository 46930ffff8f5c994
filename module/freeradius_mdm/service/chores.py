"""What mdmd does again and again: reads the journal, keeps house, ages sessions, polls, forgets what is old."""

from __future__ import annotations

import asyncio
import contextlib
import traceback
from collections.abc import Awaitable, Callable

from ..config.model import Config
from ..errors import StoreError
from ..exemption import KEPT
from ..store.retention import KEEP_DECISIONS, KEEP_REQUESTS
from . import coa_parts
from .coa_settings import faults
from .notify import notify
from .parts import Parts

_JOURNAL_PAUSE = 0.15  # seconds between looks at the journal
_HOUSEKEEPING_PAUSE = 1.0
_RETENTION_PAUSE = 3600.0
_STRIPPED_AT_START = 7 * 86400.0  # seconds; what an mdmd that did not run for so long left behind
_AGING_PAUSE = 30.0
_REJOINING = 60.0  # seconds for which a node that comes back believes in its sessions, until the others have told


class Chores:
    """Until `stop` is set. A defect in one does not stop the others."""

    def __init__(self, parts: Parts, stop: asyncio.Event) -> None:
        self._parts = parts
        self._events = parts.events
        self._stop = stop
        self._ages_from = parts.outside.monotonic() + (_REJOINING if parts.sharing else 0.0)
        self._stripped_to = 0.0
        self._seen: Config | None = None  # whose profiles were looked at for exemptions
        self._journal_read = asyncio.Event()  # to its end, once

    def start(self) -> list[asyncio.Task[None]]:
        """One task each."""
        repeated = (
            (self._look_at_journal, _JOURNAL_PAUSE),
            (self._keep_house, _HOUSEKEEPING_PAUSE),
            (self._keep_dacls, _HOUSEKEEPING_PAUSE),
            (self._keep_exemptions, _HOUSEKEEPING_PAUSE),
            (self._age_sessions, _AGING_PAUSE),
            (self._poll, _HOUSEKEEPING_PAUSE),
            (self._forget_old, _RETENTION_PAUSE),
        )
        tasks = [
            asyncio.create_task(self._parts.recheck.run(self._stop)),
            asyncio.create_task(self._change_authorizations()),
        ]
        if self._parts.sharing is not None:
            tasks.append(asyncio.create_task(self._parts.sharing.run(self._stop)))
        return tasks + [asyncio.create_task(self._repeat(chore, pause)) for chore, pause in repeated]

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
        health = self._parts.health
        try:
            more = await asyncio.to_thread(self._parts.journal.poll)
        except StoreError as error:
            if str(error) != health.journal_error:
                self._events.error("journal_not_read", error=error, next="nothing is lost, it is tried again")
            health.journal_error = str(error)
            return False
        if not more:
            self._journal_read.set()
        if health.journal_error:
            self._events.info("journal_read_again")
        health.journal_error = ""
        return more

    async def _change_authorizations(self) -> None:
        for fault in faults(self._parts.config().coa):
            self._events.warning("config", warning=fault)
        if self._parts.sharing is not None:
            await self._parts.sharing.at_home(self._stop)
        begin = self._parts.recorder.tell_unsettled
        await coa_parts.run(self._parts.coa, self._journal_read, self._stop, begin, self._events)

    async def _keep_house(self) -> bool:
        notify("WATCHDOG=1")
        await asyncio.to_thread(self._parts.recorder.retry)
        self._parts.watch.current(self._parts.outside.monotonic())
        return False

    async def _age_sessions(self) -> bool:
        if not self._journal_read.is_set() or self._parts.outside.monotonic() < self._ages_from:
            # What was heard of sessions while this mdmd was away is still to be read, and to be told by other nodes.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), 1.0)
            return True
        try:
            now, lost_after = self._parts.outside.wall(), self._parts.config().sessions.lost_after
            await asyncio.to_thread(self._parts.sessions.age, now, lost_after)
        except StoreError as error:
            self._events.error("sessions_not_aged", error=error, next="it is tried again")
        return False

    async def _poll(self) -> bool:
        await self._parts.polling.sweep()
        return False

    async def _keep_exemptions(self) -> bool:
        exemptions = self._parts.exemptions
        try:
            await exemptions.look()
            if self._seen is not (config := self._parts.config()):
                await asyncio.to_thread(exemptions.look_at_profiles)
                self._seen = config
        except StoreError as error:
            if not self._parts.recorder.error:  # which tells of the store
                self._events.error("exemptions_wait", error=error, next="it is tried again")
        return False

    async def _keep_dacls(self) -> bool:
        config = self._parts.config()
        await asyncio.to_thread(self._parts.dacls.keep, config.dacls, config.service, self._parts.outside.wall())
        return False

    async def _forget_old(self) -> bool:
        writer, config, now = self._parts.writer, self._parts.config(), self._parts.outside.wall()
        try:
            count = await asyncio.to_thread(writer.purge, now - KEEP_DECISIONS)
            old = now - KEEP_REQUESTS
            await asyncio.to_thread(writer.strip_requests, self._stripped_to or old - _STRIPPED_AT_START, old)
            self._stripped_to = old
            await asyncio.to_thread(self._parts.dacls.forget, config.service, now)
            await asyncio.to_thread(writer.purge_sessions, now - config.sessions.keep_ended)
            await asyncio.to_thread(writer.purge_orders, now - config.sessions.keep_ended)
            await asyncio.to_thread(writer.purge_exemptions, now - KEPT)
        except StoreError as error:
            self._events.error("retention_failed", error=error)
            return False
        if count:
            self._events.info("old_decisions_deleted", count=count)
        return False
