"""Where mdmd can be asked and told: its HTTP interface on the loopback address, and the control socket."""

from __future__ import annotations

import os

from aiohttp import web

from ..store.sessions import SessionQueries
from .api import Api
from .coa_api import CoaApi
from .control import ControlSocket, ControlSocketError
from .control_api import LONGEST_BODY, ControlApi
from .exemption_api import ExemptionApi
from .parts import Parts
from .session_api import SessionApi
from .what_follows import WhatFollows

_KEEP_ALIVE = 3600.0  # longer than rlm_rest's idle_timeout, so that it is never we who close a pooled connection
_LAST_REQUESTS = 3.0  # seconds that requests under way are given at the end


class Doors:
    """Belongs to the event loop."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        service, wall = parts.started_with.service, parts.outside.wall
        api = Api(
            parts.lookups,
            parts.queries,
            parts.config,
            parts.health.body,
            wall,
            [
                *SessionApi(SessionQueries(service.store_file), parts.coa.queries).routes(),
                *CoaApi(parts.coa.queries).routes(),
                *ExemptionApi(parts.exemptions.queries, wall).routes(),
            ],
        )
        control = ControlApi(
            parts.lookups,
            api.record_json,
            parts.exemptions,
            parts.coa.by_hand,
            WhatFollows(parts.coa.changes, parts.coa.queries, parts.sessions, wall),
            parts.config,
            parts.events,
        )
        self._asked = web.AppRunner(
            api.application(), access_log=None, keepalive_timeout=_KEEP_ALIVE, shutdown_timeout=_LAST_REQUESTS
        )
        self._told = web.AppRunner(
            api.application(control.routes(), LONGEST_BODY), access_log=None, shutdown_timeout=_LAST_REQUESTS
        )
        self._socket = ControlSocket(service.control_socket, service.control_group, parts.events)

    async def open(self) -> None:
        """Listen for radiusd and for readers. Raises OSError."""
        service = self._parts.started_with.service
        await self._asked.setup()
        await web.TCPSite(self._asked, service.listen_host, service.listen_port, backlog=1024).start()
        host, port = self._asked.addresses[0][:2]
        self._parts.events.info("listening", host=host, port=port, pid=os.getpid(), state=service.state_directory)

    async def take_orders(self) -> None:
        """Listen to operators. Without it devices are let in and kept out all the same."""
        await self._told.setup()
        try:
            await web.SockSite(self._told, self._socket.open()).start()
        except ControlSocketError as error:
            self._parts.health.control_error = str(error)
            self._parts.events.error("control_socket", error=error, next="mdmctl can't change anything until then")

    async def close(self) -> None:
        """Requests under way are given a moment."""
        self._socket.close()
        await self._told.cleanup()
        await self._asked.cleanup()
