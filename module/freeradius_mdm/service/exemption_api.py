"""Exemptions over HTTP, for reading.

    GET /v1/exemptions?all=true         those in force; with `all` also what is over, the latest first

Fields are those of exemption.py; `state` is `in force`, `expired`, `ended` or `replaced`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiohttp import web

from ..store.exemptions import ExemptionQueries, exemption_values

_FLAGS = {"true": True, "false": False}


class ExemptionApi:
    """The handler. Errors are told as api.py does."""

    def __init__(self, queries: ExemptionQueries, wall: Callable[[], float]) -> None:
        self._queries = queries
        self._wall = wall

    def routes(self) -> list[web.RouteDef]:
        """For the application."""
        return [web.get("/v1/exemptions", self._exemptions)]

    async def _exemptions(self, request: web.Request) -> web.Response:
        query = dict(request.query)
        every = _FLAGS.get(query.pop("all", "false"))
        if every is None:
            raise ValueError("all is true or false")
        if query:
            raise ValueError(f"unknown: {', '.join(sorted(query))}; allowed: all")
        found = await asyncio.to_thread(self._queries.exemptions, self._wall(), every=every)
        return web.json_response({"exemptions": [exemption_values(each.exemption, each.state) for each in found]})
