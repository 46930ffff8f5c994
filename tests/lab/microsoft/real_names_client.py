"""A client as one would write it for the real service: msal and requests, real addresses, nothing of this project.

Arguments: tenant, client id, certificate, key, device id. Prints the device's register_status and compliance status.
"""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import msal
import requests

tenant, client_id, certificate, key, device_id = sys.argv[1:]
application = msal.ConfidentialClientApplication(
    client_id,
    authority=f"https://login.microsoftonline.com/{tenant}",
    client_credential={
        "private_key": Path(key).read_text(encoding="utf-8"),
        "public_certificate": Path(certificate).read_text(encoding="utf-8"),
    },
)


def headers(scope: str) -> dict[str, str]:
    token = application.acquire_token_for_client([scope])
    return {"Authorization": f"Bearer {token['access_token']}", "Accept": "application/xml"}


endpoints = requests.get(
    "https://graph.microsoft.com/v1.0/servicePrincipals/appId=0000000a-0000-0000-c000-000000000000/endpoints",
    headers=headers("https://graph.microsoft.com/.default") | {"Accept": "application/json"},
    timeout=10,
)
[service] = [e for e in endpoints.json()["value"] if e["providerName"] == "ComplianceRetrievalService"]
answer = requests.get(
    f"{service['uri']}/cisco/devices/?paging=0&querycriteria=guid&value={device_id}&filter=all",
    headers=headers("https://api.manage.microsoft.com//.default"),
    timeout=10,
)
answer.raise_for_status()
names = "{http://schemas.datacontract.org/2004/07/Microsoft.Intune.ResourceAccess.ComplianceRetrievalService.Model}"
root = ET.fromstring(answer.content)  # noqa: S314 the simulator's own
print(root.findtext(f".//{names}register_status"), root.findtext(f".//{names}Compliance/{names}status"))
