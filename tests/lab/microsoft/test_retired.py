from __future__ import annotations

import pytest

from freeradius_mdm.lab.microsoft import SimulatedMicrosoft
from tests.lab.microsoft.client import CRS_HOST, DEVICE, ENTRA_ID, LabClient

NAC_V1 = f"https://{CRS_HOST}/StatelessNACService/ciscodeviceinfo/mdm/api/devices/"

RETIRED = [
    ("https://graph.windows.net/tenant/servicePrincipalsByAppId/x/serviceEndpoints?api-version=1.6", "2023-06-30"),
    ("https://graph.microsoft.com/v1.0/servicePrincipalsByAppId/x", "graph.microsoft.com/v1.0/servicePrincipals"),
    ("https://graph.microsoft.com/x/serviceEndpoints?api-version=1.6", "Microsoft Graph"),
    (NAC_V1, "ComplianceRetrievalService"),
    (f"https://{CRS_HOST}/StatelessNacService/x", "March 2024"),
    (f"https://{CRS_HOST}/x/mdminfo/?ise_api_version=2", "March 2024"),
]


@pytest.mark.parametrize(("url", "text"), RETIRED)
def test_gone_and_what_to_use_instead(client: LabClient, url: str, text: str) -> None:
    answer = client.http.get(url)

    assert answer.status_code == 410
    assert text in answer.text


def test_legacy(sim: SimulatedMicrosoft, client: LabClient) -> None:
    sim.fault("legacy-v1")
    sim.set_device(DEVICE, last_sync="2026-01-31T10:20:30Z")

    assert client.http.get(f"{NAC_V1}?querycriteria=guid&value={ENTRA_ID}").json() == {
        "isManaged": True,
        "complianceState": False,
        "macAddress": "005056A1B2C3",
        "azureDeviceId": ENTRA_ID,
        "lastContactTimeUtc": "01/31/2026 10:20:30",
    }
    assert client.http.get(f"{NAC_V1}?querycriteria=macaddress&value=005056FFFFFF").json() == {"isManaged": False}
