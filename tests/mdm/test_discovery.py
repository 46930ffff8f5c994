"""Finding CRS through the simulated Graph, in order and out of order (intune.md section 3)."""

import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from freeradius_mdm.errors import SourceError
from freeradius_mdm.mdm.discovery import Discovery
from freeradius_mdm.mdm.graph_endpoints import GraphEndpoints
from freeradius_mdm.mdm.http import HttpClient
from freeradius_mdm.mdm.tokens import Tokens

from .bench import CLIENT, CRS_HOST, GRAPH_HOST, LOGIN_HOST, Bench, FakeClock

SERVICE = "/TrafficGateway/TrafficRoutingService/ResourceAccess/ComplianceRetrievalService"
URI = f"https://{CRS_HOST}{SERVICE}"
MOVED_HOST = "fef.msua08.manage.microsoft.com"
MOVED = f"https://{MOVED_HOST}{SERVICE}"


class Desk:
    """Discovery objects over one state directory; all times follow one clock."""

    def __init__(self, bench: Bench, directory: Path) -> None:
        self.bench, self.directory = bench, directory
        self.clock = FakeClock()
        self._clients: list[HttpClient] = []

    def discovery(self, jitter: float = 0.0, **changes: Any) -> Discovery:
        server = self.bench.server(**changes)
        http = HttpClient(server)
        self._clients.append(http)
        tokens = Tokens(server, http, self.clock)
        endpoints = GraphEndpoints(server.cloud.graph_host, http, tokens, self.clock)
        return Discovery(server, endpoints, self.directory, self.clock, lambda: jitter)

    def later(self, seconds: float) -> None:
        self.clock.now += seconds

    def close(self) -> None:
        for client in self._clients:
            client.close()

    @property
    def looks(self) -> int:
        return self.bench.asked("endpoints")


@pytest.fixture
def desk(bench: Bench, tmp_path: Path) -> Iterator[Desk]:
    made = Desk(bench, tmp_path)
    yield made
    made.close()


def refused(discovery: Discovery) -> SourceError:
    with pytest.raises(SourceError) as caught:
        discovery.address()
    return caught.value


def test_found_among_decoys(desk: Desk) -> None:
    assert desk.discovery().address() == URI
    entry = desk.bench.sim.journal(operation="endpoints")[0]
    assert entry.path == "/v1.0/servicePrincipals/appId=0000000a-0000-0000-c000-000000000000/endpoints"
    assert entry.host == GRAPH_HOST
    assert len(entry.client_request_id) == 36


