"""What operators have mdmd do, over the control socket alone.

    POST /v1/refresh {"server", "kind", "value"}         ask the MDM server now: the record, as GET /v1/records
    POST /v1/coa {"session", "action"?}                  an order to the session's network device, as GET /v1/coa; 202
    POST /v1/exemptions {"server", "kind", "value", "profile", "until", "reason"}     the exemption; 201
    DELETE /v1/exemptions/ID {"reason"}                  the exemption, ended

Every one of them takes `author` too: who says it is somebody else than the user that the kernel names is kept as
`CLAIMED (by USER)`. `action` is reauthenticate, disconnect, push or bounce. `until` is in seconds since the epoch. What
follows for live sessions is in `sessions`, each with its `order` or null. Beside these the socket has what api.py has.

An error is one line of plain text, `CODE WHAT; allowed: ...; next: ...`, the latter two where there is something to
say.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from aiohttp import web

from .. import mac
from ..compliance import ComplianceRecord, EndpointKey, IdKind
from ..errors import StoreError
from ..exemption import LONGEST_NAME, Exemption, check_text
from ..operations.codes import OperationCode
from ..sessions.directory import SessionDirectory
from ..store.coa_orders import CoaOrder, OrderQueries
from ..store.exemptions import ExemptionState, exemption_values
from .changes import Changes
from .coa_api import order_json
from .coa_by_hand import ACTIONS, CoaByHand, NotOrderedError
from .control import Caller, author_of, caller_of
from .events import EventLog
from .exemptions import Exemptions, NotExemptedError
from .lane import LookupStatus
from .lookups import Lookups, UnknownServerError

LONGEST_BODY = 16 * 1024  # bytes
_BODY_WITHIN = 5.0  # seconds
_FOLLOWS_WITHIN = 3.0  # seconds until what follows for sessions is told as far as it is known
_LOOK = 0.02
_AUTHOR = "author"
_KEY = ("server", "kind", "value")

Values = dict[str, Any]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ControlApi:
    """The handlers. `record_json` is how the API shows a record."""

    def __init__(
        self,
        lookups: Lookups,
        record_json: Callable[[ComplianceRecord], Values],
        exemptions: Exemptions,
        by_hand: CoaByHand,
        changes: Changes,
        orders: OrderQueries,
        directory: SessionDirectory,
        events: EventLog,
        wall: Callable[[], float],
    ) -> None:
        self._lookups = lookups
        self._record_json = record_json
        self._exemptions = exemptions
        self._by_hand = by_hand
        self._changes = changes
        self._orders = orders
        self._directory = directory
        self._events = events
        self._wall = wall

    def routes(self) -> list[web.RouteDef]:
        """For the application that listens on the control socket, and no other."""
        return [
            web.post("/v1/refresh", _told(self._refresh)),
            web.post("/v1/coa", _told(self._coa)),
            web.post("/v1/exemptions", _told(self._exempt)),
            web.delete("/v1/exemptions/{id}", _told(self._end)),
        ]

    async def _refresh(self, request: web.Request) -> web.Response:
        given, author = await _given(request, _KEY)
        key, began = _key_of(given), self._wall()
        result = await self._lookups.renew(key)
        self._log("refresh", author, endpoint=key, result=result.status.value, failure=result.failure)
        if result.status is not LookupStatus.ANSWERED:
            failure = result.failure or f"{OperationCode.MDMD_REFUSED} the MDM server did not answer"
            return _error(502, failure, next_=f"mdmctl test {key.server}")
        record = self._lookups.record(key)
        if record is None:
            raise StoreError("the answer is not in the store yet; is the disk full?")
        body = self._record_json(record) | {"sessions": await self._what_follows(key, began)}
        return web.json_response(body)

    async def _coa(self, request: web.Request) -> web.Response:
        given, author = await _given(request, ("session",), ("action",))
        action = given.get("action", "")
        if action and action not in ACTIONS:
            raise ValueError(f"{action[:40]!r} is no action; allowed: {', '.join(each.value for each in ACTIONS)}")
        order = await self._by_hand.give(given["session"], action, author)
        self._log("coa", author, session=order.session_id, nas=order.client, order=order.id, asked=action or "usual")
        return web.json_response(order_json(order), status=202)

    async def _exempt(self, request: web.Request) -> web.Response:
        given, author = await _given(request, (*_KEY, "profile", "until", "reason"))
        began, until = self._wall(), given["until"]
        made = await self._exemptions.make(_key_of(given), given["profile"], until, given["reason"], author)
        self._log("exempt", author, exemption=made.id, endpoint=made.key)
        return web.json_response(await self._shown(made, ExemptionState.IN_FORCE, began), status=201)

    async def _end(self, request: web.Request) -> web.Response:
        given, author = await _given(request, ("reason",))
        began = self._wall()
        ended = await self._exemptions.end(request.match_info["id"], given["reason"], author)
        self._log("end exemption", author, exemption=ended.id, endpoint=ended.key)
        return web.json_response(await self._shown(ended, ExemptionState.ENDED, began))

    async def _shown(self, exemption: Exemption, state: ExemptionState, began: float) -> Values:
        return exemption_values(exemption, state) | {"sessions": await self._what_follows(exemption.key, began)}

    async def _what_follows(self, key: EndpointKey, began: float) -> list[Values]:
        """The endpoint's live sessions, each with the order that has come of it, as far as that is known soon."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _FOLLOWS_WITHIN
        while self._changes.pending(key) and loop.time() < deadline:
            await asyncio.sleep(_LOOK)
        found = []
        for session in self._directory.of_endpoint(key):
            orders = await asyncio.to_thread(self._orders.of_session, session.id)
            of_this: CoaOrder | None = next((each for each in reversed(orders) if each.created_at >= began), None)
            found.append(
                {
                    "id": session.id,
                    "nas": session.nas,
                    "nas_name": session.nas_name,
                    "user": session.user,
                    "mac": session.mac,
                    "profile": session.profile,
                    "order": None if of_this is None else order_json(of_this),
                }
            )
        return found

    def _log(self, action: str, author: str, **values: object) -> None:
        self._events.info("control", action=action, by=author, **{name: each for name, each in values.items() if each})


