"""The control API: plain HTTP and JSON on a loopback port, to steer and to watch the simulator at run time.

    GET    /health /personalities /counters /hosts /tenants
    GET    /devices?tenant=            PUT /devices (a list)
    GET    /devices/ID  PUT /devices/ID  DELETE /devices/ID      with ?tenant=
    GET    /faults   POST /faults   DELETE /faults   DELETE /faults/ID-OR-NAME
    GET    /journal?limit=&since=&host=&operation=...   DELETE /journal
    GET    /clock    PUT /clock      GET /settings   PUT /settings
    GET    /tenants/ID   PUT /tenants/ID   PUT /tenants/ID/applications/CLIENT-ID
    POST   /reset

Errors are `{"error": "..."}` under 400 or 404.
"""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from aiohttp import web

from .desk import Desk, personalities
from .devices import Device


@web.middleware
async def _errors_as_json(request: web.Request, handler: Any) -> web.StreamResponse:
    try:
        response: web.StreamResponse = await handler(request)
    except LookupError as error:
        return web.json_response({"error": str(error.args[0])}, status=404)
    except (ValueError, TypeError) as error:
        return web.json_response({"error": str(error)}, status=400)
    return response


class Control:
    """The handlers."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def application(self) -> web.Application:
        """An aiohttp application with all routes."""
        # A fleet of 20,000 devices in one PUT is some megabytes.
        app = web.Application(middlewares=[_errors_as_json], client_max_size=64 * 1024 * 1024)
        app.add_routes(
            [
                web.get("/health", self._health),
                web.get("/personalities", self._personalities),
                web.get("/counters", self._counters),
                web.get("/hosts", self._hosts),
                web.get("/devices", self._list_devices),
                web.put("/devices", self._put_devices),
                web.get("/devices/{id}", self._get_device),
                web.put("/devices/{id}", self._put_device),
                web.delete("/devices/{id}", self._delete_device),
                web.get("/faults", self._list_faults),
                web.post("/faults", self._post_fault),
                web.delete("/faults", self._delete_faults),
                web.delete("/faults/{which}", self._delete_faults),
                web.get("/journal", self._journal),
                web.delete("/journal", self._clear_journal),
                web.get("/clock", self._clock),
                web.put("/clock", self._clock),
                web.get("/settings", self._settings),
                web.put("/settings", self._settings),
                web.get("/tenants", self._tenants),
                web.get("/tenants/{tenant}", self._tenant),
                web.put("/tenants/{tenant}", self._tenant),
                web.put("/tenants/{tenant}/applications/{client}", self._put_application),
                web.post("/reset", self._reset),
            ]
        )
        return app

    async def _health(self, request: web.Request) -> web.Response:
        return web.json_response({"status": "ok", "now": self._desk.world.clock.now()})

    async def _personalities(self, request: web.Request) -> web.Response:
        return web.json_response(personalities())

    async def _counters(self, request: web.Request) -> web.Response:
        return web.json_response(self._desk.world.journal.counters())

    async def _hosts(self, request: web.Request) -> web.Response:
        return web.json_response(self._desk.hosts())

    async def _list_devices(self, request: web.Request) -> web.Response:
        return web.json_response([_shown(device) for device in self._desk.devices(_tenant(request))])

    async def _put_devices(self, request: web.Request) -> web.Response:
        devices = await request.json()
        if not isinstance(devices, list):
            raise ValueError("a list of devices, each with intune_id")
        for device in devices:
            values = await _object(device)
            self._desk.set_device(str(values.pop("intune_id", "")), _tenant(request), **values)
        return web.json_response({"devices": len(self._desk.devices(_tenant(request)))})

    async def _get_device(self, request: web.Request) -> web.Response:
        return web.json_response(_shown(self._desk.device(request.match_info["id"], _tenant(request))))

    async def _put_device(self, request: web.Request) -> web.Response:
        values = await _object(request)
        return web.json_response(_shown(self._desk.set_device(request.match_info["id"], _tenant(request), **values)))

    async def _delete_device(self, request: web.Request) -> web.Response:
        if not self._desk.remove_device(request.match_info["id"], _tenant(request)):
            raise LookupError(f"no device {request.match_info['id']}")
        return web.Response(status=204)

    async def _list_faults(self, request: web.Request) -> web.Response:
        return web.json_response([fault.as_json() for fault in self._desk.world.faults.faults.values()])

    async def _post_fault(self, request: web.Request) -> web.Response:
        values = await _object(request)
        values |= values.pop("options", {})
        number = await self._desk.fault(str(values.pop("personality", "")), **values)
        return web.json_response({"id": number}, status=201)

    async def _delete_faults(self, request: web.Request) -> web.Response:
        count = await self._desk.clear_faults(request.match_info.get("which", ""))
        return web.json_response({"removed": count})

    async def _journal(self, request: web.Request) -> web.Response:
        query = dict(request.query)
        limit, since = int(query.pop("limit", "0")), float(query.pop("since", "0"))
        return web.json_response(self._desk.journal(limit, since, **query))

    async def _clear_journal(self, request: web.Request) -> web.Response:
        self._desk.world.journal.clear()
        return web.Response(status=204)

    async def _clock(self, request: web.Request) -> web.Response:
        values = await _object(request) if request.method == "PUT" else {}
        return web.json_response(self._desk.move_clock(values))

    async def _settings(self, request: web.Request) -> web.Response:
        values = await _object(request) if request.method == "PUT" else {}
        return web.json_response(self._desk.change_settings(values))

    async def _tenants(self, request: web.Request) -> web.Response:
        return web.json_response([self._desk.show_tenant(name) for name in self._desk.world.directory.tenants])

    async def _tenant(self, request: web.Request) -> web.Response:
        values = await _object(request) if request.method == "PUT" else {}
        return web.json_response(self._desk.change_tenant(request.match_info["tenant"], values))

    async def _put_application(self, request: web.Request) -> web.Response:
        match = request.match_info
        shown = self._desk.change_application(match["tenant"], match["client"], await _object(request))
        return web.json_response(shown)

    async def _reset(self, request: web.Request) -> web.Response:
        await self._desk.reset()
        return web.Response(status=204)


def _tenant(request: web.Request) -> str:
    return request.query.get("tenant", "")


async def _object(source: Any) -> dict[str, Any]:
    try:
        value = await source.json() if isinstance(source, web.Request) else source
    except json.JSONDecodeError as error:
        raise ValueError(f"the body is no JSON: {error}") from None
    if not isinstance(value, dict):
        raise ValueError("a JSON object is needed")
    return dict(value)


def _shown(device: Device) -> dict[str, Any]:
    return dataclasses.asdict(device) | {"macs": list(device.macs), "state": device.state}
