"""mdmd's HTTP interface on the loopback address.

    GET /v1/endpoints/SERVER/KIND/VALUE?wait=2000ms   radiusd's rlm_rest waits here for a fresh answer
    GET /v1/records/SERVER/KIND/VALUE                 the record in the store
    GET /v1/decisions?limit=100&outcome=reject&...    decisions, newest first
    GET /v1/decisions/ID                              one decision with all its steps
    GET /v1/sessions?limit=100&state=live&mac=...     sessions, see session_api.py
    GET /v1/sessions/ID                               one session, with the orders about it
    GET /v1/coa?limit=100&open=true&...               orders to network devices, see coa_api.py
    GET /v1/exemptions?all=true                       exemptions, see exemption_api.py
    GET /v1/health                                    state of servers, store, journal and sessions

An error is one line of plain text. rlm_rest maps 204 to ok, 404 to notfound, other 4xx to invalid and 5xx to
fail, and expands `%{...}` in bodies that it gets, so the first of these never has one when it is decided
(freeradius.md section 3).
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from .. import durations
from ..compliance import ComplianceRecord, EndpointKey, IdKind
from ..config.model import Config
from ..decision import Outcome
from ..errors import StoreError
from ..store.query import MAXIMUM_LIMIT, DecisionFilter, StoredDecision, StoreQueries
from .lookups import Lookups, UnknownServerError

LONGEST_WAIT = 30.0  # seconds; FreeRADIUS gives a request up after that (max_request_time)
_KINDS = [kind.value for kind in IdKind]
_SEPARATORS = str.maketrans("", "", ":-.")


class Api:
    """The handlers. `config` gives the present configuration, `health` the body of /v1/health, `more` more routes."""

    def __init__(
        self,
        lookups: Lookups,
        queries: StoreQueries,
        config: Callable[[], Config],
        health: Callable[[], Awaitable[dict[str, Any]]],
        wall: Callable[[], float],
        more: Sequence[web.RouteDef] = (),
    ) -> None:
        self._lookups = lookups
        self._queries = queries
        self._config = config
        self._health = health
        self._wall = wall
        self._more = more

    def application(self, more: Sequence[web.RouteDef] = (), longest_body: int = 1024**2) -> web.Application:
        """The routes, and `more`. A key is taken apart by `key_of`, because rlm_rest encodes its slashes too."""
        application = web.Application(middlewares=[_errors_as_text], client_max_size=longest_body)
        application.add_routes(
            [
                web.get("/v1/endpoints/{key:.+}", self._endpoint),
                web.get("/v1/records/{key:.+}", self._record),
                web.get("/v1/decisions", self._decisions),
                web.get("/v1/decisions/{id}", self._decision),
                web.get("/v1/health", self._get_health),
                *self._more,
                *more,
            ]
        )
        return application

    async def _endpoint(self, request: web.Request) -> web.Response:
        key = key_of(request.rel_url.raw_path.removeprefix("/v1/endpoints/"))
        text = request.query.get("wait")
        wait = self._config().service.wait if text is None else durations.parse(text)
        if wait > LONGEST_WAIT:
            raise ValueError(f"wait is {durations.show(LONGEST_WAIT)} at most")
        result = await self._lookups.ask(key, wait)
        return web.Response(status=204, headers={"X-MDM-Result": result.status.value})

    async def _record(self, request: web.Request) -> web.Response:
        key = key_of(request.rel_url.raw_path.removeprefix("/v1/records/"))
        record = self._lookups.record(key)
        if record is None:
            raise LookupError(f"no MDM server was asked about {key} so far")
        return web.json_response(self.record_json(record))

    async def _decisions(self, request: web.Request) -> web.Response:
        chosen, limit = filter_of(dict(request.query))
        found = await asyncio.to_thread(self._queries.decisions, chosen, limit)
        return web.json_response({"decisions": [_decision_json(each) for each in found]})

    async def _decision(self, request: web.Request) -> web.Response:
        identifier = request.match_info["id"]
        decision = await asyncio.to_thread(self._queries.decision, identifier)
        if decision is None:
            raise LookupError("no decision of that id is in the store")
        return web.json_response(dataclasses.asdict(decision))

    async def _get_health(self, request: web.Request) -> web.Response:
        return web.json_response(await self._health())

    def record_json(self, record: ComplianceRecord) -> dict[str, Any]:
        """A record with its age and when it is due."""
        server = self._config().server(record.key.server)
        now = self._wall()
        body: dict[str, Any] = {
            "server": record.key.server,
            "kind": record.key.kind.value,
            "value": record.key.value,
            "answer": None if record.answer is None else dataclasses.asdict(record.answer),
            "answered_at": record.answered_at or None,
            "failed_at": record.failed_at or None,
            "failure": record.failure,
            "due": record.answer is None or server.is_due(record.answered_at, now),
        }
        if record.answer is not None:
            body["age"] = round(now - record.answered_at, 3)
            body["due_at"] = server.due_at(record.answered_at)
        return body


def key_of(path: str) -> EndpointKey:
    """`SERVER/KIND/VALUE`, percent-encoded in any way. MAC in any notation. Raises ValueError."""
    parts = unquote(path, errors="strict").rsplit("/", 2)
    if len(parts) != 3 or parts[1] not in _KINDS:
        kinds = ", ".join(_KINDS)
        raise ValueError(f"the path ends in SERVER/KIND/VALUE, where KIND is one of {kinds}")
    kind = IdKind(parts[1])
    value = parts[2].translate(_SEPARATORS).upper() if kind is IdKind.MAC else parts[2].lower()
    return EndpointKey(parts[0], kind, value)


def filter_of(query: dict[str, str]) -> tuple[DecisionFilter, int]:
    """The query string of /v1/decisions. Raises ValueError that names what is allowed."""
    limit = int(query.pop("limit", "100"))
    if not 1 <= limit <= MAXIMUM_LIMIT:
        raise ValueError(f"limit is 1 to {MAXIMUM_LIMIT}")
    allowed = [field.name for field in dataclasses.fields(DecisionFilter)]
    unknown = sorted(set(query) - set(allowed))
    if unknown:
        raise ValueError(f"unknown: {', '.join(unknown)}; allowed: limit, {', '.join(allowed)}")
    numbers: dict[str, Callable[[str], Any]] = {
        "since": float,
        "until": float,
        "before": int,
        "outcome": Outcome,
    }
    return DecisionFilter(**{name: numbers.get(name, str)(text) for name, text in query.items()}), limit


def _decision_json(stored: StoredDecision) -> dict[str, Any]:
    return {"seq": stored.seq, **dataclasses.asdict(stored.decision)}


@web.middleware
async def _errors_as_text(request: web.Request, handler: Callable[..., Any]) -> web.StreamResponse:
    try:
        response: web.StreamResponse = await handler(request)
    except (UnknownServerError, LookupError) as error:
        return web.Response(status=404, text=f"{error.args[0]}\n")
    except ValueError as error:
        return web.Response(status=400, text=f"{error}\n")
    except StoreError as error:
        return web.Response(status=503, text=f"{error}\n")
    return response
