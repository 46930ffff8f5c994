"""Sessions over HTTP.

    GET /v1/sessions?mac=...&identity=...&user=...&nas=...&rule=...&profile=...&server=...&state=live&limit=100
    GET /v1/sessions/ID                     with the orders about it to its network device, the latest one last

The one heard of last comes first. `mac` in any notation; `nas` is the network device's address or short name;
`state` is authorized, started, ended, or live for the first two. Fields and units are those of sessions/model.py.
"""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

from aiohttp import web

from .. import mac
from ..sessions.model import Session, SessionState
from ..store.coa_orders import OrderQueries
from ..store.query import MAXIMUM_LIMIT
from ..store.sessions import LIVE, SessionFilter, SessionQueries
from .coa_api import order_json
from .sessions import SessionKeeper

_STATES = (*(state.value for state in SessionState), LIVE)
_ALLOWED = [field.name for field in dataclasses.fields(SessionFilter)]


class SessionApi:
    """The handlers. Errors are told as api.py does."""

    def __init__(self, queries: SessionQueries, orders: OrderQueries) -> None:
        self._queries = queries
        self._orders = orders

    def routes(self) -> list[web.RouteDef]:
        """For the application."""
        return [web.get("/v1/sessions", self._sessions), web.get("/v1/sessions/{id}", self._session)]

    async def _sessions(self, request: web.Request) -> web.Response:
        chosen, limit = filter_of(dict(request.query))
        found = await asyncio.to_thread(self._queries.sessions, chosen, limit)
        return web.json_response({"sessions": [session_json(each) for each in found]})

    async def _session(self, request: web.Request) -> web.Response:
        found = await asyncio.to_thread(self._queries.session, request.match_info["id"])
        if found is None:
            raise LookupError("no session of that id is in the store")
        orders = await asyncio.to_thread(self._orders.of_session, found.id)
        return web.json_response(session_json(found) | {"orders": [order_json(each) for each in orders]})


def filter_of(query: dict[str, str]) -> tuple[SessionFilter, int]:
    """The query string of /v1/sessions. Raises ValueError that names what is allowed."""
    text = query.pop("limit", "100")
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MAXIMUM_LIMIT):
        raise ValueError(f"limit is 1 to {MAXIMUM_LIMIT}")
    unknown = sorted(set(query) - set(_ALLOWED))
    if unknown:
        raise ValueError(f"unknown: {', '.join(unknown)}; allowed: limit, {', '.join(_ALLOWED)}")
    if query.get("state", LIVE) not in _STATES:
        raise ValueError(f"state is one of {', '.join(_STATES)}")
    if "mac" in query:
        digits = mac.parse(query["mac"])
        if digits is None:
            raise ValueError("mac is the address of one station, for example 00-50-56-A1-B2-C3")
        query["mac"] = digits
    return SessionFilter(**query), int(text)


def session_json(session: Session) -> dict[str, Any]:
    """Every field; times in seconds since the epoch."""
    return dataclasses.asdict(session)


def sessions_body(keeper: SessionKeeper) -> dict[str, Any]:
    """For /v1/health: live sessions, and accounting since mdmd was started."""
    counts = keeper.directory.counts()
    return {
        "live": counts.live,
        "authorized": counts.authorized,
        "started": counts.started,
        "by_rule": counts.by_rule,
        "by_profile": counts.by_profile,
        "by_access": counts.by_access,
        "by_nas": [
            {"client": client, "name": name, "live": number} for (client, name), number in sorted(counts.by_nas.items())
        ],
        "accounting": dataclasses.asdict(keeper.tally),
    }
