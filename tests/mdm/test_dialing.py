"""Connections, against plain sockets on this machine."""

import contextlib
import socket
import time
from collections.abc import Iterator

import pytest

from freeradius_mdm.mdm import dialing


@contextlib.contextmanager
def listener() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_a_connection_comes_with_the_rest_of_its_time() -> None:
    with listener() as port, dialing.connect("127.0.0.1", port, 5.0) as sock:
        assert 0 < (sock.gettimeout() or 0) <= 5.0
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_refused_connection() -> None:
    with pytest.raises(ConnectionRefusedError):
        dialing.connect("127.0.0.1", closed_port(), 5.0)


def test_a_name_nobody_has() -> None:
    with pytest.raises(socket.gaierror):
        dialing.connect("no-such-host.invalid", 443, 5.0)


def test_families_take_turns() -> None:
    found = [(socket.AF_INET6, n) for n in range(3)] + [(socket.AF_INET, n) for n in range(2)]
    assert dialing._take_turns(found) == [
        (socket.AF_INET6, 0),
        (socket.AF_INET, 0),
        (socket.AF_INET6, 1),
        (socket.AF_INET, 1),
        (socket.AF_INET6, 2),
    ]
    assert dialing._take_turns(found[3:]) == found[3:]


def test_a_dead_address_does_not_use_up_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    with listener() as port, socket.create_server(("127.0.0.2", 0), backlog=0) as full:
        # A full backlog swallows connections the way a firewall does.
        address = full.getsockname()
        fillers = [socket.socket() for _ in range(3)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(address)
        usual = socket.getaddrinfo("127.0.0.1", port, type=socket.SOCK_STREAM)
        dead = [(*usual[0][:4], address)]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: dead + usual)
        started = time.monotonic()
        with dialing.connect("two-addresses.example", port, 1.0) as sock:
            assert sock.getpeername()[1] == port
        assert 0.3 < time.monotonic() - started < 0.9
        for filler in fillers:
            filler.close()


@pytest.mark.parametrize(
    ("text", "expected"),
    [("127.0.0.1:443", ("127.0.0.1", 443)), ("[::1]:8443", ("::1", 8443)), ("lab.example:1", ("lab.example", 1))],
)
def test_host_and_port(text: str, expected: tuple[str, int]) -> None:
    assert dialing.host_and_port(text) == expected
