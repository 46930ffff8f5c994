"""A small client for tests, written by hand from intune.md: exact URLs and forms, nothing taken from the package."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import requests

from tests.lab.microsoft.dialing import session

TENANT = "11111111-2222-3333-4444-555555555555"
CLIENT = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
SECRET = "correct horse"  # noqa: S105
DEVICE = "0d9f6f0e-53a4-4f0b-9d25-2a7e6f1c4b11"
OTHER_DEVICE = "6b1f0000-0000-4000-8000-00000000c3e8"
ENTRA_ID = "3c1d7a52-4c68-4f0e-9c58-0f6f4d1a7e21"
MAC = "005056A1B2C3"

LOGIN = "https://login.microsoftonline.com"
GRAPH = "https://graph.microsoft.com"
CRS_HOST = "fef.msud01.manage.microsoft.com"
CRS = f"https://{CRS_HOST}/TrafficGateway/TrafficRoutingService/ResourceAccess/ComplianceRetrievalService"
V1_TOKEN_URL = f"{LOGIN}/{TENANT}/oauth2/token"
V2_TOKEN_URL = f"{LOGIN}/{TENANT}/oauth2/v2.0/token"
ENDPOINTS = "/v1.0/servicePrincipals/appId=0000000a-0000-0000-c000-000000000000/endpoints"
MANAGED = "/v1.0/deviceManagement/managedDevices"
GRAPH_SCOPE = "https://graph.microsoft.com/.default"
CRS_SCOPE = "https://api.manage.microsoft.com//.default"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
BULK = "/cisco/devices/?paging={}&querycriteria=compliance&value=false&deviceidentifier={}&filter=all"


class LabClient:
    """One HTTP session to the simulator and the tokens it has fetched."""

    def __init__(self, address: str, ca_file: Path) -> None:
        self.http = session(address, ca_file)
        self._tokens: dict[str, str] = {}

    def ask_token(self, scope: str = CRS_SCOPE, **form: str) -> requests.Response:
        """A v2 token request with the secret, or with what `form` puts in its place."""
        body = {"grant_type": "client_credentials", "client_id": CLIENT, "client_info": "1", "scope": scope}
        credential = {} if "client_assertion" in form else {"client_secret": SECRET}
        return self.http.post(V2_TOKEN_URL, data=body | credential | form, allow_redirects=False, timeout=5)

    def ask_with_assertion(self, assertion: str, scope: str = CRS_SCOPE, url: str = V2_TOKEN_URL) -> requests.Response:
        """A token request as section 2.2 has it."""
        form = {
            "grant_type": "client_credentials",
            "client_id": CLIENT,
            "client_info": "1",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion,
            "scope": scope,
        }
        return self.http.post(url, data=form, timeout=5)

    def token(self, scope: str) -> str:
        """An access token, kept."""
        if scope not in self._tokens:
            answer = self.ask_token(scope)
            assert answer.status_code == 200, answer.text
            self._tokens[scope] = answer.json()["access_token"]
        return self._tokens[scope]

    def forget_tokens(self) -> None:
        """The next call asks for a new one."""
        self._tokens.clear()

    def graph(self, path: str, method: str = "GET", **more: Any) -> requests.Response:
        """A call to Graph with a token for it."""
        headers = {"Authorization": f"Bearer {self.token(GRAPH_SCOPE)}"} | more.pop("headers", {})
        return self.http.request(method, GRAPH + path, headers=headers, timeout=5, **more)

    def crs(self, tail: str, *, base: str = CRS, timeout: float = 5, **headers: str) -> requests.Response:
        """A call to CRS with a token for it."""
        sent = {"Authorization": f"Bearer {self.token(CRS_SCOPE)}", "Accept": "application/xml"} | headers
        return self.http.get(base + tail, headers=sent, timeout=timeout, allow_redirects=False)

    def device(self, guid: str = DEVICE, **more: Any) -> requests.Response:
        """CRS by Intune id."""
        return self.crs(f"/cisco/devices/?paging=0&querycriteria=guid&value={guid}&filter=all", **more)

    def mac(self, mac: str = MAC) -> requests.Response:
        """CRS by hardware address."""
        return self.crs(f"/cisco/devices/?paging=0&querycriteria=macaddress&value={mac}&filter=all")

    def bulk(self, marker: str = "0", identifier: str = "macaddress") -> requests.Response:
        """CRS, all non-compliant devices."""
        return self.crs(BULK.format(marker, identifier))
