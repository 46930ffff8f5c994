"""One GET to Microsoft Graph with our token, and what each refusal means (intune.md section 3)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from ..errors import SourceError
from .codes import MdmCode
from .failures import failure, one_line
from .http import HttpClient, HttpResponse
from .json_text import read_json
from .retry_after import parse_retry_after
from .tokens import Token, Tokens, TokenUse

_BODY_LIMIT = 8 << 20


class Graph:
    """Thread safe. Every failure is a SourceError."""

    def __init__(self, host: str, http: HttpClient, tokens: Tokens, clock: Callable[[], float]) -> None:
        self.host = host
        self._http = http
        self._tokens = tokens
        self._clock = clock

    def read(self, url: str, *, what: str, absent: tuple[MdmCode, str]) -> dict[str, Any]:
        """The JSON object at an address of this host. `what` it is, and what a 404 means, code and words."""
        token = self._tokens.get(TokenUse.GRAPH)
        response = self._get(url, token)
        if response.status == 401 and self._tokens.drop(token):
            token = self._tokens.get(TokenUse.GRAPH)
            response = self._get(url, token)
        elif response.status >= 500 and "retry-after" not in response.headers:
            response = self._get(url, token)
        if response.status != 200:
            self._refuse(response, token, absent)
        value = read_json(response.body)
        if not isinstance(value, dict):
            raise self.strange(what, response.headers.get("content-type", "no content type"))
        return value

    def strange(self, what: str, seen: str) -> SourceError:
        """The error for a 200 that does not hold `what`."""
        return failure(MdmCode.GRAPH_FAULT, f"{self.host}: HTTP 200 without {what}, {seen}")

    def _get(self, url: str, token: Token) -> HttpResponse:
        headers = {
            "Authorization": f"Bearer {token.value}",
            "Accept": "application/json",
            "client-request-id": str(uuid.uuid4()),
        }
        return self._http.get(url, headers, _BODY_LIMIT)

    def _refuse(self, response: HttpResponse, token: Token, absent: tuple[MdmCode, str]) -> None:
        """Raise what this status means."""
        seen = f"{self.host}: HTTP {response.status} {_error_text(response)}".rstrip()
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
            code, meaning = absent
            raise failure(code, f"{seen}; {meaning}")
        if response.status == 429:
            raise failure(MdmCode.THROTTLED, seen, retry_after=5.0 if pause is None else pause)
        raise failure(MdmCode.GRAPH_FAULT, seen, retry_after=pause)


def _error_text(response: HttpResponse) -> str:
    """Graph's error code and message, and the request id that Microsoft's support asks for."""
    try:
        error = read_json(response.body)["error"]
        text = f"{error['code']}: {error['message']}"
    except (KeyError, TypeError):
        text = ""
    request_id = response.headers.get("request-id", "")
    return one_line(f"{text}; request-id {request_id}" if request_id else text, 400)
