"""One exchange through an outbound proxy."""

import contextlib
import socket
import threading

from .bench import LOGIN_HOST, Bench
from .exchanges import LIMIT, OIDC, client, refused


class Proxy:
    """An outbound proxy that leads every CONNECT to the simulator, or says 407."""

    def __init__(self, target: str, status: bytes = b"200 Connection established") -> None:
        self._target, self._status = target, status
        self.asked: list[str] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._server.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._server.accept()
                threading.Thread(target=self._tunnel, args=(near,), daemon=True).start()

    def _tunnel(self, near: socket.socket) -> None:
        with near, contextlib.suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                head += near.recv(4096)
            self.asked.append(head.split(b"\r\n")[0].decode())
            near.sendall(b"HTTP/1.1 " + self._status + b"\r\n\r\n")
            if not self._status.startswith(b"200"):
                return
            host, port = self._target.rsplit(":", 1)
            with socket.create_connection((host, int(port))) as far:
                back = threading.Thread(target=_copy, args=(far, near), daemon=True)
                back.start()
                _copy(near, far)
                back.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


def test_through_a_proxy(bench: Bench) -> None:
    proxy = Proxy(bench.sim.address)
    with client(bench, connect_to=None, proxy=proxy.url) as http:
        response = http.get(OIDC, {}, LIMIT)
    proxy.close()
    assert response.status == 200
    assert [line.rsplit(" ", 1)[0] for line in proxy.asked] == [f"CONNECT {LOGIN_HOST}:443"]


def test_tls_is_verified_through_a_proxy_too(bench: Bench) -> None:
    proxy = Proxy(bench.sim.address)
    bench.sim.fault("tls-unknown-ca")
    with client(bench, connect_to=None, proxy=proxy.url) as http:
        error = refused(http)
    proxy.close()
    assert error.code == "M1203"
    assert "issued by CN=Some other CA" in error.detail


def test_a_proxy_that_wants_a_password(bench: Bench) -> None:
    proxy = Proxy(bench.sim.address, b"407 Proxy Authentication Required")
    with client(bench, connect_to=None, proxy=proxy.url) as http:
        error = refused(http)
    proxy.close()
    assert error.code == "M1206"
    assert "407" in error.detail


def test_a_proxy_that_is_not_there(bench: Bench) -> None:
    proxy = Proxy(bench.sim.address)
    proxy.close()
    with client(bench, connect_to=None, proxy="http://127.0.0.1:9") as http:
        assert refused(http).code == "M1206"
