from __future__ import annotations

import re

import pytest

from freeradius_mdm.lab.microsoft import SimulatedMicrosoft
from tests.lab.microsoft.client import DEVICE, LabClient

HOUR = 3600


def marker(text: str) -> str:
    found = re.search("<paging_info>(.*)</paging_info>", text)
    assert found
    return found[1]


def fill(sim: SimulatedMicrosoft, count: int) -> None:
    """`count` non-compliant devices in all, and some that are not."""
    for number in range(1, count):
        sim.set_device(f"00000000-0000-4000-8000-{number:012}", compliant=False, macs=[f"0050560000{number % 256:02X}"])
    sim.set_device("00000000-0000-4000-9000-000000000001", compliant=True)
    sim.set_device("00000000-0000-4000-9000-000000000002", compliant=None)
    sim.set_device("00000000-0000-4000-9000-000000000003", compliant=False, registered=False)


def test_published_form(client: LabClient) -> None:
    text = client.bulk(identifier="guid").text

    assert (
        "<api_version>3</api_version><paging_info>0</paging_info><deviceList>"
        f"<device><guid>{DEVICE}</guid><Attributes><guid>{DEVICE}</guid><register_status>true</register_status>"
        "<Compliance><status>false</status></Compliance></Attributes></device></deviceList></ise_api>"
    ) in text


def test_form_with_hardware_addresses(client: LabClient) -> None:
    text = client.bulk(identifier="macaddress").text

    assert f"<guid>{DEVICE}</guid><macaddresses>005056A1B2C3,005056A1B2C4</macaddresses>" in text


@pytest.mark.parametrize("identifier", ["guid", "macaddress"])
def test_pages_of_a_hundred(sim: SimulatedMicrosoft, client: LabClient, identifier: str) -> None:
    fill(sim, 250)

    sizes, seen, at = [], set[str](), "0"
    while True:
        text = client.bulk(at, identifier).text
        guids = re.findall("<device><guid>([^<]*)", text)
        sizes.append(len(guids))
        seen.update(guids)
        at = marker(text)
        if at == "0":
            break
    assert sizes == [100, 100, 50]
    assert len(seen) == 250


def test_an_exact_hundred_is_complete(sim: SimulatedMicrosoft, client: LabClient) -> None:
    fill(sim, 100)

    assert marker(client.bulk().text) == "0"


def test_markers_are_opaque_and_their_own(sim: SimulatedMicrosoft, client: LabClient) -> None:
    fill(sim, 101)

    first, second = marker(client.bulk().text), marker(client.bulk().text)
    assert first != second
    assert not first.isdecimal()
    assert client.bulk(first).text == client.bulk(first).text
    assert client.bulk("1").status_code == 400


def test_window(sim: SimulatedMicrosoft, client: LabClient) -> None:
    statuses, before = {}, 0
    for minutes in (0, 59, 61, 239, 241, 242):
        sim.advance((minutes - before) * 60)
        before = minutes
        # Tokens live for an hour only.
        client.forget_tokens()
        statuses[minutes] = client.bulk().status_code
    assert statuses == {0: 200, 59: 200, 61: 503, 239: 503, 241: 200, 242: 200}


def test_device_calls_are_never_throttled_by_it(sim: SimulatedMicrosoft, client: LabClient) -> None:
    client.bulk()
    sim.advance(2 * HOUR)
    client.forget_tokens()

    assert client.bulk().status_code == 503
    assert client.device().status_code == 200


def test_window_on_demand(sim: SimulatedMicrosoft, client: LabClient) -> None:
    sim.fault("bulk-window")

    assert client.bulk().status_code == 503
    assert client.device().status_code == 200


def test_paging_loop(sim: SimulatedMicrosoft, client: LabClient) -> None:
    fill(sim, 301)
    sim.fault("paging-loop")

    at = marker(client.bulk().text)
    assert marker(client.bulk(at).text) == at


def test_paging_cut(sim: SimulatedMicrosoft, client: LabClient) -> None:
    fill(sim, 101)
    sim.fault("paging-cut")

    at = marker(client.bulk().text)
    with pytest.raises(OSError, match="Connection aborted"):
        client.bulk(at)


def test_window_with_retry_after(sim: SimulatedMicrosoft, client: LabClient) -> None:
    sim.fault("bulk-window", seconds="120")

    assert client.bulk().headers["Retry-After"] == "120"
