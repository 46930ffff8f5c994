from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from freeradius_mdm.lab.microsoft import SimulatedMicrosoft, Tenant
from freeradius_mdm.lab.pki import LabPki
from tests.lab.microsoft.client import CLIENT, CRS, CRS_HOST, ENDPOINTS, LabClient


def named(client: LabClient, name: str = "ComplianceRetrievalService") -> list[str]:
    records = client.graph(ENDPOINTS).json()["value"]
    return [record["uri"] for record in records if record["providerName"] == name]


@pytest.mark.parametrize("prefix", ["", "/", "/v1.0/myorganization"])
def test_the_list(client: LabClient, prefix: str) -> None:
    path = ENDPOINTS.replace("/v1.0", prefix) if "my" in prefix else prefix + ENDPOINTS
    answer = client.graph(path, headers={"client-request-id": "0f8fad5b-d9cb-469f-a165-70867728950e"})

    assert answer.status_code == 200
    assert answer.headers["client-request-id"] == "0f8fad5b-d9cb-469f-a165-70867728950e"
    assert answer.headers["request-id"]
    record = next(r for r in answer.json()["value"] if r["providerName"] == "ComplianceRetrievalService")
    assert record["uri"] == CRS
    assert list(record) == [
        "id",
        "deletedDateTime",
        "capability",
        "providerId",
        "providerName",
        "uri",
        "providerResourceId",
    ]


def test_decoys(client: LabClient) -> None:
    records = client.graph(ENDPOINTS).json()["value"]
    names = [record["providerName"] for record in records]

    assert len(records) > 200
    assert names.index("ComplianceRetrievalService") not in (0, len(names) - 1)
    assert {"PartnerComplianceService", "NACAPIService", "NACAPIServiceBackup"} <= set(names)
    uris = [record.get("uri", "missing") for record in records]
    assert None in uris
    assert "missing" in uris
    assert "AMSUD0101" in uris
    assert "OC" in uris
    assert any(uri is not None and uri.startswith("http://") for uri in uris)


def test_the_order_is_stable(client: LabClient) -> None:
    assert client.graph(ENDPOINTS).json() == client.graph(ENDPOINTS).json()


def test_lab_address_in_the_list(pki: LabPki, tenant: Tenant) -> None:
    lab = Tenant(tenant.tenant_id, tenant.applications, tenant.devices, crs_authority="crs.lab.example:8443")
    with SimulatedMicrosoft(pki=pki, tenants=[lab], aliases={"crs.lab.example": CRS_HOST}) as sim:
        client = LabClient(sim.address, sim.ca_file)
        assert named(client) == [CRS.replace(CRS_HOST, "crs.lab.example:8443")]
        # The alias has a certificate and is served as the host it stands for.
        assert client.device(base=CRS.replace(CRS_HOST, "crs.lab.example:8443")).status_code == 200
        client.http.close()


def test_consent_is_missing(sim: SimulatedMicrosoft, client: LabClient) -> None:
    sim.change_application(CLIENT, roles=["get_device_compliance"])

    answer = client.graph(ENDPOINTS)
    assert answer.status_code == 403
    error = answer.json()["error"]
    assert error["code"] == "Authorization_RequestDenied"
    assert error["message"] == "Insufficient privileges to complete the operation."
    assert set(error["innerError"]) == {"date", "request-id", "client-request-id"}


@pytest.mark.parametrize("role", ["Application.ReadWrite.All", "Directory.Read.All"])
def test_more_powerful_roles_open_it_too(sim: SimulatedMicrosoft, client: LabClient, role: str) -> None:
    sim.change_application(CLIENT, roles=[role])

    assert client.graph(ENDPOINTS).status_code == 200


@pytest.mark.parametrize(
    ("personality", "status", "code"),
    [
        ("endpoints-403", 403, "Authorization_RequestDenied"),
        ("endpoints-404", 404, "Request_ResourceNotFound"),
    ],
)
def test_refusals(sim: SimulatedMicrosoft, client: LabClient, personality: str, status: int, code: str) -> None:
    sim.fault(personality)

    answer = client.graph(ENDPOINTS)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_crs_missing(sim: SimulatedMicrosoft, client: LabClient) -> None:
    sim.fault("crs-missing")

    assert named(client) == []


