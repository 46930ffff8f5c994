from __future__ import annotations

import pytest

from freeradius_mdm.lab.microsoft import SimulatedMicrosoft, Tenant
from freeradius_mdm.lab.pki import LabPki
from tests.lab.microsoft.client import CLIENT, CRS, CRS_HOST, DEVICE, GRAPH_SCOPE, MAC, OTHER_DEVICE, TENANT, LabClient

# The published answers (section 4), line breaks taken out.
NAMESPACES = (
    'xmlns:i="http://www.w3.org/2001/XMLSchema-instance" '
    'xmlns="http://schemas.datacontract.org/2004/07/'
    'Microsoft.Intune.ResourceAccess.ComplianceRetrievalService.Model"'
)
MDMINFO = (
    f"<ise_api {NAMESPACES}><name>mdminfo</name><api_version>3</api_version>"
    "<api_path>/TrafficGateway/TrafficRoutingService/ResourceAccess/ComplianceRetrievalService/cisco</api_path>"
    "<redirect_url>https://portal.manage.microsoft.com/networkaccesscontrol/index</redirect_url>"
    "<query_max_size>100</query_max_size><messaging_support>false</messaging_support>"
    "<vendor>Microsoft</vendor><product_name>Microsoft Intune</product_name><product_version>5.0</product_version>"
    "</ise_api>"
)
HEAD = f"<ise_api {NAMESPACES}><name>attributes</name><api_version>3</api_version>"
BY_GUID = (
    f"{HEAD}<deviceList><device><guid>{DEVICE}</guid><Attributes><guid>{DEVICE}</guid>"
    "<register_status>true</register_status><Compliance><status>false</status></Compliance></Attributes></device>"
    "</deviceList></ise_api>"
)
INFO = "/ciscoise/mdminfo/?ise_api_version=3"


def test_mdminfo(client: LabClient) -> None:
    answer = client.crs(INFO)

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/xml; charset=utf-8"
    assert answer.text == MDMINFO


def test_device_by_guid(client: LabClient) -> None:
    assert client.device().text == BY_GUID


def test_guid_in_capitals(client: LabClient) -> None:
    assert client.device(DEVICE.upper()).text == BY_GUID


def test_changes_show_at_once(sim: SimulatedMicrosoft, client: LabClient) -> None:
    sim.set_device(DEVICE, compliant=True)
    assert client.device().text == BY_GUID.replace("<status>false", "<status>true")

    sim.set_device(DEVICE, compliant=None)
    assert client.device().text == BY_GUID.replace("<Compliance><status>false</status></Compliance>", "")

    sim.set_device(DEVICE, registered=False)
    assert client.device().text == f"{HEAD}<deviceList/></ise_api>"


def test_unknown_device(client: LabClient) -> None:
    answer = client.device(OTHER_DEVICE)

    assert (answer.status_code, answer.text) == (200, f"{HEAD}<deviceList/></ise_api>")


@pytest.mark.parametrize(
    ("shape", "inner"),
    [
        ("beside", f"<guid>{DEVICE}</guid><macaddress>{MAC}</macaddress>"),
        ("instead", f"<macaddress>{MAC}</macaddress>"),
        ("guid-only", f"<guid>{DEVICE}</guid>"),
    ],
)
def test_device_by_mac(sim: SimulatedMicrosoft, client: LabClient, shape: str, inner: str) -> None:
    sim.change_settings(mac_answer=shape)

    assert client.mac().text == BY_GUID.replace(f"<guid>{DEVICE}</guid>", inner)


def test_a_dock_belongs_to_whoever_used_it(sim: SimulatedMicrosoft, client: LabClient) -> None:
    sim.set_device(OTHER_DEVICE, macs=[MAC])

    text = client.mac().text
    assert text.count("<device>") == 2
    assert DEVICE in text
    assert OTHER_DEVICE in text


def test_unknown_mac(client: LabClient) -> None:
    assert client.mac("005056FFFFFF").text == f"{HEAD}<deviceList/></ise_api>"


