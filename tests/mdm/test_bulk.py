"""The bulk list against the simulated Microsoft: pages, the hour in four, faults midway, what it holds up."""

from __future__ import annotations

import pytest

from freeradius_mdm.config.model import BulkIdentifier
from freeradius_mdm.errors import SourceError
from freeradius_mdm.mdm.intune import IntuneSource
from freeradius_mdm.mdm.noncompliant import Listing

from .bench import CRS_HOST, DEVICE, LOGIN_HOST, MAC, SECRET, Bench, FakeClock, by_guid, refusal


def guid(number: int) -> str:
    return f"5a5a5a5a-0000-4000-8000-{number:012x}"


def never() -> bool:
    return False


def noncompliant(bench: Bench, count: int) -> None:
    for number in range(count):
        bench.sim.set_device(guid(number), compliant=False, wifi_mac=f"0A0000{number:06X}")


def refused(source: IntuneSource) -> SourceError:
    with pytest.raises(SourceError) as caught:
        source.noncompliant(never)
    return caught.value


@pytest.mark.parametrize("identifier", BulkIdentifier)
def test_all_pages_of_a_hundred(bench: Bench, identifier: BulkIdentifier) -> None:
    noncompliant(bench, 250)
    source = bench.source(bulk_identifier=identifier)
    assert isinstance(source, Listing)
    found = source.noncompliant(never)
    assert found.guids == {guid(number) for number in range(250)}
    assert found.count == 250
    by_mac = {f"0A0000{number:06X}" for number in range(250)}
    assert found.macs == (by_mac if identifier is BulkIdentifier.MACADDRESS else set())
    assert bench.asked("bulk", status="200") == 3


def test_an_empty_list_is_complete_too(bench: Bench) -> None:
    found = bench.source().noncompliant(never)
    assert (found.guids, found.macs, found.count) == (set(), set(), 0)


def test_a_list_of_macs_alone(bench: Bench) -> None:
    bench.sim.change_settings(mac_answer="instead")
    bench.sim.set_device(DEVICE, compliant=False)
    found = bench.source().noncompliant(never)
    assert (found.guids, found.macs) == (set(), {MAC})


@pytest.mark.parametrize(("options", "retry_after"), [({}, None), ({"seconds": "900"}, 900.0)])
def test_503_closes_the_list_and_nothing_else(bench: Bench, options: dict[str, str], retry_after: float | None) -> None:
    bench.sim.fault("bulk-window", **options)
    source = bench.source()
    error = refused(source)
    assert (error.code, error.retry_after, error.server_down) == ("M1229", retry_after, False)
    # Not asked a second time, and a question about a device is answered.
    assert bench.asked("bulk") == 1
    source.lookup(by_guid())


def test_the_window_of_the_service_itself(bench: Bench) -> None:
    clock = FakeClock()
    (bench.directory / "secret").touch(0o600)
    (bench.directory / "secret").write_text(SECRET)
    # With a certificate MSAL would sign in this machine's time.
    source = bench.source(clock, certificate_file=None, key_file=None, client_secret_file=bench.directory / "secret")

    def pass_time(seconds: float) -> None:
        clock.now += seconds
        bench.sim.advance(seconds)

    source.noncompliant(never)
    pass_time(3000)
    source.noncompliant(never)
    pass_time(700)
    assert refused(source).code == "M1229"
    pass_time(4 * 3600 - 3700)
    source.noncompliant(never)


def test_429_to_a_page_does_not_hold_up_devices(bench: Bench) -> None:
    bench.sim.fault("429-seconds", host=CRS_HOST, path="/*querycriteria=compliance*", seconds="120")
    source = bench.source()
    assert (refused(source).code, refused(source).retry_after) == ("M1229", 120.0)
    source.lookup(by_guid())


@pytest.mark.parametrize("personality", ["paging-cut", "paging-loop"])
def test_a_list_that_breaks_off_is_no_list(bench: Bench, personality: str) -> None:
    noncompliant(bench, 150)
    bench.sim.fault(personality, times=9)
    source = bench.source()
    refused(source)
    bench.sim.clear_faults()
    assert source.noncompliant(never).count == 150
    source.lookup(by_guid())


def test_busy_wait_is_waited_for_between_pages(bench: Bench) -> None:
    noncompliant(bench, 150)
    bench.sim.fault("busy-wait-seconds", path="/*querycriteria=compliance*", times=1, seconds="30")
    waited: list[float] = []
    source = bench.source()
    source._sleep = waited.append
    assert source.noncompliant(never).count == 150
    assert sum(waited) == 30.0
    # It is the list that shall wait.
    bench.sim.fault("busy-wait-seconds", path="/*querycriteria=compliance*", seconds="30")
    source.noncompliant(never)
    source.lookup(by_guid())


def test_it_can_be_given_up_between_two_pages(bench: Bench) -> None:
    noncompliant(bench, 250)
    source = bench.source()
    with pytest.raises(SourceError) as caught:
        source.noncompliant(lambda: bench.asked("bulk") == 1)
    assert caught.value.code == "M1239"
    assert bench.asked("bulk") == 1


def test_what_takes_longer_than_the_hour_is_given_up(bench: Bench) -> None:
    noncompliant(bench, 150)
    clock = FakeClock()
    source = bench.source(clock)
    bench.sim.fault("busy-wait-seconds", path="/*querycriteria=compliance*", seconds="3500")

    def sleep(seconds: float) -> None:
        clock.now += seconds

    source._sleep = sleep
    assert refused(source).code == "M1229"
    assert bench.asked("bulk") == 1


def test_a_forbidden_list_says_which_permission_is_missing(bench: Bench) -> None:
    bench.sim.fault("role-less", host=LOGIN_HOST)
    source = bench.source()
    assert refused(source).code in ("M1211", "M1222")
    assert refused(source).code == refusal(source).code
