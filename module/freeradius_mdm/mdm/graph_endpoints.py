"""Asking Microsoft Graph for the tenant's service endpoints (intune.md section 3)."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

from .codes import MdmCode
from .failures import failure, one_line
from .http import HttpClient, HttpResponse
from .json_text import read_json
from .retry_after import parse_retry_after
from .tokens import Token, Tokens, TokenUse

INTUNE_APPLICATION = "0000000a-0000-0000-c000-000000000000"
_PATH = f"/v1.0/servicePrincipals/appId={INTUNE_APPLICATION}/endpoints"
_BODY_LIMIT = 8 << 20
_MOST_PAGES = 50


class GraphEndpoints:
    """Thread safe. Every failure is a SourceError."""

    def __init__(self, graph_host: str, http: HttpClient, tokens: Tokens, clock: Callable[[], float]) -> None:
        self._host = graph_host
        self._http = http
        self._tokens = tokens
        self._clock = clock

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
        token = self._tokens.get(TokenUse.GRAPH)
        response = self._get(url, token)
        if response.status == 401 and self._tokens.drop(token):
            token = self._tokens.get(TokenUse.GRAPH)
            response = self._get(url, token)
        elif response.status >= 500 and "retry-after" not in response.headers:
            response = self._get(url, token)
        if response.status != 200:
            self._refuse(response, token)
        page = read_json(response.body)
        if not isinstance(page, dict) or not isinstance(page.get("value"), list):
            kind = response.headers.get("content-type", "no content type")
            raise failure(MdmCode.GRAPH_FAULT, f"{self._host}: HTTP 200 without an endpoint list, {kind}")
        return page

    def _get(self, url: str, token: Token) -> HttpResponse:
        headers = {
            "Authorization": f"Bearer {token.value}",
            "Accept": "application/json",
            "client-request-id": str(uuid.uuid4()),
        }
        return self._http.get(url, headers, _BODY_LIMIT)

    def _refuse(self, response: HttpResponse, token: Token) -> None:
        """Raise what this status means."""
        seen = f"{self._host}: HTTP {response.status} {_error_text(response)}".rstrip()
        pause = parse_retry_after(response.headers.get("retry-after"), self._clock())
        if response.status == 401:
            advice = "check this machine's clock, tenant and cloud: Graph does not accept the token"
            raise failure(MdmCode.GRAPH_REFUSED, seen, advice=advice)
        if response.status == 403:
            # Consent may come any moment, and the token there is would never show it.
            self._tokens.drop(token)
            roles = token.claims.show_roles() if token.claims else "not readable"
            raise failure(MdmCode.GRAPH_REFUSED, f"{seen}; roles in the token: {roles}")
        if response.status == 404:
            raise failure(MdmCode.NOT_LISTED, f"{seen}; the tenant has no Intune service principal")
        if response.status == 429:
            raise failure(MdmCode.THROTTLED, seen, retry_after=5.0 if pause is None else pause)
        raise failure(MdmCode.GRAPH_FAULT, seen, retry_after=pause)

    def _same_host(self, link: object) -> str:
        """Our token goes along, so the next page comes from the same place or not at all."""
        place = re.match(r"https://([a-z0-9.-]+)(?::443)?/[\x21-\x7e]*\Z", str(link), re.IGNORECASE)
        if place is not None and place[1].lower() == self._host:
            return str(link)
        raise failure(MdmCode.GRAPH_FAULT, f"{self._host}: the next page of the endpoint list is on another host")


def _error_text(response: HttpResponse) -> str:
    """Graph's error code and message, and the request id that Microsoft's support asks for."""
    try:
        error = read_json(response.body)["error"]
        text = f"{error['code']}: {error['message']}"
    except (KeyError, TypeError):
        text = ""
    request_id = response.headers.get("request-id", "")
    return one_line(f"{text}; request-id {request_id}" if request_id else text, 400)
