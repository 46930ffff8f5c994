"""From a changed record, or a session that was decided on an older one, to an order for the CoA desk.

It goes by what is, not by what has happened: whenever a session is looked at, the policy says what it would be given
now, and an order is given, withdrawn, or left as it is. So nothing is lost by a crash, and nothing is done twice.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace

from ..compliance import EndpointKey
from ..config.model import CoaMode, Config
from ..errors import StoreError
from ..sessions.book import Change
from ..sessions.directory import SessionDirectory
from ..store.coa_orders import CoaOrder, OrderState
from . import coa_orders
from .assessment import Assessment, Assessor
from .coa_desk import CoaDesk
from .events import EventLog

_AT_ONCE = 100  # sessions that are looked at in one go
_STORE_PAUSE = 1.0
_MOST_TOLD = 1000  # sessions that can't be decided again, each told once


class Changes:
    """Belongs to the event loop. `settle(key, at)`: a change has led to what it leads to; blocks, raises StoreError."""

    def __init__(
        self,
        directory: SessionDirectory,
        assessor: Assessor,
        desk: CoaDesk,
        settle: Callable[[EndpointKey, float], None],
        config: Callable[[], Config],
        events: EventLog,
        wall: Callable[[], float],
    ) -> None:
        self._directory = directory
        self._assessor = assessor
        self._desk = desk
        self._settle = settle
        self._config = config
        self._events = events
        self._wall = wall
        self._keys: dict[EndpointKey, float] = {}  # changed, with the moment of it
        self._endpoints: list[tuple[EndpointKey, Callable[[], None]]] = []  # changed otherwise, and what settles that
        self._looked_at: frozenset[EndpointKey] = frozenset()
        self._sessions: dict[str, None] = {}  # to be looked at
        self._in_work = 0
        self._told: set[str] = set()
        self._mode: CoaMode | None = None  # with which all sessions were looked at
        self._wake = asyncio.Event()
        desk.look_again = self.look

    def record_changed(self, key: EndpointKey, at: float) -> None:
        """The MDM server says something else of that endpoint than before (`Recorder.on_change`)."""
        self._keys[key] = max(at, self._keys.get(key, at))
        self._wake.set()

    def endpoint_changed(self, key: EndpointKey, settle: Callable[[], None]) -> None:
        """Something else about that endpoint has changed. `settle` is called when that has led to what it leads to.

        It blocks, and raises StoreError, after which the endpoint is looked at again.
        """
        self._endpoints.append((key, settle))
        self._wake.set()

    def pending(self, key: EndpointKey) -> bool:
        """True while it is still to come out what a change of that endpoint leads to."""
        waiting = key in self._keys or any(key == each for each, _ in self._endpoints)
        return waiting or key in self._looked_at

    def sessions_changed(self, changes: Sequence[Change]) -> None:
        """Sessions have changed (`SessionKeeper.on_change`), maybe by a decision on a record that is old by now."""
        for change in changes:
            self._desk.session_changed(change)

    def look(self, session_id: str) -> None:
        """Look at a session soon."""
        if self._config().coa.mode is not CoaMode.OFF or self._desk.open(session_id) is not None:
            self._sessions[session_id] = None
            self._wake.set()

    def configured(self) -> None:
        """The configuration was read anew."""
        self._wake.set()

    @property
    def waiting(self) -> int:
        """How many endpoints and sessions are to be looked at."""
        return len(self._keys) + len(self._endpoints) + len(self._sessions) + self._in_work

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set."""
        stopped = asyncio.create_task(stop.wait())
        while not stop.is_set():
            self._wake.clear()
            self._look_at_all()
            try:
                await self._turn()
            except StoreError as error:
                self._events.error("coa_changes_wait", error=error, next="it is tried again")
                await asyncio.wait({stopped}, timeout=_STORE_PAUSE)
                continue
            except Exception as error:  # a defect must not end this for good
                trace = "".join(traceback.format_exception(error)[-3:])
                self._events.error("defect", part="changes", error=repr(error), trace=trace, next="report this line")
                await asyncio.wait({stopped}, timeout=_STORE_PAUSE)
                continue
            if not self.waiting:
                woken = asyncio.create_task(self._wake.wait())
                await asyncio.wait({stopped, woken}, return_when=asyncio.FIRST_COMPLETED)
                woken.cancel()

    def _look_at_all(self) -> None:
        """At the start, and when the mode changes: what was to be looked at is gone, or was looked at otherwise."""
        mode = self._config().coa.mode
        if mode is not self._mode:
            self._mode = mode
            for session in self._directory.all():
                self.look(session.id)

    async def _turn(self) -> None:
        keys = dict(list(self._keys.items())[:_AT_ONCE])
        endpoints, self._endpoints = self._endpoints[:_AT_ONCE], self._endpoints[_AT_ONCE:]
        self._looked_at = frozenset([*keys, *(key for key, _ in endpoints)])
        of_keys = [session.id for key in self._looked_at for session in self._directory.of_endpoint(key)]
        wanted = list(dict.fromkeys([*of_keys, *list(self._sessions)[:_AT_ONCE]]))
        for session_id in wanted:
            self._sessions.pop(session_id, None)
        for key in keys:
            del self._keys[key]
        self._in_work = len(keys) + len(endpoints) + len(wanted)
        try:
            await self._look_at(wanted, frozenset(of_keys))
            if keys or endpoints:
                await asyncio.to_thread(self._settle_all, keys, [settle for _, settle in endpoints])
        except BaseException:
            self._sessions.update(dict.fromkeys(wanted))
            for key, at in keys.items():
                self.record_changed(key, at)
            self._endpoints += endpoints
            raise
        finally:
            self._in_work, self._looked_at = 0, frozenset()

    def _settle_all(self, keys: dict[EndpointKey, float], others: Sequence[Callable[[], None]]) -> None:
        for key, at in keys.items():
            self._settle(key, at)
        for settle in others:
            settle()

    async def _look_at(self, session_ids: Sequence[str], record_changed: frozenset[str]) -> None:
        orders = {session_id: self._desk.open(session_id) for session_id in session_ids}
        for found in await asyncio.to_thread(self._assess, orders, record_changed):
            async with self._desk.deciding:
                await self._weigh(found, orders[found.session.id])

    def _assess(self, orders: dict[str, CoaOrder | None], record_changed: frozenset[str]) -> list[Assessment]:
        found = []
        for session_id, order in orders.items():
            session = self._directory.get(session_id)
            try:
                if session is not None:
                    changed = session_id in record_changed
                    found.append(self._assessor.assess(session, order, record_changed=changed))
            except StoreError:
                raise
            except Exception as error:  # a defect about one session must not hold up the others
                self._events.error("defect", part="coa", session=session_id, error=repr(error), next="report this line")
        return found

    async def _weigh(self, found: Assessment, order: CoaOrder | None) -> None:
        session, outlook = found.session, found.outlook
        present, settings = self._directory.get(session.id), self._config().coa
        if present is None:
            return
        if present.decision_id != session.decision_id or self._desk.open(session.id) is not order:
            self.look(session.id)  # it has changed while it was looked at
            return
        if order is not None and order.state in (OrderState.SENT, OrderState.ACKED):
            self._desk.look_when_done(session.id)
            return
        if order is not None and order.author and settings.mode is not CoaMode.OFF:
            # It brings the session what it is to have in any case; if it comes to nothing, this is looked at again.
            self._desk.look_when_done(session.id)
            return
        if outlook.why_not:
            self._tell(found)
        now, wanted = self._wall(), found.wanted
        if wanted is None or settings.mode is CoaMode.OFF:
            if order is not None:
                why = "coa.mode is off" if settings.mode is CoaMode.OFF else "the session has what it is to have"
                await self._desk.take(coa_orders.superseded(order, now, outlook.why_not or why), None)
            return
        if order is not None and order.authorization == wanted:
            return
        new = coa_orders.ordered(outlook, now, settings.grace, found.number)
        old = None
        if order is not None:
            old = coa_orders.superseded(order, now, f"order {new.id}: {new.reason}")
            if order.state is new.state is OrderState.GRACE and order.due_at is not None:
                new = replace(new, due_at=order.due_at)  # the grace began with the first change for the worse
        await self._desk.take(old, new)

    def _tell(self, found: Assessment) -> None:
        outlook, session = found.outlook, found.session
        if session.id in self._told or outlook.monitored:
            return
        if len(self._told) < _MOST_TOLD:
            self._told.add(session.id)
        self._events.warning(
            "coa_not_decided", session=session.id, nas=session.nas, basis=outlook.basis, reason=outlook.why_not
        )
