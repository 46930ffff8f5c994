"""Asking Microsoft Graph for the tenant's service endpoints (intune.md section 3)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from .codes import MdmCode
from .failures import failure
from .graph import Graph
from .http import HttpClient
from .tokens import Tokens

INTUNE_APPLICATION = "0000000a-0000-0000-c000-000000000000"
_PATH = f"/v1.0/servicePrincipals/appId={INTUNE_APPLICATION}/endpoints"
_MOST_PAGES = 50
_WHAT = "an endpoint list"
_ABSENT = (MdmCode.NOT_LISTED, "the tenant has no Intune service principal")


class GraphEndpoints:
    """Thread safe. Every failure is a SourceError."""

    def __init__(self, graph_host: str, http: HttpClient, tokens: Tokens, clock: Callable[[], float]) -> None:
        self._host = graph_host
        self._graph = Graph(graph_host, http, tokens, clock)

    def fetch(self) -> list[object]:
        """Every record of the list, as decoded JSON; nothing about them is checked yet."""
        records: list[object] = []
        url = f"https://{self._host}{_PATH}"
        for _ in range(_MOST_PAGES):
            page = self._page(url)
            records += page["value"]
            link = page.get("@odata.nextLink")
            if link is None:
                return records
            url = self._same_host(link)
        raise failure(MdmCode.GRAPH_FAULT, f"{self._host}: the endpoint list has more than {_MOST_PAGES} pages")

    def _page(self, url: str) -> dict[str, Any]:
        page = self._graph.read(url, what=_WHAT, absent=_ABSENT)
        if not isinstance(page.get("value"), list):
            raise self._graph.strange(_WHAT, "JSON of another shape")
        return page

    def _same_host(self, link: object) -> str:
        """Our token goes along, so the next page comes from the same place or not at all."""
        place = re.match(r"https://([a-z0-9.-]+)(?::443)?/[\x21-\x7e]*\Z", str(link), re.IGNORECASE)
        if place is not None and place[1].lower() == self._host:
            return str(link)
        raise failure(MdmCode.GRAPH_FAULT, f"{self._host}: the next page of the endpoint list is on another host")
