"""Waiting for a slow Intune: together, not longer than `wait`, and without holding up anybody else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from freeradius_mdm.lab.processes import wait_for
from freeradius_mdm.lab.radius import EapCode
from freeradius_mdm.lab.radius.supplicant import EapTlsResult
from freeradius_mdm.lab.site import Site
from tests.radius.behind import CRS, codes, decisions_of, queries, record, wait_until_warm
from tests.radius.crowd import fleet, insistent_client, sign_in_at_once
from tests.radius.endpoint import Endpoint

NewEndpoint = Callable[[Site], Endpoint]


@pytest.fixture
def slow_site(own_site: Site) -> Iterator[Site]:
    """A site whose Intune a test may slow down; quick again after it."""
    wait_until_warm(own_site)
    own_site.microsoft.clear_journal()
    yield own_site
    own_site.microsoft.clear_faults()


def vlan(result: EapTlsResult) -> object:
    return result.reply.value("Tunnel-Private-Group-Id", 1)


def test_forty_wait_together(slow_site: Site, new_endpoint: NewEndpoint) -> None:
    devices = fleet(slow_site, new_endpoint, 40)
    slow_site.microsoft.fault("slow-250", host=CRS)

    results, seconds = sign_in_at_once(devices)

    assert [vlan(result) for result in results] == ["EMPLOYEES"] * 40
    assert min(result.seconds for result in results) >= 0.25
    # One behind another would take 40 times 0.25 s, which is 10 s.
    assert seconds < 10 / 4
    assert slow_site.microsoft.counters()["in_flight_peak"]["device"] >= 20


def test_who_need_not_wait_is_not_delayed(slow_site: Site, new_endpoint: NewEndpoint) -> None:
    known, *others = fleet(slow_site, new_endpoint, 3)  # with a third failure mdmd would leave Intune alone for a while
    known.sign_in()
    slow_site.microsoft.clear_journal()
    slow_site.microsoft.fault("slow-10s", host=CRS)

    with ThreadPoolExecutor(len(others)) as pool:
        waiting: list[Future[EapTlsResult]] = [pool.submit(other.sign_in) for other in others]
        wait_for(lambda: _asked_at_once(slow_site) == len(others), "both are waiting", 10)
        results = [known.sign_in() for _ in range(5)]
        none_done = not any(future.done() for future in waiting)
        slow_site.microsoft.fault("refuse")  # breaks the waiting off, so that this test need not wait
        ended = [future.result(20) for future in waiting]

    assert none_done  # five were decided while the two waited
    assert [vlan(result) for result in results] == ["EMPLOYEES"] * 5
    assert [vlan(result) for result in ended] == ["RESTRICTED"] * 2


def test_slower_than_the_wait(make_site: Callable[..., Site], new_endpoint: NewEndpoint) -> None:
    site = make_site(toml={"wait": '"100ms"'})
    [device] = fleet(site, new_endpoint, 1)
    wait_until_warm(site)
    site.microsoft.fault("slow-350", host=CRS)

    first = device.sign_in()

    assert vlan(first) == "RESTRICTED"
    assert first.reply.value("Session-Timeout") == 600
    [decision] = decisions_of(device)
    assert (decision.rule, decision.reachable, decision.registration) == (
        "Intune unreachable",
        "UnReachable",
        "Unknown",
    )
    assert decision.total_ms >= 100
    assert {"M1241", "M1244"} <= set(codes(decision))

    # The answer comes all the same, and serves the next one.
    wait_for(lambda: _answered(device), "Intune's answer is in the store", 10)
    second = device.sign_in()
    assert vlan(second) == "EMPLOYEES"
    assert decisions_of(device, 2)[1].record_source == "Cached"
    assert queries(device) == 1


def test_a_device_that_retransmits_is_decided_once(slow_site: Site, new_endpoint: NewEndpoint) -> None:
    [device] = fleet(slow_site, new_endpoint, 1)
    slow_site.microsoft.fault("slow-350", host=CRS)

    with insistent_client(slow_site, 0.1) as client:
        result = device.sign_in(client)

    assert (vlan(result), result.eap_code) == ("EMPLOYEES", EapCode.SUCCESS)
    assert "Ignoring duplicate packet from client lab-switch" in slow_site.radius_log
    assert queries(device) == 1
    [decision] = decisions_of(device)
    assert decision.record_source == "Live"
    assert slow_site.radius_log.count(f"mdm decision id={decision.id}") == 1
    # One request was worked on: due once, answered once, confirmed once.
    assert [codes(decision).count(code) for code in ("M1241", "M1242", "M1402")] == [1, 1, 1]


def _asked_at_once(site: Site) -> int:
    peak: int = site.microsoft.counters()["in_flight_peak"].get("device", 0)
    return peak


def _answered(device: Endpoint) -> bool:
    stored = record(device)
    return stored is not None and stored.answer is not None
