"""CRS answers as XML and JSON: exact casing and namespace of the published ones (intune.md section 4)."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
_MODEL = "http://schemas.datacontract.org/2004/07/Microsoft.Intune.ResourceAccess.ComplianceRetrievalService.Model"
_HEAD = f'<ise_api xmlns:i="{_INSTANCE}" xmlns="{_MODEL}">'
_CAPITALS = re.compile(r"<(/?)(Attributes|Compliance)\b")
_NIL = '<deviceList i:nil="true"/>'


@dataclass(frozen=True, slots=True)
class Shown:
    """A device as an answer shows it. "" and () leave an element out; `status` None too, unless `nil_compliance`."""

    guid: str
    registered: bool
    status: bool | None
    macs: tuple[str, ...] = ()
    nil_compliance: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """An answer about devices. `marker` None: no paging_info. `no_list`: "" shows the list, else `absent` or `nil`."""

    devices: Sequence[Shown]
    marker: str | None = None
    no_list: str = ""
    busy_wait: str = ""


def mdminfo_xml(api_path: str, portal: str, page_size: int, busy_wait: str) -> str:
    """The answer to mdminfo."""
    return (
        f"{_HEAD}<name>mdminfo</name><api_version>3</api_version><api_path>{api_path}</api_path>"
        f"<redirect_url>{portal}</redirect_url><query_max_size>{page_size}</query_max_size>"
        f"<messaging_support>false</messaging_support>{_busy(busy_wait)}<vendor>Microsoft</vendor>"
        "<product_name>Microsoft Intune</product_name><product_version>5.0</product_version></ise_api>"
    )


def listing_xml(listing: Listing) -> str:
    """The answer to a device or a bulk query."""
    paging = "" if listing.marker is None else f"<paging_info>{listing.marker}</paging_info>"
    return (
        f"{_HEAD}<name>attributes</name><api_version>3</api_version>{paging}{_busy(listing.busy_wait)}"
        f"{_device_list(listing)}</ise_api>"
    )


def lower_case(xml: str) -> str:
    """The same in Cisco's documented spelling: lower case and no namespace."""
    bare = xml.replace(_HEAD, "<ise_api>").replace(_NIL, "<deviceList/>")
    return _CAPITALS.sub(lambda match: f"<{match[1]}{match[2].lower()}", bare).replace(' i:nil="true"', "")


def with_entity(xml: str) -> str:
    """The same behind a document type whose entity supplies a status: what no parser of ours may expand."""
    dtd = '<!DOCTYPE ise_api [<!ENTITY a "tru"><!ENTITY status "&a;e">]>'
    return dtd + xml.replace("<status>false</status>", "<status>&status;</status>").replace(
        "<status>true</status>", "<status>&status;</status>"
    )


def listing_json(listing: Listing) -> str:
    """What the service may send when Accept is lost; the shape is a guess."""
    devices = [
        {"guid": d.guid, "Attributes": {"register_status": d.registered, "Compliance": {"status": d.status}}}
        for d in listing.devices
    ]
    return json.dumps({"name": "attributes", "api_version": 3, "deviceList": devices})


def _device_list(listing: Listing) -> str:
    if listing.no_list:
        return _NIL if listing.no_list == "nil" else ""
    if not listing.devices:
        return "<deviceList/>"
    return f"<deviceList>{''.join(map(_device, listing.devices))}</deviceList>"


def _device(device: Shown) -> str:
    # Cisco's API: one address is `macaddress`, several are a comma list in `macaddresses`, at most 5.
    guid = f"<guid>{device.guid}</guid>" if device.guid else ""
    name = "macaddress" if len(device.macs) == 1 else "macaddresses"
    macs = f"<{name}>{','.join(device.macs[:5])}</{name}>" if device.macs else ""
    compliance = ""
    if device.nil_compliance:
        compliance = '<Compliance i:nil="true"/>'
    elif device.status is not None:
        compliance = f"<Compliance><status>{_truth(device.status)}</status></Compliance>"
    register = f"<register_status>{_truth(device.registered)}</register_status>"
    return f"<device>{guid}{macs}<Attributes>{guid}{macs}{register}{compliance}</Attributes></device>"


def _busy(seconds: str) -> str:
    return f"<server_busy_wait_seconds>{seconds}</server_busy_wait_seconds>" if seconds else ""


def _truth(value: bool) -> str:
    return "true" if value else "false"
