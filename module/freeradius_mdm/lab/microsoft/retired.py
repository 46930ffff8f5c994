"""Retired interfaces: 410 with a sentence that names the replacement (intune.md section 10)."""

from __future__ import annotations

import json
import urllib.parse

from .clouds import AZURE_AD_GRAPH_HOST
from .operations import Service
from .tenants import TenantState
from .wire import Answer, Call, json_answer, text_answer

_AAD_GRAPH = (
    "Azure AD Graph was retired on 2023-06-30. Use Microsoft Graph: "
    "https://{graph}/v1.0/servicePrincipals/appId=0000000a-0000-0000-c000-000000000000/endpoints\n"
)
_NAC_V1 = (
    "The Intune NAC 1.x API ended in March 2024. Use the Compliance Retrieval Service: record "
    "ComplianceRetrievalService of the endpoint list, or managedDevices of Microsoft Graph.\n"
)
_AAD_GRAPH_PATHS = ("serviceprincipalsbyappid", "serviceendpoints")
_NAC_V1_PATHS = ("/statelessnacservice", "/ciscodeviceinfo/mdm/api")


def is_retired(service: Service, host: str, path: str, query: str) -> bool:
    """True for everything this module answers."""
    return host == AZURE_AD_GRAPH_HOST or _is_aad_graph(service, path) or _is_nac_v1(service, path, query)


def answer(call: Call, tenant: TenantState) -> Answer:
    """410, or NAC 1.x itself under personality `legacy-v1`."""
    if not _is_nac_v1(call.service, call.path, call.query):
        return text_answer(410, _AAD_GRAPH.format(graph=tenant.cloud.graph_host), "410 Azure AD Graph")
    if "legacy-v1" not in call.faults:
        return text_answer(410, _NAC_V1, "410 NAC 1.x")
    return _legacy(call, tenant)


def _is_aad_graph(service: Service, path: str) -> bool:
    return service is Service.GRAPH and any(name in path.lower() for name in _AAD_GRAPH_PATHS)


def _is_nac_v1(service: Service, path: str, query: str) -> bool:
    if service is not Service.CRS:
        return False
    return any(name in path.lower() for name in _NAC_V1_PATHS) or "ise_api_version=2" in query.lower()


def _legacy(call: Call, tenant: TenantState) -> Answer:
    """The flat JSON of NAC 1.x for one device; by Entra id, as it did."""
    query = {name.lower(): value for name, value in urllib.parse.parse_qsl(call.query)}
    value = query.get("value", "")
    call.subject = value[:64]
    twins = tenant.devices.by_entra(value) or tenant.devices.by_mac(value.upper())
    device = tenant.devices.get(value) or (twins[0] if twins else None)
    if device is None or not device.registered:
        return json_answer(200, {"isManaged": False}, "NAC 1.x unknown device")
    body = {
        "isManaged": True,
        "complianceState": bool(device.compliant),
        "macAddress": device.macs[0] if device.macs else "",
        "azureDeviceId": device.entra_id,
        "lastContactTimeUtc": _american(device.last_sync),
    }
    return Answer(200, json.dumps(body).encode(), "application/json", "NAC 1.x device")


def _american(moment: str) -> str:
    """`2026-11-23T09:48:10Z` as `11/23/2026 09:48:10`; a fixed day for devices without a time."""
    day, _, time = (moment or "2026-01-02T03:04:05Z").rstrip("Z").partition("T")
    year, month, date = day.split("-")
    return f"{month}/{date}/{year} {time}"
