"""HTTPS to one MDM server's hosts: one pool of connections, one trust store, every exchange bounded in time and size.

Redirects are not followed and cookies, netrc files and environment variables are ignored: a token goes exactly
where it was meant to go. Every failure is a SourceError M1201 to M1206, or M1234 for a body over its cap.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from urllib.parse import urlsplit

import requests
import urllib3.exceptions

from ..config.model import Server
from .codes import MdmCode
from .dialing import Adapter, DeadlineSocket, deadline, set_deadline
from .failures import failure
from .http_errors import translate
from .tls_probe import presented_chain
from .trust import client_context

_CHUNK = 65536  # bytes
_PROBE_EVERY = 60.0  # seconds between two looks at the certificates of a host whose TLS fails


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """One answer, read whole. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as UTF-8, unreadable bytes replaced."""
        return self.body.decode("utf-8", "replace")


class HttpClient:
    """Thread safe. `Server` gives the timeouts, the proxy, the extra CA file, the pool size and `connect_to`.

    The trust store is read for the first exchange; as long as it can't be, every exchange is a SourceError M1203.
    With a proxy that is what is dialed, and `connect_to` has no effect.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._made: requests.Session | None = None
        self._proxies = {"https": server.proxy} if server.proxy else {}
        self._probes: dict[str, tuple[float, str]] = {}
        self._lock = threading.Lock()

    @property
    def exchange_limit(self) -> float:
        """Seconds that one exchange may take at most: connect and read timeout together."""
        return self._server.connect_timeout + self._server.read_timeout

    @contextmanager
    def budget(self, seconds: float) -> Iterator[None]:
        """Every exchange of this thread inside the block ends within `seconds` altogether; the tighter one counts.

        Name resolution is the one thing that can't be cut short: the system's resolver bounds it.
        """
        before = deadline()
        end = time.monotonic() + seconds
        set_deadline(end if before is None else min(before, end))
        try:
            yield
        finally:
            set_deadline(before)

    def get(self, url: str, headers: Mapping[str, str], limit: int) -> HttpResponse:
        """GET; `limit` is the largest body accepted, in bytes."""
        return self._exchange("GET", url, headers, None, limit)

    def post(self, url: str, headers: Mapping[str, str], form: object, limit: int) -> HttpResponse:
        """POST of a form, a mapping or encoded text."""
        return self._exchange("POST", url, headers, form, limit)

    def close(self) -> None:
        """Close idle connections; exchanges that run end on their own."""
        with self._lock:
            if self._made is not None:
                self._made.close()

    def _session(self) -> requests.Session:
        """The one session, made when it is first needed."""
        with self._lock:
            if self._made is None:
                self._made = _new_session(self._server)
            return self._made

    def _exchange(self, method: str, url: str, headers: Mapping[str, str], form: object, limit: int) -> HttpResponse:
        host = urlsplit(url).hostname or ""
        if not url.startswith("https://"):
            raise failure(MdmCode.CONNECTION, f"{host or url[:60]}: only https is spoken")
        with self.budget(self.exchange_limit):
            try:
                return self._send(method, url, headers, form, limit)
            except (OSError, ValueError, urllib3.exceptions.HTTPError) as error:
                problem = translate(error, host)
            if problem.code is MdmCode.TLS:
                problem = problem.with_detail(self._look_at(host))
        raise problem.as_source_error()

    def _send(self, method: str, url: str, headers: Mapping[str, str], form: object, limit: int) -> HttpResponse:
        left = (deadline() or 0.0) - time.monotonic()
        if left <= 0:
            raise requests.ReadTimeout("the time for this question was used up before the exchange began")
        response = self._session().request(
            method,
            url,
            headers=dict(headers),
            data=form,  # type: ignore[arg-type]
            timeout=(min(self._server.connect_timeout, left), min(self._server.read_timeout, left)),
            allow_redirects=False,
            proxies=self._proxies,
            stream=True,
        )
        with response:
            body = bytearray()
            if response.headers.get("Content-Encoding", "identity") != "identity":
                # Not asked for, and the cap would count only what came in.
                raise failure(MdmCode.PROTOCOL, f"{urlsplit(url).hostname}: a compressed body")
            for chunk in response.raw.stream(_CHUNK, decode_content=False):
                body += chunk
                if len(body) > limit:
                    host = urlsplit(url).hostname
                    raise failure(MdmCode.PROTOCOL, f"{host}: HTTP {response.status_code}, body over {limit} bytes")
            lowered = {name.lower(): value for name, value in response.headers.items()}
            return HttpResponse(response.status_code, lowered, bytes(body))

    def _look_at(self, host: str) -> str:
        """The certificates a host shows; looked at once a minute, because a failure comes many times."""
        now = time.monotonic()
        with self._lock:
            seen = self._probes.get(host)
        if seen is not None and now - seen[0] < _PROBE_EVERY:
            return seen[1]
        left = (deadline() or now) - now
        if left < 0.05:
            return "no time left to look at the certificates"
        text = presented_chain(host, self._server.connect_to, self._server.proxy, left)
        with self._lock:
            self._probes[host] = (now, text)
        return text


def _new_session(server: Server) -> requests.Session:
    context = client_context(server.ca_file)
    context.sslsocket_class = DeadlineSocket
    session = requests.Session()
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers.clear()
    session.headers["User-Agent"] = "freeradius-mdm"
    session.mount("https://", Adapter(context, server.max_concurrent, server.connect_to))
    return session