async def _given(request: web.Request, needed: Sequence[str], more: Sequence[str] = ()) -> tuple[Values, str]:
    """The body's values, and who the author is. Raises ValueError."""
    try:
        async with asyncio.timeout(_BODY_WITHIN):
            body = await request.read()
    except TimeoutError:
        raise ValueError("the body did not come in time") from None
    try:
        values = json.loads(body)
    except (ValueError, RecursionError):
        values = None
    allowed = (*needed, *more, _AUTHOR)
    if not isinstance(values, dict):
        raise ValueError(f"the body is no JSON object with {', '.join(needed)}")
    if unknown := sorted(set(values) - set(allowed)):
        raise ValueError(f"unknown: {', '.join(unknown)[:80]}; allowed: {', '.join(allowed)}")
    if missing := [name for name in needed if name not in values]:
        raise ValueError(f"missing: {', '.join(missing)}")
    for name, value in values.items():
        if name == "until":
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise ValueError("until is a number of seconds since the epoch")
        elif not isinstance(value, str):
            raise ValueError(f"{name} is text")
    return values, await _author(request, values.get(_AUTHOR, ""))


async def _author(request: web.Request, claimed: str) -> str:
    if claimed:
        check_text("author", claimed, LONGEST_NAME)
        if "(" in claimed or ")" in claimed:
            raise ValueError("author has no brackets: what stands in them is who really did it")
    assert request.transport is not None
    caller: Caller = caller_of(request.transport.get_extra_info("socket"))
    return author_of(claimed.strip(), await asyncio.to_thread(lambda: caller.name))


def _key_of(values: Mapping[str, Any]) -> EndpointKey:
    """Raises ValueError. A MAC in any notation, a GUID in any case."""
    kinds = [kind.value for kind in IdKind]
    if values["kind"] not in kinds:
        raise ValueError(f"kind is one of {', '.join(kinds)}")
    kind, value = IdKind(values["kind"]), str(values["value"])
    return EndpointKey(values["server"], kind, (mac.parse(value) or value) if kind is IdKind.MAC else value.lower())


def _told(handler: Handler) -> Handler:
    """Errors as the module's text says."""

    async def wrapped(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except NotExemptedError as error:
            return _error(409, error.what, OperationCode.EXEMPTION_REFUSED, error.allowed, error.next)
        except NotOrderedError as error:
            return _error(409, error.what, OperationCode.COA_REFUSED, error.allowed, error.next)
        except web.HTTPRequestEntityTooLarge:
            return _error(413, f"the body has more than {LONGEST_BODY} bytes", OperationCode.WRONG_ARGUMENT)
        except UnknownServerError as error:
            return _error(404, str(error), OperationCode.NOT_FOUND, next_="mdmctl servers lists them")
        except LookupError as error:
            return _error(404, str(error.args[0]), OperationCode.NOT_FOUND)
        except ValueError as error:
            return _error(400, str(error), OperationCode.WRONG_ARGUMENT)
        except StoreError as error:
            return _error(503, str(error), OperationCode.STORE_UNREADABLE)

    return wrapped


def _error(status: int, what: str, code: str = "", allowed: str = "", next_: str = "") -> web.Response:
    parts = [f"{code} {what}".strip(), f"allowed: {allowed}" if allowed else "", f"next: {next_}" if next_ else ""]
    line = " ".join("; ".join(part for part in parts if part).split())
    return web.Response(status=status, text=f"{line}\n")