def test_looked_for_once(desk: Desk) -> None:
    discovery = desk.discovery()
    threads = [threading.Thread(target=discovery.address) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert desk.looks == 1


def test_pages_of_the_same_host_are_followed(desk: Desk) -> None:
    desk.bench.sim.fault("endpoints-paged")
    assert desk.discovery().address() == URI
    assert desk.looks > 1


def test_pages_of_another_host_are_not(desk: Desk) -> None:
    desk.bench.sim.fault("nextlink-offsite")
    error = refused(desk.discovery())
    assert error.code == "M1223"
    assert "another host" in error.detail
    assert set(desk.bench.sim.counters()["connections"]) == {LOGIN_HOST, GRAPH_HOST}


@pytest.mark.parametrize("kind", ["other-host", "look-alike", "suffix-glued", "userinfo", "http", "port"])
def test_an_evil_address_gets_no_token(desk: Desk, kind: str) -> None:
    desk.bench.sim.fault("evil-uri", kind=kind)
    error = refused(desk.discovery())
    assert error.code == "M1221"
    assert "allowed_crs_hosts" in error.advice
    assert set(desk.bench.sim.counters()["connections"]) == {LOGIN_HOST, GRAPH_HOST}
    # No CRS token was even asked for.
    assert all("api.manage" not in entry.subject for entry in desk.bench.sim.journal(operation="token"))


def test_an_allowed_host_is_used_and_warned_about(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.bench.sim.fault("evil-uri", kind="other-host")
    with caplog.at_level(logging.WARNING):
        address = desk.discovery(allowed_crs_hosts=("crs.attacker.example",)).address()
    assert address.startswith("https://crs.attacker.example/")
    assert "crs.attacker.example" in caplog.text


def test_two_records_the_first_good_one_is_taken(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.bench.sim.fault("duplicate-record")
    with caplog.at_level(logging.WARNING):
        assert desk.discovery().address().endswith(SERVICE)
    assert "crs_listed_twice" in caplog.text


@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [
        ("crs-missing", "M1220", ["licence"]),
        ("only-nac-v1", "M1220", ["NAC 1.x", "March 2024", "licence"]),
        ("endpoints-404", "M1220", ["service principal", "licence"]),
        ("endpoints-403", "M1222", ["Application.Read.All", "roles in the token", "Authorization_RequestDenied"]),
        ("500", "M1213", []),
        ("html-403", "M1213", []),
    ],
)
def test_no_address(desk: Desk, fault: str, code: str, words: list[str]) -> None:
    desk.bench.sim.fault(fault)
    error = refused(desk.discovery())
    assert error.code == code
    for word in words:
        assert word in str(error)


@pytest.mark.parametrize(
    ("fault", "code"),
    [("500", "M1223"), ("html-403", "M1222"), ("307-offsite", "M1223"), ("429-seconds", "M1232"), ("reset", "M1205")],
)
def test_graph_itself_fails(desk: Desk, fault: str, code: str) -> None:
    desk.bench.sim.fault(fault, host=GRAPH_HOST)
    assert refused(desk.discovery()).code == code
    assert set(desk.bench.sim.counters()["connections"]) <= {LOGIN_HOST, GRAPH_HOST}


def test_one_503_of_graph_is_no_failure(desk: Desk) -> None:
    desk.bench.sim.fault("503-once", host=GRAPH_HOST)
    assert desk.discovery().address() == URI


def test_consent_that_comes_later_is_seen_within_seconds(desk: Desk) -> None:
    discovery = desk.discovery()
    desk.bench.sim.change_application(CLIENT, roles=["get_device_compliance"])
    error = refused(discovery)
    assert (error.code, "roles in the token: none" in error.detail) == ("M1222", True)
    desk.bench.sim.change_application(CLIENT, roles=["get_device_compliance", "Application.Read.All"])
    refused(discovery)
    desk.later(5)
    assert discovery.address() == URI


def test_kept_over_a_restart_and_an_outage(desk: Desk) -> None:
    desk.discovery().address()
    desk.bench.sim.fault("500", host=GRAPH_HOST)
    assert desk.discovery().address() == URI
    assert desk.looks == 1


def test_a_saved_address_is_checked_again(desk: Desk) -> None:
    desk.bench.sim.fault("evil-uri", kind="other-host")
    desk.discovery(allowed_crs_hosts=("crs.attacker.example",)).address()
    desk.bench.sim.clear_faults()
    assert desk.discovery().address() == URI


def test_another_tenants_address_is_not_used(desk: Desk) -> None:
    desk.discovery().address()
    desk.discovery(tenant="99999999-2222-3333-4444-555555555555")
    error = refused(desk.discovery(tenant="99999999-2222-3333-4444-555555555555"))
    assert error.code == "M1210"


@pytest.mark.parametrize(("jitter", "hours"), [(0.0, 24.0), (1.0, 21.6)])
def test_a_day_later_it_is_due(desk: Desk, jitter: float, hours: float) -> None:
    discovery = desk.discovery(jitter)
    discovery.address()
    desk.later(hours * 3600 - 1)
    assert not discovery.due()
    desk.later(1)
    assert discovery.due()
    assert desk.looks == 1  # asking for the address does not look again
    desk.bench.sim.change_tenant(crs_host=MOVED_HOST)
    discovery.refresh()
    assert (discovery.address(), discovery.due(), desk.looks) == (MOVED, False, 2)


def test_a_refresh_that_fails_keeps_the_address_and_is_tried_again(desk: Desk) -> None:
    discovery = desk.discovery()
    discovery.address()
    desk.later(86400)
    desk.bench.sim.fault("crs-missing")
    with pytest.raises(SourceError):
        discovery.refresh()
    assert (discovery.address(), discovery.due()) == (URI, False)
    desk.later(60)
    assert discovery.due()


def test_a_move_is_noticed(desk: Desk) -> None:
    discovery = desk.discovery()
    discovery.address()
    desk.later(60)
    desk.bench.sim.change_tenant(crs_host=MOVED_HOST)
    assert discovery.rediscover(URI) == MOVED
    assert discovery.rediscover(URI) == MOVED  # a latecomer, no second look
    assert desk.looks == 2
    assert desk.discovery().address() == MOVED  # on disk too


def test_at_most_one_look_a_minute(desk: Desk) -> None:
    discovery = desk.discovery()
    discovery.address()
    assert discovery.rediscover(URI) == URI  # confirmed a moment ago
    assert desk.looks == 1
    desk.later(60)
    assert not discovery.confirmed()
    assert discovery.rediscover(URI) == URI
    assert (desk.looks, discovery.confirmed()) == (2, True)


@pytest.mark.parametrize("fault", ["500", "crs-missing", "evil-uri", "endpoints-403"])
def test_a_useless_answer_never_replaces_a_good_address(desk: Desk, fault: str) -> None:
    discovery = desk.discovery()
    discovery.address()
    desk.later(60)
    desk.bench.sim.fault(fault, host=GRAPH_HOST)
    assert discovery.rediscover(URI) is None
    looks = desk.looks
    assert discovery.rediscover(URI) is None
    assert (discovery.address(), desk.looks) == (URI, looks)


def test_a_token_that_graph_refuses_is_replaced_once(desk: Desk) -> None:
    desk.bench.sim.fault("short-token", seconds="60")
    discovery = desk.discovery()
    discovery.address()
    desk.bench.sim.clear_faults()
    # For Graph the token has expired; for us no time has passed but the minute between two looks.
    desk.bench.sim.advance(250)
    discovery._looked_at -= 60
    assert discovery.rediscover(URI) == URI
    assert [entry.status for entry in desk.bench.sim.journal(operation="endpoints")] == [200, 401, 200]
