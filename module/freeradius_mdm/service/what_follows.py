"""What has followed for an endpoint's sessions of what an operator has had done, as far as that is known soon.

A session that ends by it is told like one that goes on: a network device that knows it no more (RFC 5176 section 3.5,
Error-Cause 503), or has taken it down, is what the operator wants to hear of.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..compliance import EndpointKey
from ..sessions.model import Session
from ..store.coa_orders import CoaOrder, OrderQueries, OrderState
from .changes import Changes
from .coa_api import order_json
from .sessions import SessionKeeper

_WITHIN = 3.0  # seconds until it is told as far as it is known
_LOOK = 0.02
_ON_ITS_WAY = frozenset({OrderState.PLANNED, OrderState.SENT})
_ELSEWHERE = "elsewhere"  # another node answers for the session now


@dataclass(frozen=True, slots=True)
class Before:
    """The live sessions of an endpoint before something was done; `at`: seconds since the epoch."""

    key: EndpointKey
    at: float
    sessions: tuple[Session, ...]


class WhatFollows:
    """Belongs to the event loop."""

    def __init__(
        self, changes: Changes, orders: OrderQueries, keeper: SessionKeeper, wall: Callable[[], float]
    ) -> None:
        self._changes = changes
        self._orders = orders
        self._keeper = keeper
        self._wall = wall

    def before(self, key: EndpointKey) -> Before:
        """To be called before anything is done."""
        return Before(key, self._wall(), tuple(self._keeper.directory.of_endpoint(key)))

    async def after(self, before: Before) -> list[dict[str, Any]]:
        """Every session that was live before or is now: `id`, `nas`, `nas_name`, `user`, `mac`, `profile`, `state`,

        `end_cause` and `order`, null for a session that nothing was ordered for. `state` is that of sessions/model.py,
        or `elsewhere`. A network device's answer is waited for, but not for long. Raises StoreError.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _WITHIN
        while self._changes.pending(before.key) and loop.time() < deadline:
            await asyncio.sleep(_LOOK)
        while True:
            found = await asyncio.to_thread(self._found, before)
            if loop.time() >= deadline or not any(self._is_open(*each) for each in found):
                return [_values(*each) for each in found]
            await asyncio.sleep(_LOOK)

    def _found(self, before: Before) -> list[tuple[Session, str, CoaOrder | None]]:
        sessions = {each.id: each for each in before.sessions}
        sessions |= {each.id: each for each in self._keeper.directory.of_endpoint(before.key)}
        found = []
        for identifier, session in sessions.items():
            # The session before its order: what ends it is stored first, and settles the order after that.
            present = self._keeper.known(identifier)
            order = self._order(identifier, before.at)
            state = _ELSEWHERE if present is None else present.state.value
            found.append((present or session, state, order))
        return found

    def _order(self, session_id: str, since: float) -> CoaOrder | None:
        """The last one, if anything was done about it since; one that is under way does what a second one would."""
        orders = self._orders.of_session(session_id)
        last = orders[-1] if orders else None
        return last if last is not None and (not last.settled or last.changed_at >= since) else None

    def _is_open(self, session: Session, state: str, order: CoaOrder | None) -> bool:
        if order is None or order.settled:
            return False
        if not session.live or state == _ELSEWHERE:
            return True  # its end settles the order in a moment
        return order.state in _ON_ITS_WAY and (order.due_at is None or order.due_at <= self._wall())


def _values(session: Session, state: str, order: CoaOrder | None) -> dict[str, Any]:
    return {
        "id": session.id,
        "nas": session.nas,
        "nas_name": session.nas_name,
        "user": session.user,
        "mac": session.mac,
        "profile": session.profile,
        "state": state,
        "end_cause": session.end_cause,
        "order": None if order is None else order_json(order),
    }
