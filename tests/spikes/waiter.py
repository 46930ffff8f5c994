"""Stands in for mdmd: a small HTTP service on loopback that answers 204 late, never, or not at all."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


@dataclass
class Waiter:
    """Answers 204 after `delay` seconds; `hung` accepts and says nothing. Paths asked for are kept."""

    delay: float = 0.3
    hung: bool = False
    paths: list[str] = field(default_factory=list)
    port: int = 0

    def __post_init__(self) -> None:
        self._release = threading.Event()
        self._open: list[socket.socket] = []

    def start(self) -> None:
        """Start, or start again after `stop` on the same port."""
        waiter = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                waiter._open.append(self.connection)

            def do_GET(self) -> None:
                waiter.paths.append(self.path)
                if waiter.hung:
                    waiter._release.wait(30)
                    self.close_connection = True
                    return
                time.sleep(waiter.delay)
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing: the paths are kept."""

        self._release.clear()
        self._server = _Server(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._release.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        # A service that is gone has closed the connections that radiusd keeps in its pool, too.
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._open.clear()
