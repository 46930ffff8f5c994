"""Addresses of yesterday in mdm.toml (intune.md section 10): `mdmctl test` names each of them and stops there.

The exact texts of the configuration's errors are those of tests/config/bad.
"""

from __future__ import annotations

from typing import Any

import pytest

from .bench import TENANT, Site

GRAPH = "Azure AD Graph was retired on 2023-06-30; use the Microsoft Graph host of the cloud"
NAC = "NAC 1.x ended in March 2024"
V1 = "v1 (ADAL)"
DEVICE_KEY = "use the Intune device id or the MAC; UDID, IMEI, MEID and serial numbers need the Graph backend"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"graph_host": "graph.windows.net"}, GRAPH),
        ({"graph_host": "https://graph.windows.net/contoso.example"}, GRAPH),
        ({"graph_host": "graph.microsoft.com/v1.0/servicePrincipalsByAppId/0000000a"}, GRAPH),
        ({"graph_host": "graph.microsoft.com/serviceEndpoints?api-version=1.6"}, GRAPH),
        ({"discovery_url": "https://graph.windows.net/contoso.example"}, GRAPH),
        ({"allowed_crs_hosts": ["fef.msua06.manage.microsoft.com/StatelessNACService"]}, NAC),
        ({"allowed_crs_hosts": ["fef.msua06.manage.microsoft.com/StatelessNacService"]}, NAC),
        ({"crs_host_suffixes": ["NACAPIService"]}, NAC),
        ({"crs_host_suffixes": ["NACAPIServiceBackup"]}, NAC),
        ({"crs_url": "https://fef.msua06.manage.microsoft.com/ciscodeviceinfo/mdm/api"}, NAC),
        ({"crs_url": "https://fef.msua06.manage.microsoft.com/ciscoise/mdminfo/?ise_api_version=2"}, NAC),
        ({"bulk_identifier": "udid"}, DEVICE_KEY),
        ({"bulk_identifier": "IMEI"}, DEVICE_KEY),
        ({"bulk_identifier": "meid"}, DEVICE_KEY),
        ({"bulk_identifier": "serial"}, DEVICE_KEY),
        ({"scope": "https://api.manage.microsoft.com/.default"}, "https://api.manage.microsoft.com//.default"),
        ({"scope": "https://api.manage.microsoft.com/"}, V1),
        ({"tenant": f"https://login.microsoftonline.com/{TENANT}/oauth2/token"}, V1),
        ({"token_url": f"https://login.microsoftonline.com/{TENANT}/oauth2/token"}, V1),
        ({"login_host": f"https://login.microsoftonline.com/{TENANT}/oauth2/token"}, V1),
        ({"tenant": "common"}, "'common' is no tenant"),
        ({"tenant": "https://login.microsoftonline.com/common"}, "'common' is no tenant"),
        ({"tenant": "organizations"}, "'organizations' is no tenant"),
        ({"tenant": f"http://login.microsoftonline.com/{TENANT}"}, "over https only"),
        ({"login_host": "http://login.microsoftonline.com"}, "over https only"),
    ],
)
def test_what_is_retired_is_named(changes: dict[str, Any], message: str, site: Site) -> None:
    site.write(**changes)
    for arguments in ((), ("Intune",)):
        said = site.test(*arguments)
        assert said.status == 1
        assert said.failed == "Configuration"
        lines = said.below("Configuration")
        assert lines[0].startswith("M1802 ")
        assert any(message in line for line in lines)
        assert any(f"{site.file}:" in line and next(iter(changes)) in line for line in lines)
        assert {mark for mark, _ in said.steps} == {"FAILED", "not reached"}
    assert not site.sim.journal()


@pytest.mark.parametrize(
    "changes",
    [
        {"tenant": f"https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token"},
        {"scope": "https://api.manage.microsoft.com//.default"},
        {"graph_host": "graph.microsoft.com"},
        {"bulk_identifier": "guid"},
    ],
)
def test_what_is_not_retired(changes: dict[str, Any], site: Site) -> None:
    site.write(**changes)
    assert site.test().status == 0


def test_a_device_id_of_another_kind_as_identity(site: Site) -> None:
    text = site.file.read_text(encoding="utf-8")
    site.file.write_text(text.replace('source = "mac"', 'source = "imei"'), encoding="utf-8")
    assert DEVICE_KEY in site.test().out
