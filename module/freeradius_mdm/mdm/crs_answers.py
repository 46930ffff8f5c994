"""What CRS documents say, as values (Cisco "ISE MDM API v3", intune.md sections 4 and 5)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from .crs_xml import Element, parse

SINGLE_LIMIT = 1 << 20  # bytes, of one device's answer or mdminfo
BULK_LIMIT = 8 << 20  # bytes, of one page of the bulk list
API_VERSION = 3
_DEFAULT_PAGE_SIZE = 5000  # Cisco's, when the server names none
_MOST_MACS = 5
_COMPLETE = "0"
_BOOLEANS: Mapping[str, bool] = {"true": True, "1": True, "false": False, "0": False}

# Cisco's v3 fields that Intune does not send today: kept when they come, never required.
DETAIL_FIELDS = (
    "failure_reason",
    "remediation",
    "disk_encryption_on",
    "pin_lock_on",
    "jail_broken",
    "manufacturer",
    "model",
    "imei",
    "meid",
    "udid",
    "serial_number",
    "os_version",
    "phone_number",
    "lastcheckintimestamp",
)


class CrsProtocolError(ValueError):
    """The document is XML and still not an answer. The text is one sentence for the operator."""


@dataclass(frozen=True, slots=True)
class MdmInfo:
    """The server information. `redirect_url` is the page where a user mends the device; "" when not given.

    `query_max_size` caps one page of the bulk list. `api_path` is an absolute path without a host, or "".
    """

    api_version: int
    api_path: str
    redirect_url: str
    query_max_size: int
    vendor: str
    product_name: str
    product_version: str


@dataclass(frozen=True, slots=True)
class CrsDevice:
    """One device of a list. None means absent, nil or not readable as a truth value.

    `guids`: every guid the entry carries, lower case, without duplicates (CRS repeats it in Attributes).
    `macs`: 12 upper-case hexadecimal digits each, at most 5. `details`: those of DETAIL_FIELDS that came.
    """

    guids: tuple[str, ...]
    registered: bool | None
    compliant: bool | None
    macs: tuple[str, ...] = ()
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DeviceList:
    """One answer. `next_page`: the marker to send back as `paging`, None when complete. `busy_wait`: seconds."""

    devices: tuple[CrsDevice, ...]
    next_page: str | None = None
    busy_wait: float = 0.0


def read_mdminfo(body: bytes) -> MdmInfo:
    """The mdminfo document. Raises XmlRefused or CrsProtocolError."""
    root = _root(body, SINGLE_LIMIT)
    version = _whole(root.value("api_version"), 0)
    if version < API_VERSION:
        raise CrsProtocolError(f"api_version {root.value('api_version')!r} is below {API_VERSION}")
    api_path = root.value("api_path") or ""
    if api_path and not re.fullmatch(r"(?:/(?!\.)[\w.~-]+)+/?", api_path, re.ASCII):
        raise CrsProtocolError(f"api_path is no absolute path: {api_path[:80]!r}")
    return MdmInfo(
        api_version=version,
        api_path=api_path,
        redirect_url=_web_address(root.value("redirect_url")),
        query_max_size=_whole(root.value("query_max_size"), _DEFAULT_PAGE_SIZE),
        vendor=root.value("vendor") or "",
        product_name=root.value("product_name") or "",
        product_version=root.value("product_version") or "",
    )


def read_devices(body: bytes, limit: int = SINGLE_LIMIT) -> DeviceList:
    """A device list: of one device, by MAC, or one page of the bulk list. Raises XmlRefused or CrsProtocolError."""
    root = _root(body, limit)
    listed = root.child("devicelist")
    name = root.value("name")
    if listed is None and name is not None and name.lower() != "attributes":
        raise CrsProtocolError(f"a document {name[:40]!r} came instead of a device list")
    marker = root.value("paging_info") or (listed.value("paging_info") if listed else None)
    busy = next((e.text for e in root.walk() if e.name == "server_busy_wait_seconds"), None)
    entries = [e for e in listed.children if e.name == "device" and not e.nil] if listed else []
    return DeviceList(
        devices=tuple(_device(entry) for entry in entries),
        next_page=None if marker in (None, _COMPLETE) else marker,
        busy_wait=float(min(_whole(busy, 0), 3600)),
    )


def _root(body: bytes, limit: int) -> Element:
    root = parse(body, limit)
    if root.name != "ise_api":
        raise CrsProtocolError(f"the root element is {root.name[:40]!r}, not 'ise_api'")
    return root


def _device(entry: Element) -> CrsDevice:
    attributes = entry.child("attributes") or Element("attributes")
    compliance = attributes.child("compliance") or Element("compliance")
    places = (entry, attributes)
    guids = dict.fromkeys(guid.lower().strip("{}") for place in places if (guid := place.value("guid")))
    macs = dict.fromkeys(mac for place in places for mac in _macs(place))
    details = {
        name: text
        for name in DETAIL_FIELDS
        for place in (compliance, *places)
        if (text := place.value(name)) is not None
    }
    return CrsDevice(
        guids=tuple(guids),
        registered=_truth(attributes.value("register_status") or entry.value("register_status")),
        compliant=_truth(compliance.value("status")),
        macs=tuple(macs)[:_MOST_MACS],
        details=details,
    )


def _macs(place: Element) -> list[str]:
    found = []
    for element in place.children:
        if element.name in ("macaddress", "macaddresses"):
            texts = [element.text, *(child.text for child in element.children)]
            plain = (re.sub(r"[\s:.-]", "", part).upper() for text in texts for part in text.split(","))
            found += [mac for mac in plain if re.fullmatch(r"[0-9A-F]{12}", mac)]
    return found


def _truth(text: str | None) -> bool | None:
    return _BOOLEANS.get(text.lower()) if text else None


def _whole(text: str | None, default: int) -> int:
    return int(text) if text and re.fullmatch(r"[0-9]{1,9}", text) else default


def _web_address(text: str | None) -> str:
    """Users are sent there, so anything but a plain https address counts as absent."""
    return text if text and re.fullmatch(r"https://[^\s\"'<>\\]{1,2000}", text) else ""
