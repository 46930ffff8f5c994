"""What operators have mdmd do, over the control socket alone.

    POST /v1/refresh {"server", "kind", "value"}         ask the MDM server now: the record, as GET /v1/records
    POST /v1/coa {"session", "action"?}                  an order to the session's network device, as GET /v1/coa; 202
    POST /v1/exemptions {"server", "kind", "value", "profile", "until", "reason"}     the exemption; 201
    DELETE /v1/exemptions/ID {"reason"}                  the exemption, ended

Every one of them takes `author` too: who says it is somebody else than the user that the kernel names is kept as
`CLAIMED (by USER)`. `action` is reauthenticate, disconnect, push or bounce. `until` is in seconds since the epoch. What
follows for sessions is in `sessions`, see what_follows.py. Beside these the socket has what api.py has.

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
from ..config.model import Config
from ..errors import StoreError
from ..exemption import LONGEST_NAME, Exemption, check_text
from ..operations.codes import OperationCode
from ..store.exemptions import ExemptionState, exemption_values
from .coa_api import order_json
from .coa_by_hand import ACTIONS, CoaByHand, NotOrderedError
from .control import Caller, author_of, caller_of
from .events import EventLog
from .exemption_keys import check_identifies
from .exemptions import Exemptions, NotExemptedError
from .lane import LookupStatus
from .lookups import Lookups, UnknownServerError
from .what_follows import Before, WhatFollows

LONGEST_BODY = 16 * 1024  # bytes
_BODY_WITHIN = 5.0  # seconds
_LIVE = ("the id of a live session", "mdmctl sessions lists them")
_EXEMPTIONS = ("the id of an exemption in force", "mdmctl exempt list")
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
        following: WhatFollows,
        config: Callable[[], Config],
        events: EventLog,
    ) -> None:
        self._lookups = lookups
        self._record_json = record_json
        self._exemptions = exemptions
        self._by_hand = by_hand
        self._following = following
        self._config = config
        self._events = events

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
        key = _key_of(given)
        before = self._following.before(key)
        result = await self._lookups.renew(key)
        self._log("refresh", author, endpoint=key, result=result.status.value, failure=result.failure)
        if result.status is not LookupStatus.ANSWERED:
            failure = result.failure or f"{OperationCode.MDMD_REFUSED} the MDM server did not answer"
            return _error(502, failure, next_=f"mdmctl test {key.server}")
        record = self._lookups.record(key)
        if record is None:
            raise StoreError("the answer is not in the store yet; is the disk full?")
        body = self._record_json(record) | {"sessions": await self._following.after(before)}
        return web.json_response(body)

    async def _coa(self, request: web.Request) -> web.Response:
        given, author = await _given(request, ("session",), ("action",))
        action = given.get("action", "")
        if action and action not in ACTIONS:
            raise ValueError(f"{action[:40]!r} is no action; allowed: {', '.join(each.value for each in ACTIONS)}")
        try:
            order = await self._by_hand.give(given["session"], action, author)
        except LookupError as error:
            return _error(404, str(error.args[0]), OperationCode.NOT_FOUND, *_LIVE)
        self._log("coa", author, session=order.session_id, nas=order.client, order=order.id, asked=action or "usual")
        return web.json_response(order_json(order), status=202)

    async def _exempt(self, request: web.Request) -> web.Response:
        given, author = await _given(request, (*_KEY, "profile", "until", "reason"))
        key = _key_of(given)
        check_identifies(key, self._config())
        before = self._following.before(key)
        made = await self._exemptions.make(key, given["profile"], given["until"], given["reason"], author)
        self._log("exempt", author, exemption=made.id, endpoint=made.key)
        return web.json_response(await self._shown(made, ExemptionState.IN_FORCE, before), status=201)

    async def _end(self, request: web.Request) -> web.Response:
        given, author = await _given(request, ("reason",))
        identifier = request.match_info["id"]
        known = await asyncio.to_thread(self._exemptions.queries.exemption, identifier)
        if known is None:
            return _error(404, f"no exemption has the id {identifier[:40]!r}", OperationCode.NOT_FOUND, *_EXEMPTIONS)
        before = self._following.before(known.key)
        ended = await self._exemptions.end(identifier, given["reason"], author)
        self._log("end exemption", author, exemption=ended.id, endpoint=ended.key)
        return web.json_response(await self._shown(ended, ExemptionState.ENDED, before))

    async def _shown(self, exemption: Exemption, state: ExemptionState, before: Before) -> Values:
        return exemption_values(exemption, state) | {"sessions": await self._following.after(before)}

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
            next_ = error.next or "mdmctl exempt --help"
            return _error(409, error.what, OperationCode.EXEMPTION_REFUSED, error.allowed, next_)
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
