"""The parts of change of authorization put together, as the daemon needs them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..coa.clock import SystemClock
from ..coa.sender import Sender
from ..compliance import EndpointKey
from ..config.model import CoaMode, Config
from ..decision import Outcome
from ..errors import StoreError
from ..sessions.model import Session
from ..store.coa_orders import OrderQueries
from ..store.query import DecisionFilter, StoreQueries
from ..store.read import StoreReader
from ..store.write import StoreWriter
from . import coa_settings
from .assessment import Assessor
from .changes import Changes
from .coa_api import coa_body
from .coa_by_hand import CoaByHand
from .coa_desk import CoaDesk
from .coa_errand import DeskParts
from .coa_orders import REMEMBERED
from .coa_settings import ClientBook
from .events import EventLog
from .redecide import Redecide
from .sessions import SessionKeeper
from .sharing import Sharing

_REJECTS = 20  # of one endpoint, the newest, in which a reject is looked for


class OutsideClock(SystemClock):
    """The sender's time, by the daemon's clocks; what it waits for is real time."""

    def __init__(self, wall: Callable[[], float], monotonic: Callable[[], float]) -> None:
        self.wall = wall  # type: ignore[method-assign]
        self.monotonic = monotonic  # type: ignore[method-assign]


@dataclass(frozen=True, slots=True)
class Coa:
    """`desk` sends, `changes` says what, so does an operator `by_hand`, `book` has the secrets."""

    desk: CoaDesk
    changes: Changes
    by_hand: CoaByHand
    book: ClientBook
    queries: OrderQueries
    config: Callable[[], Config]

    def body(self) -> dict[str, Any]:
        """For /v1/health."""
        return coa_body(self.desk, self.changes, self.book, self.config().coa)

    @property
    def troubled(self) -> bool:
        """True when an operator has something to look at."""
        return self.config().coa.mode is not CoaMode.OFF and bool(self.desk.alarms.list() or self.book.error)


def make(
    store_file: Path,
    writer: StoreWriter,
    sessions: SessionKeeper,
    settle: Callable[[EndpointKey, float], None],
    config: Callable[[], Config],
    events: EventLog,
    wall: Callable[[], float],
    monotonic: Callable[[], float],
    sharing: Sharing | None = None,
) -> Coa:
    """All of it; nothing is read or sent yet. `config` gives the present configuration. `sharing`: with other nodes."""
    settings = config().coa
    queries, reader, orders = StoreQueries(store_file), StoreReader(store_file), OrderQueries(store_file)

    def enrolment_address(server: str) -> str:
        try:
            return reader.redirect_url(server)
        except StoreError:
            return ""

    def rejected(session: Session, since: float) -> bool:
        mac, user = (session.mac, None) if session.mac else (None, session.user)
        chosen = DecisionFilter(outcome=Outcome.REJECT.value, since=since, mac=mac, user=user)
        found = [stored.decision for stored in queries.decisions(chosen, _REJECTS)]
        return any(
            made.client == session.client and made.audit_session_id == session.audit_session_id for made in found
        )

    assessor = Assessor(Redecide(reader, queries.decision, config, wall, enrolment_address), orders, config)
    book = ClientBook(events, monotonic)
    sender = Sender(
        policy=coa_settings.retransmission(settings),
        pace=coa_settings.pace(settings),
        clock=OutsideClock(wall, monotonic),
        remember=REMEMBERED,
    )
    parts = DeskParts(writer, sessions, assessor, book, sender, config, rejected, events, wall)
    if sharing is not None:
        parts = replace(parts, claim=sharing.claim, settled=sharing.settled)
    desk = CoaDesk(parts)
    changes = Changes(sessions.directory, assessor, desk, settle, config, events, wall)
    by_hand = CoaByHand(sessions.directory, desk, config, wall)
    return Coa(desk, changes, by_hand, book, orders, config)


async def run(coa: Coa, ready: asyncio.Event, stop: asyncio.Event, begin: Callable[[], int], events: EventLog) -> None:
    """Until `stop` is set.

    `ready`: the journal has been read to its end, so that the sessions say what has become of orders in doubt.
    `begin` tells of the changes that have not been settled; blocks, raises StoreError.
    """
    stopped, waiting = asyncio.create_task(stop.wait()), asyncio.create_task(ready.wait())
    await asyncio.wait({stopped, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if coa.config().coa.mode is not CoaMode.OFF:
        await asyncio.to_thread(coa.book.check, coa.config().coa)
    while not stop.is_set():
        try:
            await coa.desk.load()
            await asyncio.to_thread(begin)
            break
        except StoreError as error:
            events.error("coa_waits", error=error, next="it is tried again")
            await asyncio.wait({stopped}, timeout=1.0)
    await asyncio.gather(coa.desk.run(stop), coa.changes.run(stop))
    stopped.cancel()