@pytest.mark.parametrize(
    "tail",
    [
        "/cisco/devices/?paging=0&querycriteria=guid&value=not-a-guid&filter=all",
        f"/cisco/devices/?paging=0&querycriteria=guid&value={{{DEVICE}}}&filter=all",
        "/cisco/devices/?paging=0&querycriteria=guid&value=&filter=all",
        "/cisco/devices/?paging=0&querycriteria=macaddress&value=00-50-56-A1-B2-C3&filter=all",
        "/cisco/devices/?paging=0&querycriteria=macaddress&value=005056a1b2c3&filter=all",
        f"/cisco/devices/?paging=1&querycriteria=guid&value={DEVICE}&filter=all",
        f"/cisco/devices/?paging=0&querycriteria=udid&value={DEVICE}&filter=all",
        f"/cisco/devices/?querycriteria=guid&paging=0&value={DEVICE}&filter=all",
        f"/cisco/devices/?paging=0&querycriteria=guid&value={DEVICE}",
        "/ciscoise/mdminfo/?ise_api_version=4",
    ],
)
def test_bad_requests(client: LabClient, tail: str) -> None:
    assert client.crs(tail).status_code == 400


@pytest.mark.parametrize(
    "tail",
    [
        f"/cisco/devices?paging=0&querycriteria=guid&value={DEVICE}&filter=all",
        f"/cisco//devices/?paging=0&querycriteria=guid&value={DEVICE}&filter=all",
        f"/Cisco/Devices/?paging=0&querycriteria=guid&value={DEVICE}&filter=all",
        "/ciscoise/mdminfo?ise_api_version=3",
    ],
)
def test_paths_count_to_the_letter(client: LabClient, tail: str) -> None:
    assert client.crs(tail).status_code == 404


def test_order_of_parameters_can_be_forgiven(sim: SimulatedMicrosoft, client: LabClient) -> None:
    sim.change_settings(strict_queries=False)

    tail = f"/cisco/devices/?filter=all&value={DEVICE}&querycriteria=guid&paging=0"
    assert client.crs(tail).text == BY_GUID


def test_without_accept_the_answer_is_json(client: LabClient) -> None:
    answer = client.device(Accept="*/*")

    assert answer.headers["Content-Type"] == "application/json"


def tampered(token: str) -> str:
    head, payload, signature = token.split(".")
    return f"{head}.{payload}.{signature[:-4]}AAAA"


def unsigned(token: str) -> str:
    return f"eyJhbGciOiJub25lIn0.{token.split('.')[1]}."


@pytest.mark.parametrize("change", [tampered, unsigned, lambda token: "opaque", lambda token: ""])
def test_bad_tokens(client: LabClient, change: object) -> None:
    assert callable(change)
    token = change(client.token("https://api.manage.microsoft.com//.default"))

    assert client.device(Authorization=f"Bearer {token}").status_code == 401


def test_token_for_graph(client: LabClient) -> None:
    assert client.device(Authorization=f"Bearer {client.token(GRAPH_SCOPE)}").status_code == 401


def test_expired_token(sim: SimulatedMicrosoft, client: LabClient) -> None:
    assert client.device().status_code == 200
    sim.advance(3600)

    assert client.device().status_code == 401
    assert sim.journal(operation="device")[-1].outcome == "401 expired"


def test_role_is_missing_until_the_next_token(sim: SimulatedMicrosoft, client: LabClient) -> None:
    sim.change_application(CLIENT, roles=[])
    assert client.device().status_code == 403

    sim.change_application(CLIENT, roles=["get_device_compliance"])
    assert client.device().status_code == 403
    client.forget_tokens()
    assert client.device().status_code == 200


def test_tenants_do_not_see_each_others_devices(pki: LabPki, tenant: Tenant) -> None:
    other = Tenant("99999999-2222-3333-4444-555555555555", crs_host="fef.msua08.manage.microsoft.com")
    with SimulatedMicrosoft(pki=pki, tenants=[tenant, other]) as sim:
        sim.set_device(OTHER_DEVICE, tenant=other.tenant_id)
        client = LabClient(sim.address, sim.ca_file)
        assert "<deviceList/>" in client.device(OTHER_DEVICE).text
        # Nor does a token open another scale unit.
        elsewhere = CRS.replace(CRS_HOST, "fef.msua08.manage.microsoft.com")
        assert client.device(base=elsewhere).status_code == 404
        assert {entry.tenant for entry in sim.journal(operation="device")} == {TENANT}
        client.http.close()
