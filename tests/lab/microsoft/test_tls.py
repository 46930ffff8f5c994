from __future__ import annotations

import ssl

import pytest

from freeradius_mdm.lab.microsoft.tls import server_name


def hello(host: str | None) -> bytes:
    context = ssl.create_default_context()
    context.check_hostname = host is not None
    outgoing = ssl.MemoryBIO()
    tls = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=host)
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    return outgoing.read()


@pytest.mark.parametrize("host", ["graph.microsoft.com", "fef.msud01.manage.microsoft.com"])
def test_name(host: str) -> None:
    assert server_name(hello(host)) == host


def test_no_name() -> None:
    assert server_name(hello(None)) == ""


def test_an_incomplete_hello_asks_for_more() -> None:
    whole = hello("graph.microsoft.com")

    assert {server_name(whole[:size]) for size in range(1, len(whole))} == {None}


@pytest.mark.parametrize(
    "data", [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00\x02\x02\x00", b"\x16\x03\x01\x00\x04\x01\x00\x00\x00"]
)
def test_other_things(data: bytes) -> None:
    assert server_name(data) == ""
