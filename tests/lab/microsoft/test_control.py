"""The control API, from outside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from freeradius_mdm.lab.microsoft import SimulatedMicrosoft
from freeradius_mdm.lab.pki import AppCredential, LabPki
from tests.lab.microsoft.client import CLIENT, CRS_HOST, DEVICE, OTHER_DEVICE, TENANT, LabClient


class Control:
    def __init__(self, url: str) -> None:
        self.url = url
        self.http = requests.Session()
        self.http.trust_env = False

    def __call__(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        answer = self.http.request(method, self.url + path, json=body, timeout=5)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None


@pytest.fixture
def control(sim: SimulatedMicrosoft) -> Iterator[Control]:
    made = Control(sim.control_url)
    yield made
    made.http.close()


def test_it_listens_on_loopback_only(sim: SimulatedMicrosoft) -> None:
    assert sim.control_url.startswith("http://127.0.0.1:")


def test_devices(control: Control, client: LabClient) -> None:
    shown = control("PUT", f"/devices/{OTHER_DEVICE}", {"compliant": False, "macs": ["00-50-56-aa-bb-cc"]})
    assert (shown["compliant"], shown["macs"], shown["state"]) == (False, ["005056AABBCC"], "noncompliant")
    assert "<status>false</status>" in client.device(OTHER_DEVICE).text

    control("PUT", f"/devices/{OTHER_DEVICE}", {"compliant": True})
    assert "<status>true</status>" in client.device(OTHER_DEVICE).text
    assert control("GET", f"/devices/{OTHER_DEVICE}")["macs"] == ["005056AABBCC"]

    control("DELETE", f"/devices/{OTHER_DEVICE}", status=204)
    assert "<deviceList/>" in client.device(OTHER_DEVICE).text
    control("GET", f"/devices/{OTHER_DEVICE}", status=404)


def test_many_devices_at_once(control: Control) -> None:
    fleet = [{"intune_id": f"00000000-0000-4000-8000-{number:012}", "compliant": True} for number in range(500)]

    assert control("PUT", "/devices", fleet) == {"devices": 501}
    assert len(control("GET", "/devices")) == 501


@pytest.mark.parametrize(
    ("path", "body", "text"),
    [
        ("/devices/not-a-guid", {}, "not a GUID"),
        (f"/devices/{DEVICE}", {"complaint": True}, "no 'complaint'"),
        (f"/devices/{DEVICE}", {"compliant": "yes"}, "compliant"),
        (f"/devices/{DEVICE}", {"macs": ["1"]}, "not a hardware address"),
        ("/settings", {"mac_answer": "sideways"}, "beside, instead, guid-only"),
        ("/settings", {"nothing": 1}, "no setting 'nothing'"),
        ("/clock", {"advance": "4 hours"}, "is no duration"),
        (f"/tenants/{TENANT}", {"name": "x"}, "no changeable name"),
    ],
)
def test_wrong_values_are_named(control: Control, path: str, body: dict[str, Any], text: str) -> None:
    assert text in control("PUT", path, body, status=400)["error"]


def test_unknown_tenant(control: Control) -> None:
    assert TENANT in control("GET", "/devices?tenant=nobody", status=404)["error"]


def test_faults(control: Control, client: LabClient) -> None:
    body = {"personality": "429-seconds", "host": CRS_HOST, "times": 1, "options": {"seconds": "3"}}
    number = control("POST", "/faults", body, status=201)["id"]
    assert client.device().headers["Retry-After"] == "3"

    listed = control("GET", "/faults")[0]
    assert (listed["id"], listed["personality"], listed["seen"], listed["acted"]) == (number, "429-seconds", 1, 1)
    assert control("DELETE", f"/faults/{number}") == {"removed": 1}
    assert control("GET", "/faults") == []


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"personality": "nonsense"}, "no personality 'nonsense'"),
        ({"personality": "503-once", "options": {"minutes": "3"}}, "takes no minutes"),
        ({"personality": "tls-expired", "path": "/x"}, "by host only"),
        ({"personality": "aadsts", "options": {"code": "1"}}, "one of"),
        ({"personality": "503-once", "nth": 0}, "count from 1"),
    ],
)
def test_wrong_faults(control: Control, body: dict[str, Any], text: str) -> None:
    assert text in control("POST", "/faults", body, status=400)["error"]


def test_personalities(control: Control) -> None:
    groups = {row["group"] for row in control("GET", "/personalities")}

    assert groups == {"token", "throttle", "discovery", "crs", "transport", "graph"}


def test_journal_and_counters(control: Control, client: LabClient) -> None:
    client.http.headers["client-request-id"] = "0f8fad5b-d9cb-469f-a165-70867728950e"
    client.device()
    client.device()
    client.device(OTHER_DEVICE)

    entries = control("GET", f"/journal?operation=device&subject={DEVICE}")
    assert len(entries) == 2
    entry = entries[0]
    assert (entry["host"], entry["status"], entry["outcome"]) == (CRS_HOST, 200, "noncompliant")
    assert (entry["tenant"], entry["app"]) == (TENANT, CLIENT)
    assert entry["client_request_id"] == "0f8fad5b-d9cb-469f-a165-70867728950e"
    assert len(control("GET", "/journal?limit=1")) == 1

    counters = control("GET", "/counters")
    assert counters["devices"] == {DEVICE: 2, OTHER_DEVICE: 1}
    assert counters["token_posts"] == {f"{TENANT} https://api.manage.microsoft.com/ token": 1}
    assert counters["in_flight_peak"]["device"] == 1
    control("DELETE", "/journal", status=204)
    assert control("GET", "/journal") == []
    assert control("GET", "/counters")["devices"] == {}


def test_clock(control: Control) -> None:
    before = control("GET", "/clock")["now"]

    assert control("PUT", "/clock", {"advance": "4h"})["now"] >= before + 14400
    assert control("PUT", "/clock", {"offset": 0})["offset"] == 0


def test_tenants(control: Control, pki: LabPki, credential: AppCredential) -> None:
    shown = control("GET", "/tenants")[0]
    assert (shown["tenant_id"], shown["cloud"], shown["crs_host"]) == (TENANT, "global", CRS_HOST)
    assert shown["applications"][0]["keys"][0]["sha1"] == credential.sha1
    assert "correct horse" not in str(shown)

    new = pki.application("renewed")
    body = {"certificates": [credential.cert_file.read_text(), new.cert_file.read_text()]}
    changed = control("PUT", f"/tenants/contoso.example/applications/{CLIENT}", body)
    assert [key["sha256"] for key in changed["applications"][0]["keys"]] == [credential.sha256, new.sha256]


def test_reset(control: Control, client: LabClient) -> None:
    control("PUT", f"/devices/{DEVICE}", {"compliant": True})
    control("PUT", f"/devices/{OTHER_DEVICE}", {})
    control("PUT", "/clock", {"advance": "10m"})
    control("PUT", "/settings", {"mac_answer": "instead"})
    control("PUT", f"/tenants/{TENANT}", {"crs_host": "fef.msua08.manage.microsoft.com"})
    control("POST", "/faults", {"personality": "refuse"}, status=201)

    control("POST", "/reset", status=204)
    assert "<status>false</status>" in client.device().text
    assert [device["intune_id"] for device in control("GET", "/devices")] == [DEVICE]
    assert control("GET", "/clock")["offset"] == 0
    assert control("GET", "/settings")["mac_answer"] == "beside"
    assert control("GET", "/faults") == []


def test_health_and_hosts(control: Control) -> None:
    assert control("GET", "/health")["status"] == "ok"
    assert CRS_HOST in control("GET", "/hosts")
