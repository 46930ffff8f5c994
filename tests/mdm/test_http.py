"""One exchange, against the simulator's hosts and TLS faults."""

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from freeradius_mdm.errors import SourceError
from freeradius_mdm.mdm.http import HttpClient, HttpResponse

from .bench import CRS_HOST, GRAPH_HOST, LOGIN_HOST, TENANT, Bench

OIDC = f"https://{LOGIN_HOST}/{TENANT}/v2.0/.well-known/openid-configuration"
LIMIT = 1 << 20


@contextlib.contextmanager
def client(bench: Bench, **changes: Any) -> Iterator[HttpClient]:
    http = HttpClient(bench.server(**changes))
    try:
        yield http
    finally:
        http.close()


def refused(http: HttpClient, url: str = OIDC, limit: int = LIMIT) -> SourceError:
    with pytest.raises(SourceError) as caught:
        http.get(url, {}, limit)
    return caught.value


def test_real_names_at_the_labs_address(bench: Bench) -> None:
    with client(bench) as http:
        response = http.get(OIDC, {"X-Test": "1"}, LIMIT)
    assert response.status == 200
    assert response.headers["content-type"].startswith("application/json")
    assert f"https://{LOGIN_HOST}/" in response.text
    assert bench.sim.counters()["connections"] == {LOGIN_HOST: 1}


def test_connections_are_kept(bench: Bench) -> None:
    with client(bench) as http:
        for _ in range(5):
            http.get(OIDC, {}, LIMIT)
    assert bench.sim.counters()["connections"] == {LOGIN_HOST: 1}


def test_the_environment_has_no_say(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, "/nonexistent")
    with client(bench) as http:
        assert http.get(OIDC, {}, LIMIT).status == 200


def test_only_https(bench: Bench) -> None:
    with client(bench) as http:
        assert "https" in refused(http, OIDC.replace("https:", "http:")).detail


def test_redirects_are_not_followed(bench: Bench) -> None:
    bench.sim.fault("307-offsite")
    with client(bench) as http:
        assert (
            http.post(
                OIDC.replace("v2.0/.well-known/openid-configuration", "oauth2/v2.0/token"), {}, {"a": "b"}, LIMIT
            ).status
            == 307
        )
    assert set(bench.sim.counters()["connections"]) == {LOGIN_HOST}


def test_the_body_is_capped(bench: Bench) -> None:
    with client(bench) as http:
        error = refused(http, limit=100)
    assert error.code == "M1234"
    assert "100 bytes" in error.detail


def test_no_answer_is_refused(bench: Bench) -> None:
    bench.sim.fault("reset")
    with client(bench) as http:
        assert refused(http).code == "M1205"


def test_half_an_answer(bench: Bench) -> None:
    bench.sim.fault("half-close")
    with client(bench) as http:
        assert refused(http).code == "M1205"


def test_a_refused_connection(bench: Bench) -> None:
    bench.sim.fault("refuse")
    with client(bench) as http:
        error = refused(http)
    assert error.code == "M1205"
    assert LOGIN_HOST in error.detail
    assert "refused" in error.detail


def test_a_name_nobody_has(bench: Bench) -> None:
    with client(bench, connect_to=None) as http:
        error = refused(http, "https://no-such-host.invalid/x")
    assert error.code == "M1204"
    assert "no-such-host.invalid" in error.detail


def test_a_late_answer(bench: Bench) -> None:
    bench.sim.fault("slow-10s")
    started = time.monotonic()
    with client(bench, read_timeout=0.2, connect_timeout=1.0) as http:
        assert refused(http).code == "M1202"
    assert time.monotonic() - started < 2.0


def test_an_answer_that_trickles_is_cut_off(bench: Bench) -> None:
    # A byte every 50 ms never runs into a read timeout of 300 ms.
    bench.sim.fault("trickle")
    started = time.monotonic()
    with client(bench, read_timeout=0.3, connect_timeout=0.3) as http:
        assert refused(http).code == "M1202"
    assert time.monotonic() - started < 2.0


def test_a_budget_counts_over_all_exchanges(bench: Bench) -> None:
    bench.sim.fault("slow-250")
    with client(bench) as http:
        with http.budget(0.4), pytest.raises(SourceError) as caught:
            for _ in range(3):
                http.get(OIDC, {}, LIMIT)
        assert caught.value.code == "M1202"
        assert http.get(OIDC, {}, LIMIT).status == 200


def test_silence_while_connecting(bench: Bench) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        started = time.monotonic()
        with client(bench, connect_to=address, connect_timeout=0.2) as http:
            assert refused(http).code in ("M1201", "M1202")
    assert time.monotonic() - started < 2.0


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("tls-expired", ["expired", "valid until", "issued by CN=Lab CA"]),
        ("tls-wrong-name", ["CN=some-other-host.example"]),
        ("tls-unknown-ca", ["issued by CN=Some other CA"]),
    ],
)
def test_tls_failures_show_what_was_presented(bench: Bench, fault: str, words: list[str]) -> None:
    bench.sim.fault(fault, host=LOGIN_HOST)
    with client(bench) as http:
        error = refused(http)
    assert error.code == "M1203"
    assert LOGIN_HOST in error.detail
    for word in [*words, "SHA-256 "]:
        assert word in error.detail


def test_old_tls_is_refused(bench: Bench) -> None:
    bench.sim.fault("tls-1.1", host=LOGIN_HOST)
    with client(bench) as http:
        # The simulator hangs up; a server that says why with an alert makes it M1203.
        assert refused(http).code in ("M1203", "M1205")


def test_certificates_are_looked_at_once_a_minute(bench: Bench) -> None:
    bench.sim.fault("tls-expired")
    with client(bench) as http:
        for _ in range(3):
            assert "SHA-256" in refused(http).detail
    # Three attempts and one look.
    assert bench.sim.counters()["connections"][LOGIN_HOST] == 4


def test_a_ca_of_nobody_is_not_trusted(bench: Bench) -> None:
    with client(bench, ca_file=None) as http:
        assert refused(http).code == "M1203"


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
        response: HttpResponse = http.get(OIDC, {}, LIMIT)
    proxy.close()
    assert response.status == 200
    assert proxy.asked == [f"CONNECT {LOGIN_HOST}:443 HTTP/1.1"] or proxy.asked == [
        f"CONNECT {LOGIN_HOST}:443 HTTP/1.0"
    ]


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


def test_nothing_secret_is_logged(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.sim.fault("reset", nth=2)
    with caplog.at_level(logging.DEBUG), client(bench) as http:
        http.get(OIDC, {"Authorization": "Bearer very-secret"}, LIMIT)
        with pytest.raises(SourceError) as caught:
            http.get(OIDC, {"Authorization": "Bearer very-secret"}, LIMIT)
    assert "very-secret" not in caplog.text + str(caught.value)


def test_many_threads_share_it(bench: Bench) -> None:
    statuses: list[int] = []
    with client(bench) as http:

        def work() -> None:
            for host in (LOGIN_HOST, GRAPH_HOST, CRS_HOST):
                statuses.append(http.get(f"https://{host}/nothing", {}, LIMIT).status)

        threads = [threading.Thread(target=work) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(statuses) == 48
