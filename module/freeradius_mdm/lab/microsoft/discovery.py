"""The endpoint list: where a tenant's CRS lives, among 200 other records (intune.md section 3)."""

from __future__ import annotations

import random
import uuid
from typing import Any

from .clouds import EVIL_HOSTS
from .faults import ActiveFaults
from .tenants import TenantState

FIRST_PARTY_APP = "0000000a-0000-0000-c000-000000000000"
CRS_PATH = "/TrafficGateway/TrafficRoutingService/ResourceAccess/ComplianceRetrievalService"
_NAC_V1_PATH = "/StatelessNACService"
_DECOYS = 210

# Services of the same list, some of whose addresses are no URLs.
_SERVICES = (
    "DeviceEnrollmentService",
    "FEPolicyService",
    "IWService",
    "LocationService",
    "MAMService",
    "SideCarGatewayService",
    "StatelessIWService",
    "TermsOfUse",
    "UserEnrollmentService",
    "WindowsDeviceEnrollment",
)


def uri_of(tenant: TenantState) -> str:
    """The address of the tenant's CRS, as the list names it: no trailing slash."""
    return f"https://{tenant.settings.crs_authority or tenant.crs_host}{CRS_PATH}"


def records(tenant: TenantState, faults: ActiveFaults) -> list[dict[str, Any]]:
    """All records in the tenant's own, stable disorder."""
    # Seeded by the tenant: the same list at every call, another place for the CRS in every tenant.
    dice = random.Random(tenant.tenant_id)  # noqa: S311
    found = [_decoy(dice, number, tenant) for number in range(_DECOYS)]
    found += [_record(dice, name, f"https://{tenant.crs_host}{_NAC_V1_PATH}") for name in ("NACAPIService",) * 2]
    found.append(_record(dice, "NACAPIServiceBackup", f"https://{tenant.crs_host}{_NAC_V1_PATH}Backup"))
    found += _own(dice, tenant, faults)
    dice.shuffle(found)
    return found


def _own(dice: random.Random, tenant: TenantState, faults: ActiveFaults) -> list[dict[str, Any]]:
    name, uri = "ComplianceRetrievalService", uri_of(tenant)
    if faults.first("crs-missing", "only-nac-v1"):
        return []
    if "scale-unit-move" in faults:
        uri = f"https://{moved_to(tenant, faults)}{CRS_PATH}"
    if "evil-uri" in faults:
        uri = faults.option("evil-uri", "uri", "") or _evil(tenant, faults.option("evil-uri", "kind", "other-host"))
    found = [_record(dice, name, uri)]
    if "duplicate-record" in faults:
        found.append(_record(dice, name, f"https://fef.msua99{tenant.cloud.crs_suffix}{CRS_PATH}"))
    return found


def moved_to(tenant: TenantState, faults: ActiveFaults) -> str:
    """The host of personality `scale-unit-move`."""
    return faults.option("scale-unit-move", "to", f"fef.msua08{tenant.cloud.crs_suffix}")


def _evil(tenant: TenantState, kind: str) -> str:
    host = tenant.crs_host
    forms = {
        "other-host": f"https://{EVIL_HOSTS[0]}{CRS_PATH}",
        "look-alike": f"https://{EVIL_HOSTS[1]}{CRS_PATH}",
        "suffix-glued": f"https://{EVIL_HOSTS[2]}{CRS_PATH}",
        "userinfo": f"https://{host}@{EVIL_HOSTS[0]}{CRS_PATH}",
        "http": f"http://{host}{CRS_PATH}",
        "port": f"https://{host}:8443{CRS_PATH}",
    }
    return forms.get(kind, forms["other-host"])


def _record(dice: random.Random, name: str, uri: str | None) -> dict[str, Any]:
    return {
        "id": _guid(dice),
        "deletedDateTime": None,
        "capability": name,
        "providerId": FIRST_PARTY_APP,
        "providerName": name,
        "uri": uri,
        "providerResourceId": _guid(dice),
    }


def _decoy(dice: random.Random, number: int, tenant: TenantState) -> dict[str, Any]:
    host = f"fef.{tenant.crs_host.split('.')[1]}{tenant.cloud.crs_suffix}"
    path = "/TrafficGateway/TrafficRoutingService"
    if number == 0:
        return _record(dice, "PartnerComplianceService", f"https://{host}{path}/ComplianceRetrievalService/Partner")
    if number == 1:
        # Named by a field nobody should look at.
        odd = _record(dice, "PartnerTenantService", f"https://{host}{path}/PartnerTenantService")
        return odd | {"extra": "ComplianceRetrievalService"}
    name = f"{dice.choice(_SERVICES)}{number:03}"
    match number % 12:
        case 2:
            return _record(dice, name, "AMSUD0101")
        case 3:
            return _record(dice, name, "OC")
        case 4:
            return _record(dice, name, str(number))
        case 5:
            return _record(dice, name, f"http://{host}{path}/{name}")
        case 6:
            return _record(dice, name, None)
        case 7:
            bare = _record(dice, name, None)
            del bare["uri"]
            return bare
        case _:
            return _record(dice, name, f"https://{host}{path}/{name}")


def _guid(dice: random.Random) -> str:
    return str(uuid.UUID(int=dice.getrandbits(128), version=4))