def test_only_nac_v1(sim: SimulatedMicrosoft, client: LabClient) -> None:
    sim.fault("only-nac-v1")

    assert named(client) == []
    assert len(named(client, "NACAPIService")) == 2


def test_duplicate_record(sim: SimulatedMicrosoft, client: LabClient) -> None:
    sim.fault("duplicate-record")

    assert len(set(named(client))) == 2


# Each of these has to be refused before a token is sent (section 3, validation).
EVIL = [
    ("other-host", "https://crs.attacker.example/"),
    ("look-alike", "https://fef.msud01.manage.microsoft.com.attacker.example/"),
    ("suffix-glued", "https://fefmanage.microsoft.com/"),
    ("userinfo", "https://fef.msud01.manage.microsoft.com@crs.attacker.example/"),
    ("http", "http://fef.msud01.manage.microsoft.com/"),
    ("port", "https://fef.msud01.manage.microsoft.com:8443/"),
]


@pytest.mark.parametrize(("kind", "start"), EVIL)
def test_evil_uri(sim: SimulatedMicrosoft, client: LabClient, kind: str, start: str) -> None:
    sim.fault("evil-uri", kind=kind)

    assert named(client)[0].startswith(start)


def test_whoever_follows_an_evil_uri_is_noticed(sim: SimulatedMicrosoft, client: LabClient) -> None:
    sim.fault("evil-uri", kind="look-alike")
    uri = named(client)[0]

    assert client.device(base=uri).status_code == 404
    entry = sim.journal(host=str(urlsplit(uri).hostname))[0]
    assert entry.outcome == "attacker's host reached with a token"


def test_a_uri_of_ones_own(sim: SimulatedMicrosoft, client: LabClient) -> None:
    sim.fault("evil-uri", uri="https://fef.msud01.manage.microsoft.com/a/../b")

    assert named(client) == ["https://fef.msud01.manage.microsoft.com/a/../b"]


@pytest.mark.parametrize(("old", "status"), [("404", 404), ("302", 302)])
def test_scale_unit_move(sim: SimulatedMicrosoft, client: LabClient, old: str, status: int) -> None:
    new_host = "fef.msua08.manage.microsoft.com"
    sim.fault("scale-unit-move", to=new_host, old=old)

    assert named(client) == [CRS.replace(CRS_HOST, new_host)]
    assert client.device(base=CRS.replace(CRS_HOST, new_host)).status_code == 200
    answer = client.device()
    assert answer.status_code == status
    if old == "302":
        assert answer.headers["Location"] == answer.url.replace(CRS_HOST, new_host)


def test_scale_unit_move_with_a_dead_host(sim: SimulatedMicrosoft, client: LabClient) -> None:
    sim.fault("scale-unit-move")

    with pytest.raises(OSError, match="Connection aborted"):
        client.device()


def test_the_scale_unit_can_really_move(sim: SimulatedMicrosoft, client: LabClient) -> None:
    sim.change_tenant(crs_host="fef.msua08.manage.microsoft.com")

    assert named(client) == [CRS.replace(CRS_HOST, "fef.msua08.manage.microsoft.com")]
    assert client.device(base=named(client)[0]).status_code == 200
    assert client.device().status_code == 404


def test_nextlink_offsite(sim: SimulatedMicrosoft, client: LabClient) -> None:
    sim.fault("nextlink-offsite")

    body = client.graph(ENDPOINTS).json()
    assert body["@odata.nextLink"].startswith("https://crs.attacker.example/")
    assert named(client) == []


def test_pages_on_the_same_host(sim: SimulatedMicrosoft, client: LabClient) -> None:
    sim.fault("endpoints-paged")

    body = client.graph(ENDPOINTS).json()
    found = body["value"]
    pages = 1
    while "@odata.nextLink" in body:
        body = client.graph(body["@odata.nextLink"].removeprefix("https://graph.microsoft.com")).json()
        found += body["value"]
        pages += 1
    assert pages == 5
    assert [record["uri"] for record in found if record["providerName"] == "ComplianceRetrievalService"] == [CRS]
