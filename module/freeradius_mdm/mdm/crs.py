"""One question to the Compliance Retrieval Service, and what each status of the answer means (intune.md 4 and 6).

The dialect is Cisco's "ISE MDM API v3": HTTP GET, XML. Path, the slash before `?`, parameter order and lower case
are kept exactly as ISE sends them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from enum import Enum
from urllib.parse import quote, urlsplit

from ..compliance import EndpointKey, IdKind
from ..errors import SourceError
from .codes import MdmCode
from .crs_sample import Samples
from .failures import failure, one_line
from .http import HttpClient, HttpResponse
from .http_errors import TransportError
from .retry_after import parse_retry_after
from .token_claims import COMPLIANCE_ROLE
from .tokens import Token, Tokens, TokenUse

log = logging.getLogger(__name__)
FORBIDDEN_PAUSE = 60.0  # seconds
MDMINFO_PATH = "/ciscoise/mdminfo/?ise_api_version=3"
_CRITERIA = {IdKind.INTUNE: "guid", IdKind.MAC: "macaddress"}


def device_path(key: EndpointKey) -> str:
    """The question about one device. EndpointKey has made sure that the value may enter an address."""
    return f"/cisco/devices/?paging=0&querycriteria={_CRITERIA[key.kind]}&value={key.value}&filter=all"


def bulk_path(marker: str, device_identifier: str = "macaddress") -> str:
    """One page of all non-compliant devices; the marker is the server's own, sent back as it came."""
    return (
        f"/cisco/devices/?paging={quote(marker, safe='')}&querycriteria=compliance&value=false"
        f"&deviceidentifier={device_identifier}&filter=all"
    )


class Remedy(Enum):
    """What can turn this failure into an answer right away."""

    NONE = "none"
    RETRY = "the same again"
    NEW_TOKEN = "the same with a new token"  # noqa: S105
    NEW_ADDRESS = "the same at the address that Graph names now"


class CrsFailure(SourceError):
    """A question that got no answer. `status` is None when there was no HTTP answer at all."""

    def __init__(self, base: SourceError, remedy: Remedy, status: int | None, token: Token) -> None:
        super().__init__(
            base.code, base.detail, base.advice, retry_after=base.retry_after, server_down=base.server_down
        )
        self.remedy = remedy
        self.status = status
        self.token = token


class Crs:
    """Thread safe."""

    def __init__(self, name: str, http: HttpClient, tokens: Tokens, clock: Callable[[], float]) -> None:
        self._http = http
        self._tokens = tokens
        self._clock = clock
        self._samples = Samples(name)

    def ask(self, address: str, path: str, limit: int) -> bytes:
        """The body of a 200; `limit` is its largest size in bytes.

        Raises CrsFailure, and SourceError when there is no token.
        """
        token = self._tokens.get(TokenUse.CRS)
        headers = {"Authorization": f"Bearer {token.value}", "Accept": "application/xml"}
        try:
            response = self._http.get(address + path, headers, limit)
        except TransportError as error:
            raise CrsFailure(error, _transport_remedy(error), None, token) from None
        self._samples.note(path, response)
        if response.status != 200:
            raise self._refusal(response, urlsplit(address).hostname or "", path, token)
        return response.body

    def _refusal(self, response: HttpResponse, host: str, path: str, token: Token) -> CrsFailure:
        status = response.status
        seen = f"{host}: HTTP {status}"
        pause = parse_retry_after(response.headers.get("retry-after"), self._clock())
        if status == 401:
            error = failure(MdmCode.CRS_UNAUTHORIZED, seen + _audience(token))
            return CrsFailure(error, Remedy.NEW_TOKEN, status, token)
        if status == 403:
            return CrsFailure(_forbidden(seen, token), Remedy.NONE, status, token)
        if status == 400:
            body = one_line(response.text[:400], 200)
            error = failure(MdmCode.CRS_BAD_REQUEST, f"{seen} to {path}: {body}", server_down=False)
            return CrsFailure(error, Remedy.NONE, status, token)
        if status in (404, 410) or 300 <= status < 400:
            return CrsFailure(failure(MdmCode.CRS_MOVED, seen), Remedy.NEW_ADDRESS, status, token)
        if status == 429:
            return CrsFailure(failure(MdmCode.THROTTLED, seen, retry_after=pause), Remedy.NONE, status, token)
        if status >= 500:
            remedy = Remedy.RETRY if pause is None else Remedy.NONE
            return CrsFailure(failure(MdmCode.CRS_FAULT, seen, retry_after=pause), remedy, status, token)
        return CrsFailure(failure(MdmCode.PROTOCOL, seen), Remedy.NONE, status, token)


def _transport_remedy(error: TransportError) -> Remedy:
    if error.code in (MdmCode.DNS, MdmCode.CONNECTION) or error.certificate_name:
        return Remedy.NEW_ADDRESS
    if error.code in (MdmCode.READ_TIMEOUT, MdmCode.CONNECT_TIMEOUT):
        return Remedy.RETRY
    return Remedy.NONE


def _forbidden(seen: str, token: Token) -> SourceError:
    """With a token that can be read, the missing permission is certain; else it is only likely."""
    if token.claims is None:
        return failure(MdmCode.CRS_FORBIDDEN, f"{seen}; roles not checked", retry_after=FORBIDDEN_PAUSE)
    lacks = COMPLIANCE_ROLE not in token.claims.roles
    code = MdmCode.ROLE_MISSING if lacks else MdmCode.CRS_FORBIDDEN
    return failure(code, f"{seen}; roles in the token: {token.claims.show_roles()}", retry_after=FORBIDDEN_PAUSE)


def _audience(token: Token) -> str:
    return f"; audience of the token: {one_line(token.claims.audience, 100)}" if token.claims else ""
