"""Sessions: who is where with what authorization, what the timer has left, and what came of the last CoA."""

from __future__ import annotations

from dataclasses import dataclass

from ...config.model import Config
from ...sessions.model import Session
from ...store.session_overview import GroupBy, LastOrder, SessionCount, SessionOverview
from ...store.sessions import SessionFilter


@dataclass(frozen=True, slots=True)
class SessionRow:
    """`timer_left`: seconds until the network device reauthenticates, or ends, it; None without a timer, or ended.

    `order`: the change of authorization that was ordered last, open ones too; None when there was none.
    """

    session: Session
    timer_left: float | None
    order: LastOrder | None

    @property
    def coa(self) -> str:
        """The state of the last order in one line, else what the session remembers of the last one; "" for none."""
        if self.order is None:
            return self.session.coa_result
        return " ".join(filter(None, (self.order.state, self.order.code, self.order.action)))

    @property
    def coa_at(self) -> float | None:
        """When that was."""
        return self.session.coa_at if self.order is None else self.order.changed_at


@dataclass(frozen=True, slots=True)
class SessionList:
    """The one heard of last comes first. `more`: there are others."""

    sessions: tuple[SessionRow, ...]
    more: bool


def sessions(config: Config, chosen: SessionFilter, limit: int, now: float) -> SessionList:
    """Raises StoreError."""
    overview = SessionOverview(config.service.store_file)
    found = overview.sessions(chosen, limit + 1)
    shown = found[:limit]
    orders = overview.last_orders(session.id for session in shown)
    rows = [SessionRow(session, _left(session, now), orders.get(session.id)) for session in shown]
    return SessionList(tuple(rows), len(found) > limit)


def counts(config: Config, chosen: SessionFilter, by: GroupBy) -> list[SessionCount]:
    """The largest group first; "" is the name of what has none. Raises StoreError."""
    return SessionOverview(config.service.store_file).counts(chosen, by)


def _left(session: Session, now: float) -> float | None:
    return None if session.timer_ends_at is None or not session.live else round(session.timer_ends_at - now, 3)
