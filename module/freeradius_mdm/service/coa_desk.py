"""Carries out orders to network devices: each is in the store before anything is sent, and has one effect.

What a crash leaves in doubt is sent again with the same octets from the same port while the device can know them again;
a session that was authorized anew since, or has ended, settles its order without a packet.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

from ..decision import Decision
from ..errors import StoreError
from ..sessions.book import Change
from ..store.coa_orders import CoaOrder, OrderState
from .coa_agenda import Agenda
from .coa_alarms import Alarms
from .coa_errand import DeskParts, Errands, Withdrawn, settled_by

_LONGEST_PAUSE = 1.0  # seconds until it looks again, whatever comes in between
_STORE_PAUSE = 5.0  # seconds after the store took nothing
_DEFECT_PAUSE = 60.0
_LAST_WORDS = 2.0  # seconds that what is being stored is given at the end
_WARNED = frozenset({OrderState.NAK, OrderState.TIMEOUT, OrderState.FAILED})


class CoaDesk:
    """Belongs to the event loop. `look_again` is called with a session that may need another order."""

    def __init__(self, parts: DeskParts) -> None:
        self._parts = parts
        self.alarms = Alarms(parts.events)
        self.counts: Counter[str] = Counter()  # since the start: final states, `sent`, and `nak CAUSE`
        self.look_again: Callable[[str], None] = lambda _: None
        self._errands = Errands(parts, self.alarms, self._keep_sent)
        self._open: dict[str, CoaOrder] = {}  # by session, at most one each
        self._in_hand: dict[str, asyncio.Task[None]] = {}  # by session
        self._writing: set[asyncio.Task[None]] = set()
        self._unsaved: dict[str, CoaOrder] = {}
        self._dirty: set[str] = set()  # sessions to look at when their order has come further
        self._agenda = Agenda(each=2 * parts.config().coa.in_flight)
        self._wake = asyncio.Event()
        # Held by whoever looks at what is open about a session and then calls `take`.
        self.deciding = asyncio.Lock()

    def open(self, session_id: str) -> CoaOrder | None:
        """The order about that session that is not settled."""
        return self._open.get(session_id)

    def all_open(self) -> list[CoaOrder]:
        """Every order that is not settled."""
        return list(self._open.values())

    def look_when_done(self, session_id: str) -> None:
        """Its packet is on its way, or acknowledged and not carried out yet: `look_again` when that is over."""
        self._dirty.add(session_id)

    async def load(self) -> int:
        """Take up what a process that ended has left; how many orders. Raises StoreError."""
        orders = await asyncio.to_thread(self._parts.writer.unsettled_orders)
        for order in orders:
            self._keep(order)
            self._settle_by_session(order.session_id)  # whose reauthentication may have come meanwhile
        if orders:
            self._parts.events.info("coa_taken_up", orders=len(orders))
        return len(orders)

    async def take(self, withdrawn: CoaOrder | None, new: CoaOrder | None) -> None:
        """Store a new order of a session, and that another is not needed any more, together. Raises StoreError.

        Nothing is sent of an order that is withdrawn here, even if it stood in line for its packet already.
        """
        changed = [order for order in (withdrawn, new) if order is not None]
        before = self._open.pop(changed[0].session_id, None)
        self._agenda.drop(changed[0].session_id)
        try:
            await asyncio.to_thread(self._parts.writer.put_orders, changed)
        except StoreError:
            if before is not None:
                self._keep(before)
            raise
        if withdrawn is not None:
            self._told(withdrawn)
        if new is not None:
            wait = max(0.0, (new.due_at or 0.0) - self._parts.wall())
            self._log("coa_ordered", new, reason=new.reason, in_s=wait)
            self._keep(new)
            self._settle_by_session(new.session_id)  # which may have ended while the order was being stored

    def session_changed(self, change: Change) -> None:
        """A session has ended, or was authorized anew: its order may be settled by that."""
        session = change.after or change.before
        assert session is not None
        self._settle_by_session(session.id)
        live, before = change.after is not None and change.after.live, change.before
        # One that has come back to life may have missed a change meanwhile.
        if live and (before is None or not before.live or before.decision_id != session.decision_id):
            self.look_again(session.id)

    def _settle_by_session(self, session_id: str) -> None:
        order = self._open.get(session_id)
        if order is None or order.state is OrderState.SENT:  # then its answer says more
            return
        settled = settled_by(order, self._parts.sessions.directory.get(session_id), self._parts.wall())
        if settled is not None:
            del self._open[session_id]
            self._agenda.drop(session_id)
            self._background(self._close(settled))

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set. What is on its way then stays in doubt, and is taken up at the next start."""
        while not stop.is_set():
            self._wake.clear()
            for session_id in self._agenda.take(self._parts.wall()):
                order = self._open[session_id]
                self._in_hand[session_id] = asyncio.create_task(self._carry_out(order))
            await self._save()
            await self._pause(stop)
        for task in self._in_hand.values():
            task.cancel()
        await asyncio.gather(*self._in_hand.values(), return_exceptions=True)
        if self._writing:
            await asyncio.wait(self._writing, timeout=_LAST_WORDS)
        self._parts.sender.close()

    async def _pause(self, stop: asyncio.Event) -> None:
        seconds = min(_LONGEST_PAUSE, max(0.0, self._agenda.next_at() - self._parts.wall()))
        if self._parts.sleep is not None:
            await self._parts.sleep(seconds)
        else:
            waits = [asyncio.create_task(each.wait()) for each in (self._wake, stop)]
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            for each in waits:
                each.cancel()

    async def _carry_out(self, order: CoaOrder) -> None:
        """One step of an order; whatever it comes to, the session is not in hand afterwards."""
        now, retry_at = self._parts.wall(), None
        try:
            after = await self._errands.step(order, self._parts.sessions.directory.get(order.session_id))
            await self._further(after)
        except Withdrawn:
            pass
        except StoreError as error:
            self._parts.events.error("coa_not_stored", order=order.id, error=error, next="it is tried again")
            retry_at = now + _STORE_PAUSE
        except Exception as error:  # a defect must not keep the other orders from being carried out
            self._parts.events.error("defect", part="coa", order=order.id, error=repr(error), next="report this line")
            retry_at = now + _DEFECT_PAUSE
        finally:
            del self._in_hand[order.session_id]
            self._agenda.done(order.client)
            current = self._open.get(order.session_id)
            if current is not None:
                due_at = current.due_at if retry_at is None or current.id != order.id else retry_at
                self._agenda.put(current.session_id, current.client, now if due_at is None else due_at)
            self._wake.set()

    async def _further(self, after: CoaOrder) -> None:
        """An order has come further, or to its end."""
        current = self._open.get(after.session_id)
        if current is None or current.id != after.id:
            return
        if after.settled:
            del self._open[after.session_id]
            await self._close(after)
        else:
            self._open[after.session_id] = after
            await self._put(after)
            self._log("coa", after)
            # What it is to bring about may have come before its answer.
            session = self._parts.sessions.directory.get(after.session_id)
            settled = settled_by(after, session, self._parts.wall())
            if settled is not None and self._open.get(after.session_id) is after:
                await self._further(settled)

    async def _close(self, settled: CoaOrder) -> None:
        await self._put(settled)
        self._told(settled)
        await self._parts.settled(settled.id, settled.state.value)
        dirty = settled.session_id in self._dirty
        self._dirty.discard(settled.session_id)
        if dirty or settled.state is OrderState.SUPERSEDED:
            self.look_again(settled.session_id)

    async def _keep_sent(self, before: CoaOrder, after: CoaOrder, pushed: Decision | None) -> CoaOrder:
        if self._open.get(before.session_id) is not before:
            # Choosing an action can have made another value of the same order.
            current = self._open.get(before.session_id)
            if current is None or current.id != before.id:
                raise Withdrawn
        self._open[after.session_id] = after
        try:
            await asyncio.to_thread(self._parts.writer.put_orders, [after], [pushed] if pushed else [])
        except StoreError:
            self._open[after.session_id] = before
            raise
        self.counts["sent"] += 1
        return after

    async def _put(self, order: CoaOrder) -> None:
        try:
            await asyncio.to_thread(self._parts.writer.put_orders, [order])
        except StoreError:  # told by the recorder; after a crash now, the order would be taken up once more
            self._unsaved[order.id] = order

    async def _save(self) -> None:
        for order in list(self._unsaved.values()):
            del self._unsaved[order.id]
            await self._put(order)
            if order.id in self._unsaved:
                return

    def _keep(self, order: CoaOrder) -> None:
        self._open[order.session_id] = order
        due_at = self._parts.wall() if order.due_at is None else order.due_at
        if order.session_id not in self._in_hand:
            self._agenda.put(order.session_id, order.client, due_at)
            self._wake.set()

    def _background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    def _told(self, order: CoaOrder) -> None:
        self.counts[order.state.value] += 1
        if order.state is OrderState.NAK:
            self.counts[f"nak {order.cause or 'without cause'}"] += 1
        self._log("coa", order)

    def _log(self, event: str, order: CoaOrder, **more: object) -> None:
        write = self._parts.events.warning if order.state in _WARNED else self._parts.events.info
        write(
            event,
            order=order.id,
            session=order.session_id,
            nas=order.client,
            state=order.state.value,
            profile=order.profile,
            **({"action": order.action, "code": order.code, "detail": order.detail} if event == "coa" else {}),
            **more,
        )
