"""One exchange, against the simulator's hosts and TLS faults."""

import logging
import socket
import threading
import time
from pathlib import Path

import pytest

from freeradius_mdm.errors import SourceError

from .bench import CRS_HOST, GRAPH_HOST, LOGIN_HOST, Bench
from .exchanges import LIMIT, OIDC, client, refused


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
        with http.budget(0.4):
            assert http.get(OIDC, {}, LIMIT).status == 200
            assert refused(http).code == "M1202"
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


def test_the_trust_store_is_read_when_it_is_needed_and_again_until_it_can_be(bench: Bench, tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    with client(bench, ca_file=file) as http:
        assert refused(http).code == "M1203"
        file.write_bytes(bench.sim.ca_file.read_bytes())
        assert http.get(OIDC, {}, LIMIT).status == 200
