from __future__ import annotations

from typing import Any

import pytest

from freeradius_mdm.lab.microsoft import SimulatedMicrosoft
from tests.lab.microsoft.client import DEVICE, ENTRA_ID, MANAGED, OTHER_DEVICE, LabClient

SELECT = (
    "id,deviceName,complianceState,complianceGracePeriodExpirationDateTime,managementState,azureADDeviceId,"
    "lastSyncDateTime,wiFiMacAddress,ethernetMacAddress,serialNumber"
)


@pytest.fixture
def two(sim: SimulatedMicrosoft) -> SimulatedMicrosoft:
    sim.set_device(OTHER_DEVICE, name="LAPTOP-2", entra_id="5e0f0000-0000-4000-8000-000000000002", serial="SN-2")
    return sim


def rows(client: LabClient, condition: str) -> list[dict[str, Any]]:
    answer = client.graph(f"{MANAGED}?$filter={condition}&$select={SELECT}")
    assert answer.status_code == 200, answer.text
    return list(answer.json()["value"])


def names(client: LabClient, condition: str) -> list[str]:
    return [row["deviceName"] for row in rows(client, condition)]


def test_single(client: LabClient) -> None:
    body = client.graph(f"{MANAGED}/{DEVICE}?$select={SELECT}").json()

    assert body["id"] == DEVICE
    assert body["complianceState"] == "noncompliant"
    assert body["managementState"] == "managed"
    assert body["azureADDeviceId"] == ENTRA_ID
    assert body["wiFiMacAddress"] == "005056A1B2C3"
    assert body["ethernetMacAddress"] == "005056A1B2C4"
    assert body["complianceGracePeriodExpirationDateTime"] == "0001-01-01T00:00:00Z"


def test_the_ethernet_address_has_to_be_selected(client: LabClient) -> None:
    assert client.graph(f"{MANAGED}/{DEVICE}").json()["ethernetMacAddress"] is None


def test_lists_have_no_ethernet_address(client: LabClient) -> None:
    assert rows(client, f"azureADDeviceId eq '{ENTRA_ID}'")[0]["ethernetMacAddress"] is None


@pytest.mark.parametrize(
    "condition",
    [
        "deviceName eq 'LAPTOP-2'",
        "serialNumber eq 'SN-2'",
        "azureADDeviceId eq '5e0f0000-0000-4000-8000-000000000002'",
    ],
)
def test_filters_that_work(two: SimulatedMicrosoft, client: LabClient, condition: str) -> None:
    assert names(client, condition) == ["LAPTOP-2"]


@pytest.mark.parametrize(
    "condition",
    [
        "wiFiMacAddress eq '005056A1B2C3'",
        "userId eq '5e0f0000-0000-4000-8000-000000000009'",
        "contains(deviceName,'2')",
    ],
)
def test_filters_that_are_ignored(two: SimulatedMicrosoft, client: LabClient, condition: str) -> None:
    assert names(client, condition) == ["LAPTOP-1", "LAPTOP-2"]


def test_of_two_terms_only_the_first_counts(two: SimulatedMicrosoft, client: LabClient) -> None:
    condition = f"azureADDeviceId eq '5e0f0000-0000-4000-8000-000000000002' or azureADDeviceId eq '{ENTRA_ID}'"

    assert names(client, condition) == ["LAPTOP-2"]


def test_pages(two: SimulatedMicrosoft, client: LabClient) -> None:
    two.change_settings(graph_page_size=1)

    first = client.graph(f"{MANAGED}?$select=id").json()
    link = first["@odata.nextLink"]
    second = client.graph(link.removeprefix("https://graph.microsoft.com")).json()
    assert [row["id"] for row in first["value"] + second["value"]] == [DEVICE, OTHER_DEVICE]
    assert "@odata.nextLink" not in second


@pytest.mark.parametrize("device_id", ["99999999-53a4-4f0b-9d25-2a7e6f1c4b11", ENTRA_ID])
def test_unknown_device(client: LabClient, device_id: str) -> None:
    assert client.graph(f"{MANAGED}/{device_id}").status_code == 404


def test_a_device_that_left(sim: SimulatedMicrosoft, client: LabClient) -> None:
    sim.set_device(DEVICE, registered=False)

    assert client.graph(f"{MANAGED}/{DEVICE}").status_code == 404
    assert rows(client, f"azureADDeviceId eq '{ENTRA_ID}'") == []


def test_bad_id(client: LabClient) -> None:
    assert client.graph(f"{MANAGED}/not-a-guid").status_code == 400


# Personality, field, what it then says.
CONTENT = [
    ("grace-period", "complianceState", "inGracePeriod"),
    ("state-new-value", "complianceState", "awaitingJudgement"),
    ("retire-pending", "managementState", "retirePending"),
    ("mac-null", "ethernetMacAddress", None),
    ("mac-null", "wiFiMacAddress", None),
]


@pytest.mark.parametrize(("personality", "field", "value"), CONTENT)
def test_content_personalities(
    sim: SimulatedMicrosoft, client: LabClient, personality: str, field: str, value: str | None
) -> None:
    sim.fault(personality)

    assert client.graph(f"{MANAGED}/{DEVICE}?$select={SELECT}").json()[field] == value


def test_filter_ignored(two: SimulatedMicrosoft, client: LabClient) -> None:
    two.fault("filter-ignored")

    assert names(client, f"azureADDeviceId eq '{ENTRA_ID}'") == ["LAPTOP-1", "LAPTOP-2"]


def test_re_enrolled_twins(sim: SimulatedMicrosoft, client: LabClient) -> None:
    sim.fault("re-enrolled-twins")

    older, newer = rows(client, f"azureADDeviceId eq '{ENTRA_ID}'")
    assert newer["id"] == DEVICE
    assert older["id"] != DEVICE
    assert older["lastSyncDateTime"] < newer["lastSyncDateTime"]
    assert (older["complianceState"], newer["complianceState"]) == ("compliant", "noncompliant")


@pytest.mark.parametrize("state", ["conflict", "error", "configManager", "unknown", "inGracePeriod"])
def test_any_state_can_be_set(sim: SimulatedMicrosoft, client: LabClient, state: str) -> None:
    sim.set_device(DEVICE, compliance_state=state)

    assert client.graph(f"{MANAGED}/{DEVICE}?$select={SELECT}").json()["complianceState"] == state
