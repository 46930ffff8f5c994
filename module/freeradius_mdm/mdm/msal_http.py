"""MSAL's transport: our HTTP client in the shape MSAL expects (intune.md section 2.6, Transport).

Whatever is no success is raised here and never reaches MSAL. That ends four habits of MSAL at the root: keeping a
refusal for 60 s after the operator mended it, logging whole bodies that are not JSON, believing redirects, and
hiding a refusal behind an old token.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from ..errors import SourceError
from . import entra_error
from .clouds import CLOUDS
from .codes import MdmCode
from .entra_error import EntraError
from .failures import failure
from .http import HttpClient, HttpResponse
from .json_text import read_json
from .retry_after import parse_retry_after

_BODY_LIMIT = 1 << 18
_DEPRECATED_LOGIN_HOSTS = {"login.chinacloudapi.cn"}


class MsalResponse:
    """The part of a response that MSAL reads."""

    def __init__(self, response: HttpResponse) -> None:
        self.status_code = response.status
        self.text = response.text
        self.headers = dict(response.headers)

    def raise_for_status(self) -> None:
        """Never needed: only successes get this far."""


class MsalHttp:
    """MSAL's `http_client`. Raises SourceError M1201 to M1206, M1210 and M1213 instead of answering with failures."""

    def __init__(self, http: HttpClient, login_host: str, clock: Callable[[], float]) -> None:
        self._http = http
        self._clock = clock
        known = {cloud.login_host for cloud in CLOUDS.values()} | _DEPRECATED_LOGIN_HOSTS
        self._hosts = {login_host} | (known if login_host in known else set())

    def get(
        self, url: str, params: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None, **_: Any
    ) -> MsalResponse:
        """GET of the OIDC document, the only GET that MSAL makes the way we build it."""
        self._check(url)
        address = f"{url}?{urlencode(params)}" if params else url
        return self._judge(self._http.get(address, headers or {}, _BODY_LIMIT), url)

    def post(
        self,
        url: str,
        params: Mapping[str, str] | None = None,
        data: Any = None,
        headers: Mapping[str, str] | None = None,
        **_: Any,
    ) -> MsalResponse:
        """POST to the token endpoint."""
        self._check(url)
        address = f"{url}?{urlencode(params)}" if params else url
        return self._judge(self._http.post(address, headers or {}, data, _BODY_LIMIT), url)

    def close(self) -> None:
        """Nothing: the connections belong to the HTTP client."""

    def _check(self, url: str) -> None:
        """The token endpoint is named by the OIDC document; our assertion goes to a login server only."""
        parts = urlsplit(url)
        if parts.scheme != "https" or parts.hostname not in self._hosts or parts.username is not None:
            raise failure(MdmCode.LOGIN_FAULT, f"the OIDC document points to {parts.scheme}://{parts.hostname}")

    def _judge(self, response: HttpResponse, url: str) -> MsalResponse:
        host = urlsplit(url).hostname or ""
        refusal = entra_error.read(response.status, response.text)
        pause = parse_retry_after(response.headers.get("retry-after"), self._clock())
        if response.status == 429:
            raise failure(MdmCode.THROTTLED, f"{host}: HTTP 429", retry_after=5.0 if pause is None else pause)
        if response.status >= 500:
            seen = f"{host}: {refusal or f'HTTP {response.status}'}"
            raise failure(MdmCode.LOGIN_FAULT, seen, retry_after=pause)
        if refusal is not None:
            raise TokenRefused(refusal)
        if response.status != 200 or not isinstance(read_json(response.body), dict):
            kind = response.headers.get("content-type", "no content type")
            advice = "a redirect is never followed: check login_host" if 300 <= response.status < 400 else ""
            raise failure(MdmCode.LOGIN_FAULT, f"{host}: HTTP {response.status}, {kind}", advice=advice)
        return MsalResponse(response)


class TokenRefused(SourceError):
    """Entra said no and why."""

    def __init__(self, refusal: EntraError) -> None:
        self.refusal = refusal
        base = failure(MdmCode.TOKEN_REFUSED, str(refusal), advice=refusal.advice)
        super().__init__(base.code, base.detail, base.advice)
