"""Orders to network devices over HTTP.

    GET /v1/coa?open=true&state=nak&session_id=...&client=...&profile=...&limit=100
    GET /v1/coa/ID                                  one order

The one that changed last comes first. `client` is the network device's address. Fields are those of
store/coa_orders.py; of a packet its RADIUS identifier is shown.
"""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

from aiohttp import web

from ..config.model import CoaSettings
from ..store.coa_orders import CoaOrder, OrderFilter, OrderQueries, OrderState
from ..store.query import MAXIMUM_LIMIT
from .changes import Changes
from .coa_desk import CoaDesk
from .coa_settings import ClientBook

_ALLOWED = [field.name for field in dataclasses.fields(OrderFilter)]
_FLAGS = {"true": True, "false": False}


class CoaApi:
    """The handler. Errors are told as api.py does."""

    def __init__(self, queries: OrderQueries) -> None:
        self._queries = queries

    def routes(self) -> list[web.RouteDef]:
        """For the application."""
        return [web.get("/v1/coa", self._orders), web.get("/v1/coa/{id}", self._order)]

    async def _orders(self, request: web.Request) -> web.Response:
        chosen, limit = filter_of(dict(request.query))
        found = await asyncio.to_thread(self._queries.orders, chosen, limit)
        return web.json_response({"orders": [order_json(each) for each in found]})

    async def _order(self, request: web.Request) -> web.Response:
        found = await asyncio.to_thread(self._queries.order, request.match_info["id"])
        if found is None:
            raise LookupError("no order of that id is in the store")
        return web.json_response(order_json(found))


def filter_of(query: dict[str, str]) -> tuple[OrderFilter, int]:
    """The query string of /v1/coa. Raises ValueError that names what is allowed."""
    text = query.pop("limit", "100")
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MAXIMUM_LIMIT):
        raise ValueError(f"limit is 1 to {MAXIMUM_LIMIT}")
    unknown = sorted(set(query) - set(_ALLOWED))
    if unknown:
        raise ValueError(f"unknown: {', '.join(unknown)}; allowed: limit, {', '.join(_ALLOWED)}")
    if query.get("state", OrderState.NAK) not in tuple(OrderState):
        raise ValueError(f"state is one of {', '.join(OrderState)}")
    if query.get("open", "true") not in _FLAGS:
        raise ValueError("open is true or false")
    texts: dict[str, Any] = dict(query)
    if "open" in query:
        texts["open"] = _FLAGS[query["open"]]
    return OrderFilter(**texts), int(text)


def order_json(order: CoaOrder) -> dict[str, Any]:
    """Every field; times in seconds since the epoch."""
    values = {field.name: getattr(order, field.name) for field in dataclasses.fields(order) if field.name != "packet"}
    values["identifier"] = None if order.packet is None else order.packet[1]
    values["attributes"] = order.attributes.splitlines()
    return values


def coa_body(desk: CoaDesk, changes: Changes, book: ClientBook, settings: CoaSettings) -> dict[str, Any]:
    """For /v1/health. `since_start`: packets sent, orders by how they ended, refusals by Error-Cause."""
    by_state: dict[str, int] = {}
    for order in desk.all_open():
        by_state[order.state.value] = by_state.get(order.state.value, 0) + 1
    return {
        "mode": settings.mode.value,
        "grace": settings.grace,
        "to_look_at": changes.waiting,
        "open": sum(by_state.values()),
        "open_by_state": by_state,
        "since_start": dict(desk.counts),
        "alarms": [dataclasses.asdict(alarm) for alarm in desk.alarms.list()],
        "clients_error": book.error,
    }
