"""What Microsoft has retired and operators still have in their notes: told apart from what is merely misspelt.

Rows of intune.md section 10. Standard library only: radiusd imports this.
"""

from __future__ import annotations

import re

from .codes import ConfigCode
from .table import Table

_AZURE_AD_GRAPH = "Azure AD Graph was retired on 2023-06-30; use the Microsoft Graph host of the cloud"
_NAC_V1 = (
    "NAC 1.x ended in March 2024: remove the line; the address of its successor, the Compliance Retrieval Service, "
    "is found through Microsoft Graph and never configured"
)
_V1_ENDPOINT = "v1 (ADAL) endpoints are not used any more: name the tenant alone, its v2.0 endpoint follows from it"
_HTTP = "a token is asked for over https only: name the host or the tenant alone"
_ADDRESSES = (
    (r"graph\.windows\.net|servicePrincipalsByAppId|serviceEndpoints\?api-version=1\.6", "is retired", _AZURE_AD_GRAPH),
    (r"NACAPIService|StatelessNacService|ciscodeviceinfo/mdm/api|ise_api_version=2", "is retired", _NAC_V1),
    (r"/oauth2/(?:token|authorize)\b", "is a v1 endpoint", _V1_ENDPOINT),
    (r"\Ahttp://login\.", "is not https", _HTTP),
)
_V1_AUDIENCE = re.compile(r"https://api\.manage\.[a-z.]+/?", re.IGNORECASE)
# ISE's other keys of a device (Cisco MDM API), which CRS does not take.
_DEVICE_KEYS = {"udid", "imei", "meid", "serial", "serialnumber", "serial_number"}
_DEVICE_KEY = "use the Intune device id or the MAC; UDID, IMEI, MEID and serial numbers need the Graph backend"


def tell_address(table: Table, key: str, value: str, allowed: str) -> bool:
    """Note a problem when the value names a retired address; False when it does not."""
    for pattern, what, advice in _ADDRESSES:
        if re.search(pattern, value, re.IGNORECASE):
            table.problem(ConfigCode.RETIRED, key, f"{value!r} {what}", allowed, advice)
            return True
    return False


def tell_audience(table: Table, key: str, value: str, allowed: str) -> bool:
    """Note a problem when the scope is an audience of ADAL's days; False when it is not."""
    if not _V1_AUDIENCE.fullmatch(value):
        return False
    advice = "write the scope of the v2.0 endpoint, which ends in two slashes and .default"
    table.problem(ConfigCode.RETIRED, key, f"{value!r} is a v1 (ADAL) audience", allowed, advice)
    return True


def tell_device_key(table: Table, key: str, allowed: str) -> bool:
    """Note a problem when devices shall be known by what CRS does not know; False when not."""
    value = table.raw(key)
    if not isinstance(value, str) or value.lower() not in _DEVICE_KEYS:
        return False
    what = f"{value!r} is nothing the Compliance Retrieval Service knows a device by"
    table.problem(ConfigCode.NO_EFFECT, key, what, allowed, _DEVICE_KEY)
    return True


def tell_unknown_settings(table: Table) -> None:
    """Note retired addresses in settings that do not exist here: ISE's form has fields for them."""
    for key, value in table.unasked().items():
        if isinstance(value, str):
            tell_address(table, key, value, "no address at all: remove the line")
