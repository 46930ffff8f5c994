"""Answers that nobody should send, byte for byte."""

import gzip
import ssl
import threading
import time

import pytest

from freeradius_mdm.lab.pki import LabPki

from .bench import Bench
from .canned import HOST, CannedServer
from .exchanges import LIMIT, client, refused

URL = f"https://{HOST}/x"


def test_a_compressed_body_is_refused(bench: Bench, pki: LabPki) -> None:
    body = gzip.compress(b" " * (50 << 20))  # 50 MiB in 50 KiB

    def answer(connection: ssl.SSLSocket) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)
        connection.sendall(head + body)

    with CannedServer(pki, answer) as server, client(bench, connect_to=server.address) as http:
        error = refused(http, URL)
    assert error.code == "M1234"
    assert "compressed" in error.detail
    assert "accept-encoding: identity" in server.heads[0].lower()


def test_cookies_are_not_kept(bench: Bench, pki: LabPki) -> None:
    def answer(connection: ssl.SSLSocket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Path=/\r\nContent-Length: 2\r\n\r\nok")

    with CannedServer(pki, answer) as server, client(bench, connect_to=server.address) as http:
        for _ in range(2):
            assert http.get(URL, {"Accept": "application/xml"}, LIMIT).body == b"ok"
    assert len(server.heads) == 2
    assert not any("cookie" in head.lower() for head in server.heads)
    # What is sent, and nothing more.
    names = [line.split(":")[0].lower() for line in server.heads[1].splitlines()[1:] if line]
    assert sorted(names) == ["accept", "accept-encoding", "host", "user-agent"]


@pytest.mark.parametrize("part", [b"X-Header: " + b"y" * 60 + b"\r\n", b"x"])
def test_a_head_that_trickles_is_cut_off(bench: Bench, pki: LabPki, part: bytes) -> None:
    over = threading.Event()

    def answer(connection: ssl.SSLSocket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while not over.wait(0.02):
            connection.sendall(part)

    started = time.monotonic()
    with (
        CannedServer(pki, answer) as server,
        client(bench, connect_to=server.address, connect_timeout=0.3, read_timeout=0.5) as http,
    ):
        error = refused(http, URL)
        over.set()
    assert error.code in ("M1202", "M1205")
    assert time.monotonic() - started < 2.0


@pytest.mark.parametrize("answer", [b"", b"\x00\x01\x02", b"HTTP/1.1 OK\r\n\r\n", b"SSH-2.0-x\r\n"])
def test_what_is_no_http(bench: Bench, pki: LabPki, answer: bytes) -> None:
    def send(connection: ssl.SSLSocket) -> None:
        connection.sendall(answer)
        connection.close()

    with CannedServer(pki, send) as server, client(bench, connect_to=server.address) as http:
        assert refused(http, URL).code == "M1205"
