"""Throttling and outages, which any service can show."""

from __future__ import annotations

import email.utils
import time
from collections.abc import Callable

import pytest
import requests

from freeradius_mdm.lab.microsoft import SimulatedMicrosoft
from tests.lab.microsoft.client import CRS_HOST, DEVICE, ENDPOINTS, LabClient

ASK: dict[str, Callable[[LabClient], requests.Response]] = {
    "login.microsoftonline.com": lambda client: client.ask_token(),
    "graph.microsoft.com": lambda client: client.graph(ENDPOINTS),
    CRS_HOST: lambda client: client.device(),
}


@pytest.mark.parametrize("host", ASK)
@pytest.mark.parametrize(
    ("personality", "options", "header"),
    [("429-seconds", {}, "7"), ("429-seconds", {"seconds": "3"}, "3"), ("429-no-header", {}, None)],
)
def test_429(
    sim: SimulatedMicrosoft, client: LabClient, host: str, personality: str, options: dict[str, str], header: str | None
) -> None:
    sim.fault(personality, host=host, **options)

    answer = ASK[host](client)
    assert answer.status_code == 429
    assert answer.headers.get("Retry-After") == header


def test_429_with_a_date(sim: SimulatedMicrosoft, client: LabClient) -> None:
    sim.fault("429-http-date", host=CRS_HOST, seconds="30")

    value = client.device().headers["Retry-After"]
    ahead = email.utils.parsedate_to_datetime(value).timestamp() - time.time()
    assert value.endswith("GMT")
    assert 25 < ahead <= 31


@pytest.mark.parametrize("host", ASK)
def test_503_once(sim: SimulatedMicrosoft, client: LabClient, host: str) -> None:
    sim.fault("503-once", host=host)

    assert [ASK[host](client).status_code for _ in range(2)] == [503, 200]


@pytest.mark.parametrize(("personality", "status"), [("503-sticky", 503), ("500", 500)])
def test_until_switched_off(sim: SimulatedMicrosoft, client: LabClient, personality: str, status: int) -> None:
    sim.fault(personality, host=CRS_HOST)

    assert [client.device().status_code for _ in range(3)] == [status] * 3
    assert sim.clear_faults(personality) == 1
    assert client.device().status_code == 200


def test_busy_wait(sim: SimulatedMicrosoft, client: LabClient) -> None:
    sim.fault("busy-wait-seconds", seconds="2")

    for text in (client.device().text, client.bulk().text, client.crs("/ciscoise/mdminfo/?ise_api_version=3").text):
        assert "<server_busy_wait_seconds>2</server_busy_wait_seconds>" in text


def test_proxy_in_between(sim: SimulatedMicrosoft, client: LabClient) -> None:
    sim.fault("proxy-407", path=f"*{DEVICE}*")

    answer = client.device()
    assert answer.status_code == 407
    assert answer.headers["Proxy-Authenticate"] == 'Basic realm="lab proxy"'
