from __future__ import annotations

import base64

import pytest

from freeradius_mdm.lab.microsoft import SimulatedMicrosoft
from freeradius_mdm.lab.pki import AppCredential
from tests.lab.microsoft.client import CLIENT, CRS_SCOPE, DEVICE, ENDPOINTS, GRAPH, MANAGED, LabClient


def test_no_token(client: LabClient) -> None:
    answer = client.http.get(GRAPH + ENDPOINTS)

    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "InvalidAuthenticationToken")


def test_token_for_another_resource(client: LabClient) -> None:
    assert client.graph(ENDPOINTS, headers={"Authorization": f"Bearer {client.token(CRS_SCOPE)}"}).status_code == 401


def test_token_of_another_cloud(client: LabClient) -> None:
    answer = client.http.get(
        "https://graph.microsoft.us" + ENDPOINTS,
        headers={"Authorization": f"Bearer {client.token('https://graph.microsoft.com/.default')}"},
    )
    assert answer.status_code == 401


def test_managed_devices_need_their_role(sim: SimulatedMicrosoft, client: LabClient) -> None:
    sim.change_application(CLIENT, roles=["Application.Read.All"])

    answer = client.graph(f"{MANAGED}/{DEVICE}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "Authorization_RequestDenied")


def test_unknown_path(client: LabClient) -> None:
    assert client.graph("/v1.0/users").status_code == 404
    assert client.graph("/v2.0/users").status_code == 404


def batch(client: LabClient, count: int) -> tuple[int, list[dict[str, object]]]:
    url = f"/deviceManagement/managedDevices/{DEVICE}?$select=id"
    requests = [{"id": str(number), "method": "GET", "url": url} for number in range(count)]
    answer = client.graph("/v1.0/$batch", "POST", json={"requests": requests})
    return answer.status_code, answer.json().get("responses", [])


def test_batch_of_twenty(client: LabClient) -> None:
    status, responses = batch(client, 20)

    assert (status, len(responses)) == (200, 20)
    assert {response["status"] for response in responses} == {200}


@pytest.mark.parametrize("count", [0, 21])
def test_batch_limits(client: LabClient, count: int) -> None:
    assert batch(client, count)[0] == 400


def test_two_thousand_calls_in_twenty_seconds(sim: SimulatedMicrosoft, client: LabClient) -> None:
    # 99 batches of 20 and 20 single calls make 2,000.
    for _ in range(100):
        _, responses = batch(client, 20)
        assert responses[-1]["status"] == 200

    answer = client.graph(f"{MANAGED}/{DEVICE}")
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 20
    sim.advance(20)
    assert client.graph(f"{MANAGED}/{DEVICE}").status_code == 200


def test_key_credentials(client: LabClient, credential: AppCredential) -> None:
    body = client.graph(f"/v1.0/applications(appId='{CLIENT}')?$select=displayName,keyCredentials").json()

    key = body["keyCredentials"][0]
    assert base64.b64decode(key["customKeyIdentifier"]).hex().upper() == credential.sha1
    assert key["displayName"] == "CN=mdmd"
