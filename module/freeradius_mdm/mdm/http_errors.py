"""From the exceptions of requests and urllib3 to one of our codes (M1201 to M1206)."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, replace

import requests
import urllib3.exceptions

from ..errors import SourceError
from .codes import MdmCode
from .failures import failure


@dataclass(frozen=True, slots=True)
class TransportProblem:
    """Why an exchange with `host` failed. `certificate_name`: the chain is fine and the name is another."""

    code: MdmCode
    host: str
    detail: str
    certificate_name: bool = False

    def with_detail(self, more: str) -> TransportProblem:
        """The same with something added."""
        return replace(self, detail=f"{self.detail}; presented: {more}")

    def as_source_error(self) -> TransportError:
        """The error to raise."""
        base = failure(self.code, f"{self.host}: {self.detail}")
        return TransportError(base, certificate_name=self.certificate_name)


class TransportError(SourceError):
    """A SourceError of the transport, M1201 to M1206."""

    def __init__(self, base: SourceError, *, certificate_name: bool) -> None:
        super().__init__(base.code, base.detail, base.advice)
        self.certificate_name = certificate_name


def translate(error: BaseException, host: str) -> TransportProblem:
    """The most telling cause decides; requests and urllib3 wrap it several times over."""
    causes = list(_causes(error))
    if any(isinstance(c, urllib3.exceptions.ProxyError | requests.exceptions.ProxyError) for c in causes):
        return TransportProblem(MdmCode.PROXY, host, _text(causes))
    for kinds, code in _TABLE:
        found = next((cause for cause in causes if isinstance(cause, kinds)), None)
        if found is not None:
            # Inside a handshake the clock can run out too; that is a timeout, not a certificate.
            return TransportProblem(code, host, _text(causes), _is_name_mismatch(causes))
    return TransportProblem(MdmCode.CONNECTION, host, _text(causes))


# The order counts: a connect timeout is also a timeout, a verification failure is also an SSLError.
_TABLE: tuple[tuple[tuple[type[BaseException], ...], MdmCode], ...] = (
    ((urllib3.exceptions.NameResolutionError, socket.gaierror), MdmCode.DNS),
    ((urllib3.exceptions.NewConnectionError,), MdmCode.CONNECTION),
    ((urllib3.exceptions.ConnectTimeoutError, requests.ConnectTimeout), MdmCode.CONNECT_TIMEOUT),
    ((TimeoutError, urllib3.exceptions.ReadTimeoutError, requests.ReadTimeout), MdmCode.READ_TIMEOUT),
    ((ssl.SSLEOFError, ConnectionError), MdmCode.CONNECTION),
    ((ssl.SSLError, ssl.CertificateError, urllib3.exceptions.SSLError), MdmCode.TLS),
    ((urllib3.exceptions.DecodeError,), MdmCode.PROTOCOL),
)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The exception, what it holds as arguments or reason, and what it came from; each once."""
    queue: list[object] = [error]
    seen: set[int] = set()
    while queue:
        item = queue.pop(0)
        if not isinstance(item, BaseException) or id(item) in seen:
            continue
        seen.add(id(item))
        yield item
        queue += [*item.args, getattr(item, "reason", None), item.__cause__, item.__context__]


def _is_name_mismatch(causes: list[BaseException]) -> bool:
    # OpenSSL: X509_V_ERR_HOSTNAME_MISMATCH.
    return any(isinstance(c, ssl.SSLCertVerificationError) and c.verify_code == 62 for c in causes)


def _text(causes: list[BaseException]) -> str:
    """The innermost text that says something; a request's own words may hold an address with an id in it."""
    plain = (OSError, http.client.HTTPException)
    library = (requests.RequestException, urllib3.exceptions.HTTPError)
    for cause in reversed(causes):
        if isinstance(cause, plain) and not isinstance(cause, library) and str(cause):
            reason = getattr(cause, "verify_message", "") or getattr(cause, "strerror", "") or str(cause)
            return f"{reason} ({type(cause).__name__})"
    return type(causes[-1]).__name__
