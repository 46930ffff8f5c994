"""Opening connections: within one time limit, to another address when told so, through an outbound proxy or not.

What requests leaves to chance is fixed here. Its connect timeout counts per address, and login.microsoftonline.com
has many; its read timeout counts per byte received, so an answer that trickles never ends.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from typing import Any

import urllib3
import urllib3.exceptions
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPSConnection

_MOST_ADDRESSES = 4
_thread = threading.local()


def set_deadline(at: float | None) -> None:
    """For this thread: the `time.monotonic()` moment at which every read fails with a timeout; None for never."""
    _thread.deadline = at


def deadline() -> float | None:
    """What `set_deadline` set in this thread."""
    at: float | None = getattr(_thread, "deadline", None)
    return at


class DeadlineSocket(ssl.SSLSocket):
    """A TLS socket whose reads respect the thread's deadline, so that a trickling peer can't hold a thread."""

    def recv_into(self, buffer: Any, nbytes: int | None = None, flags: int = 0) -> int:
        """As in ssl, with the time left as the timeout where that is shorter."""
        at = deadline()
        if at is None:
            return super().recv_into(buffer, nbytes, flags)
        left = at - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time for this exchange is used up")
        usual = self.gettimeout()
        if usual is not None and usual <= left:
            return super().recv_into(buffer, nbytes, flags)
        self.settimeout(left)
        try:
            return super().recv_into(buffer, nbytes, flags)
        finally:
            self.settimeout(usual)


def connect(host: str, port: int, timeout: float) -> socket.socket:
    """A TCP connection within `timeout` seconds over all addresses tried; name resolution takes what it takes.

    The socket comes back with the rest of `timeout` set. The families take turns and the time left is divided among
    the addresses left, so that one dead address (IPv6 that leads nowhere) does not use it up. Raises OSError.
    """
    end = time.monotonic() + timeout
    addresses = resolve(host, port)
    error: OSError = OSError("the name has no address")
    for index, (family, kind, protocol, _, address) in enumerate(addresses):
        left = end - time.monotonic()
        if left <= 0:
            raise TimeoutError("no address answered in time")
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(left / (len(addresses) - index))
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.connect(address)
        except OSError as raised:
            sock.close()
            error = raised
        else:
            # What is left belongs to the TLS handshake that follows.
            sock.settimeout(max(end - time.monotonic(), 0.001))
            return sock
    raise error


def resolve(host: str, port: int) -> list[Any]:
    """The addresses that are tried, in that order, as getaddrinfo has them. Raises OSError (socket.gaierror)."""
    return _take_turns(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))[:_MOST_ADDRESSES]


def _take_turns(found: list[Any]) -> list[Any]:
    """Address families alternate, starting with the one the system prefers (RFC 8305 section 4)."""
    first = [entry for entry in found if entry[0] == found[0][0]]
    other = [entry for entry in found if entry[0] != found[0][0]]
    turns = [entry for pair in zip(first, other, strict=False) for entry in pair]
    return turns + first[len(other) :] + other[len(first) :]


def host_and_port(text: str) -> tuple[str, int]:
    """`HOST:PORT` or `[IPV6]:PORT` taken apart."""
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


class Adapter(HTTPAdapter):
    """requests' adapter with our TLS context, our way of dialing, and no retries of its own."""

    def __init__(self, context: ssl.SSLContext, pool_size: int, connect_to: str | None) -> None:
        self._context = context
        self._connection_class = _connection_class(connect_to)
        super().__init__(pool_connections=8, pool_maxsize=pool_size, max_retries=0)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any) -> None:
        """As in requests, with the TLS context and the connection class put in."""
        super().init_poolmanager(connections, maxsize, block, ssl_context=self._context, **pool_kwargs)
        self._set_class(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:
        """As in requests, with the TLS context and the connection class put in."""
        known = proxy in self.proxy_manager
        manager = super().proxy_manager_for(
            proxy, ssl_context=self._context, proxy_ssl_context=self._context, **proxy_kwargs
        )
        if not known:
            self._set_class(manager)
        return manager

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        """requests would put a CA file here, which is then loaded again for every connection."""
        host, _ = super().build_connection_pool_key_attributes(request, True, cert)
        return host, {}

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Nothing to set: the context verifies, whatever the caller or the environment says."""

    def _set_class(self, manager: Any) -> None:
        base = manager.pool_classes_by_scheme["https"]
        pool = type("Pool", (base,), {"ConnectionCls": self._connection_class})
        manager.pool_classes_by_scheme = {**manager.pool_classes_by_scheme, "https": pool}


def _connection_class(connect_to: str | None) -> type[HTTPSConnection]:
    target = host_and_port(connect_to) if connect_to else None

    class Connection(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            # The name stays what it is for SNI, Host and verification: only the address dialed changes.
            host, port = target if target and self.proxy is None else (self.host, self.port or 443)
            limit = self.timeout if isinstance(self.timeout, int | float) else 10.0
            at = deadline()
            if at is not None:
                limit = max(min(limit, at - time.monotonic()), 0.001)
                self.timeout = limit
            try:
                return connect(host, port, limit)
            except socket.gaierror as error:
                raise urllib3.exceptions.NameResolutionError(host, self, error) from error
            except TimeoutError as error:
                raise urllib3.exceptions.ConnectTimeoutError(self, f"no connection to {host}:{port}") from error
            except OSError as error:
                raise urllib3.exceptions.NewConnectionError(self, f"{host}:{port}: {error.strerror}") from error

    return Connection
