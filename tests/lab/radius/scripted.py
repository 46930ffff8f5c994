"""A UDP server that answers as a test tells it to, request by request."""

from __future__ import annotations

import hashlib
import hmac
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from freeradius_mdm.lab.radius import Server

SECRET = b"xyzzy5461"
ACCEPT, REJECT, CHALLENGE = 2, 3, 11
SESSION_TIMEOUT = bytes.fromhex("1b0600003840")  # 14400 seconds

Answer = Callable[[bytes], list[bytes]]
"""From the octets of a request to the datagrams to send back, none included."""


@dataclass(slots=True)
class Script:
    """Where the server is, and what it got so far."""

    server: Server
    requests: list[bytes] = field(default_factory=list)


def signed(code: int, attributes: bytes = SESSION_TIMEOUT, *, signature: bool = True, last: bool = False) -> Answer:
    """A genuine reply; with `signature` Message-Authenticator comes first, or after the rest if `last`."""
    return lambda request: [packet(request, code, attributes, signature=signature, last=last)]


def packet(
    request: bytes, code: int, attributes: bytes, *, signature: bool = True, last: bool = False, secret: bytes = SECRET
) -> bytes:
    """Build a reply by hand: RFC 2865 section 3, RFC 3579 section 3.2."""
    authenticator = request[4:20]
    blank = b"\x50\x12" + bytes(16)
    if signature:
        attributes = attributes + blank if last else blank + attributes
    head = bytes([code, request[1]]) + (20 + len(attributes)).to_bytes(2, "big")
    if signature:
        digest = hmac.digest(secret, head + authenticator + attributes, "md5")
        attributes = attributes.replace(blank, blank[:2] + digest)
    response = hashlib.md5(head + authenticator + attributes + secret).digest()  # noqa: S324
    return head + response + attributes


def closed_port(host: str = "127.0.0.1") -> int:
    """A port on which nothing listens: one that was free a moment ago."""
    with socket.socket(_family(host), socket.SOCK_DGRAM) as sock:
        sock.bind((host, 0))
        port: int = sock.getsockname()[1]
        return port


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


@contextmanager
def serving(*answers: Answer, host: str = "127.0.0.1") -> Iterator[Script]:
    """Answer the first request with the first answer and so on; stop when all are used or the test ends."""
    family = _family(host)
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.bind((host, 0))
        script = Script(Server(host, sock.getsockname()[1], SECRET))

        def serve() -> None:
            for answer in answers:
                request, sender = sock.recvfrom(4096)
                if not request:
                    return
                script.requests.append(request)
                for datagram in answer(request):
                    sock.sendto(datagram, sender)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield script
        finally:
            # An empty datagram ends a server that still waits.
            with socket.socket(family, socket.SOCK_DGRAM) as bell:
                bell.sendto(b"", (host, script.server.port))
            thread.join()
