"""A TLS server that sends what it is told to, byte for byte: for answers the simulated Microsoft would never give."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from typing import Self

from freeradius_mdm.lab.pki import LabPki

HOST = "canned.example"


class CannedServer:
    """`answer` gets the connection after each request head; `heads` are the heads that came."""

    def __init__(self, pki: LabPki, answer: Callable[[ssl.SSLSocket], None]) -> None:
        credential = pki.server("canned", [HOST])
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(credential.cert_file, credential.key_file)
        self._answer = answer
        self.heads: list[str] = []

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        # shutdown wakes the thread in accept, close alone does not.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                raw, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(raw,), daemon=True).start()

    def _serve(self, raw: socket.socket) -> None:
        with raw, contextlib.suppress(OSError), self._context.wrap_socket(raw, server_side=True) as connection:
            head = b""
            while data := connection.recv(4096):
                head += data
                if head.endswith(b"\r\n\r\n"):
                    self.heads.append(head.decode())
                    head = b""
                    self._answer(connection)
