"""Transport personalities: late, slow, broken, refused, badly certified; and one port for every host."""

from __future__ import annotations

import contextlib
import socket
import ssl
import time

import pytest
import requests

from freeradius_mdm.lab.microsoft import SimulatedMicrosoft
from tests.lab.microsoft.client import CRS, CRS_HOST, DEVICE, LabClient

HOSTS = [
    "login.microsoftonline.com",
    "login.microsoftonline.us",
    "login.partner.microsoftonline.cn",
    "login.chinacloudapi.cn",
    "graph.microsoft.com",
    "graph.microsoft.us",
    "dod-graph.microsoft.us",
    "microsoftgraph.chinacloudapi.cn",
    "fef.msud01.manage.microsoft.com",
    "fef.msua99.manage.microsoft.com",
    "fef.msug01.manage.microsoft.us",
    "fef.msuc01.manage.microsoft.com",
    "graph.windows.net",
]


def shake(sim: SimulatedMicrosoft, host: str, minimum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2) -> str | None:
    context = ssl.create_default_context(cafile=str(sim.ca_file))
    context.minimum_version = minimum
    with (
        socket.create_connection(("127.0.0.1", sim.tls_port), 5) as raw,
        context.wrap_socket(raw, server_hostname=host) as tls,
    ):
        return tls.version()


@pytest.mark.parametrize("host", HOSTS)
def test_every_host_has_a_good_certificate(sim: SimulatedMicrosoft, host: str) -> None:
    assert shake(sim, host) == "TLSv1.3"


def test_other_names_have_none(sim: SimulatedMicrosoft) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        shake(sim, "www.example.com")


BROKEN = [
    ("tls-expired", ssl.SSLCertVerificationError, "certificate has expired"),
    ("tls-wrong-name", ssl.SSLCertVerificationError, "Hostname mismatch"),
    ("tls-unknown-ca", ssl.SSLCertVerificationError, "unable to get local issuer certificate"),
    ("tls-1.1", ssl.SSLError, "(?i)protocol|EOF"),
    ("refuse", OSError, "(?i)reset|EOF"),
    ("dns-gone", OSError, "(?i)reset|EOF"),
]


@pytest.mark.parametrize(("personality", "error", "text"), BROKEN)
def test_broken_handshakes(sim: SimulatedMicrosoft, personality: str, error: type[Exception], text: str) -> None:
    sim.fault(personality, host=CRS_HOST)

    with pytest.raises(error, match=text):
        shake(sim, CRS_HOST)
    assert shake(sim, "graph.microsoft.com") == "TLSv1.3"
    sim.clear_faults()
    assert shake(sim, CRS_HOST) == "TLSv1.3"


def test_refused_for_all(sim: SimulatedMicrosoft, client: LabClient) -> None:
    assert client.device().status_code == 200
    port = sim.tls_port
    sim.fault("refuse")

    with pytest.raises(ConnectionRefusedError):
        shake(sim, CRS_HOST)
    # Connections that were up are gone as well.
    with pytest.raises(requests.ConnectionError):
        client.device()
    sim.clear_faults()
    assert sim.tls_port == port
    assert client.device().status_code == 200


def test_names_that_are_gone(sim: SimulatedMicrosoft) -> None:
    assert CRS_HOST in sim.hosts()
    sim.fault("dns-gone", host=CRS_HOST)

    assert CRS_HOST not in sim.hosts()
    assert "graph.microsoft.com" in sim.hosts()


@pytest.mark.parametrize(("personality", "least"), [("slow-250", 0.25), ("slow-350", 0.35)])
def test_late(sim: SimulatedMicrosoft, client: LabClient, personality: str, least: float) -> None:
    client.device()
    sim.fault(personality)

    started = time.monotonic()
    assert client.device().status_code == 200
    assert least <= time.monotonic() - started < least + 2


def test_too_late(sim: SimulatedMicrosoft, client: LabClient) -> None:
    client.device()
    sim.fault("slow-10s")

    with pytest.raises(requests.ReadTimeout):
        client.device(timeout=0.2)


def test_trickle(sim: SimulatedMicrosoft, client: LabClient) -> None:
    client.device()
    sim.fault("trickle")

    started = time.monotonic()
    with client.http.get(f"{CRS}/x", stream=True, timeout=2) as answer:
        # Every byte comes long before a read would time out; the whole does not.
        assert [len(answer.raw.read(1)) for _ in range(5)] == [1] * 5
    assert time.monotonic() - started >= 0.2


def test_reset(sim: SimulatedMicrosoft, client: LabClient) -> None:
    client.device()
    sim.fault("reset")

    with pytest.raises(requests.ConnectionError, match="Connection aborted"):
        client.device()


def test_half_close(sim: SimulatedMicrosoft, client: LabClient) -> None:
    client.device()
    sim.fault("half-close")

    with pytest.raises(requests.RequestException, match=r"(?i)incomplete|EOF"):
        client.device()


def test_only_the_nth_calls(sim: SimulatedMicrosoft, client: LabClient) -> None:
    sim.fault("503-sticky", host=CRS_HOST, nth=2, every=3, times=2)

    assert [client.device().status_code for _ in range(9)] == [200, 503, 200, 200, 503, 200, 200, 200, 200]


def test_a_client_that_says_nothing_does_not_disturb(sim: SimulatedMicrosoft, client: LabClient) -> None:
    with socket.create_connection(("127.0.0.1", sim.tls_port), 5) as silent:
        assert client.device().status_code == 200
        silent.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert client.device().status_code == 200


def test_a_client_hello_in_pieces(sim: SimulatedMicrosoft) -> None:
    context = ssl.create_default_context(cafile=str(sim.ca_file))
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname=CRS_HOST)
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    hello = outgoing.read()
    with socket.create_connection(("127.0.0.1", sim.tls_port), 5) as raw:
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for index in range(0, len(hello), 40):
            raw.sendall(hello[index : index + 40])
        while tls.version() is None:
            incoming.write(raw.recv(65_536))
            with contextlib.suppress(ssl.SSLWantReadError):
                tls.do_handshake()
    assert sim.counters()["connections"] == {CRS_HOST: 1}


def test_journal_has_no_secrets(sim: SimulatedMicrosoft, client: LabClient) -> None:
    client.device()
    client.crs(f"/cisco/devices/?paging=0&querycriteria=guid&value={DEVICE}&filter=all&access_token=abc")

    text = repr(sim.journal())
    for secret in ("correct horse", "eyJ", "abc"):
        assert secret not in text.replace("access_token=REDACTED", "")
