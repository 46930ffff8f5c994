"""The Compliance Retrieval Service: mdminfo, one device, all non-compliant ones (intune.md sections 4 to 6)."""

from __future__ import annotations

import re
import urllib.parse
from typing import NamedTuple

from . import crs_xml
from .bulk import COMPLETE, PAGE_SIZE
from .clouds import INTUNE_APP_ID, PORTAL_HOST
from .crs_faults import current_host, disguise, moved, shown_devices, unknown_device
from .crs_xml import Listing, Shown
from .devices import Device
from .discovery import CRS_PATH
from .operations import Operation
from .tenants import TenantState
from .tokens import Claims, Refused
from .wire import Answer, Call, text_answer
from .world import World

_MDMINFO_PATH = f"{CRS_PATH}/ciscoise/mdminfo/"
_DEVICES_PATH = f"{CRS_PATH}/cisco/devices/"
_ROLE = "get_device_compliance"
_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_MAC = re.compile(r"[0-9A-F]{12}")
_ORDER = {
    Operation.DEVICE: ["paging", "querycriteria", "value", "filter"],
    Operation.BULK: ["paging", "querycriteria", "value", "deviceidentifier", "filter"],
}
_XML_TYPE = "application/xml; charset=utf-8"


class Query(NamedTuple):
    """A devices query, taken apart; `names` in the order sent."""

    names: list[str]
    values: dict[str, str]


def operation(path: str, query: str) -> Operation:
    """What a path and query on a CRS host ask for."""
    if path == _MDMINFO_PATH:
        return Operation.MDMINFO
    if path == _DEVICES_PATH:
        return Operation.BULK if "querycriteria=compliance" in query.lower() else Operation.DEVICE
    return Operation.OTHER


class Crs:
    """Answers for every CRS host."""

    def __init__(self, world: World) -> None:
        self._world = world

    def answer(self, call: Call, claims: Claims | Refused) -> Answer:
        """Answer one call."""
        query = _parse(call.query)
        call.subject = query.values.get("value", "")[:64]
        if isinstance(claims, Refused):
            return text_answer(401, "Unauthorized", f"401 {claims.reason}")
        tenant = self._world.directory.get(claims.tenant)
        if tenant is None or claims.audience not in (tenant.cloud.resource, INTUNE_APP_ID):
            return text_answer(401, "Unauthorized", "401 wrong-audience")
        if _ROLE not in claims.roles:
            return text_answer(403, "Forbidden", "403 no role")
        if (answer := moved(call, tenant)) is not None:
            return answer
        if call.host != current_host(call, tenant):
            return text_answer(404, "Not Found", "404 other scale unit")
        if call.operation is Operation.OTHER or call.method != "GET":
            return text_answer(404, "Not Found", "404 no such path")
        answer = self._query(call, tenant, query)
        return disguise(call, answer) if answer.status == 200 else answer

    def _query(self, call: Call, tenant: TenantState, query: Query) -> Answer:
        if call.operation is Operation.MDMINFO:
            return self._mdminfo(call, query)
        values = query.values
        if self._world.settings.strict_queries and query.names != _ORDER[call.operation]:
            return text_answer(400, "Bad Request: parameters or their order", "400 parameters")
        if values.get("filter") != "all":
            return text_answer(400, "Bad Request: filter", "400 filter")
        if call.operation is Operation.BULK:
            return self._bulk(call, tenant, values)
        if values.get("paging") != COMPLETE:
            return text_answer(400, "Bad Request: paging", "400 paging")
        match values.get("querycriteria"):
            case "guid":
                return self._by_guid(call, tenant, values.get("value", ""))
            case "macaddress":
                return self._by_mac(call, tenant, values.get("value", ""))
            case _:
                return text_answer(400, "Bad Request: querycriteria", "400 querycriteria")

    def _mdminfo(self, call: Call, query: Query) -> Answer:
        if query.values.get("ise_api_version") != "3":
            return text_answer(400, "Bad Request: ise_api_version", "400 version")
        portal = f"https://{PORTAL_HOST}/networkaccesscontrol/index"
        busy = _busy_wait(call)
        return _xml(crs_xml.mdminfo_xml(f"{CRS_PATH}/cisco", portal, PAGE_SIZE, busy), "mdminfo")

    def _by_guid(self, call: Call, tenant: TenantState, value: str) -> Answer:
        if not _GUID.fullmatch(value):
            return text_answer(400, "Bad Request: value", "400 bad guid")
        guid = value.lower()
        device = tenant.devices.get(guid)
        if device is None or not device.registered:
            return self._listing(call, *unknown_device(call.faults, Shown(guid, False, True)))
        shown = [Shown(device.intune_id, True, device.compliant)]
        return self._listing(call, Listing(shown_devices(call.faults, shown)), _verdict([device]))

    def _by_mac(self, call: Call, tenant: TenantState, value: str) -> Answer:
        if not _MAC.fullmatch(value):
            return text_answer(400, "Bad Request: value", "400 bad macaddress")
        found = [device for device in tenant.devices.by_mac(value) if device.registered]
        if not found:
            return self._listing(call, *unknown_device(call.faults, self._about_mac(Shown("", False, True), value)))
        shown = [self._about_mac(Shown(device.intune_id, True, device.compliant), value) for device in found]
        return self._listing(call, Listing(shown_devices(call.faults, shown)), _verdict(found))

    def _bulk(self, call: Call, tenant: TenantState, values: dict[str, str]) -> Answer:
        identifier, marker = values.get("deviceidentifier"), values.get("paging", "")
        if values.get("value") != "false" or identifier not in ("guid", "macaddress"):
            return text_answer(400, "Bad Request: value or deviceidentifier", "400 bulk form")
        wait = self._world.bulk.throttled_for(tenant.tenant_id)
        if wait or "bulk-window" in call.faults:
            refusal = text_answer(503, "Service Unavailable", "503 bulk window")
            # Whether the real service says when to come back is not known.
            if seconds := call.faults.option("bulk-window", "seconds", ""):
                refusal.headers["Retry-After"] = seconds
            return refusal
        page = self._world.bulk.page(tenant.tenant_id, marker, lambda: _noncompliant(tenant))
        if page is None:
            return text_answer(400, "Bad Request: paging", "400 unknown marker")
        if "paging-cut" in call.faults and marker != COMPLETE:
            return Answer(0, b"", "", "fault paging-cut", abort=True)
        next_marker = page.marker
        if "paging-loop" in call.faults:
            next_marker = marker if marker != COMPLETE else page.marker
        shown = [Shown(device.intune_id, True, False) for device in page.devices]
        if identifier == "macaddress":
            pairs = zip(page.devices, shown, strict=True)
            shown = [self._about_mac(one, *device.macs) for device, one in pairs]
            shown = [one for one in shown if one.guid or one.macs]
        return self._listing(call, Listing(shown, next_marker), f"bulk page of {len(shown)}")

    def _about_mac(self, shown: Shown, *macs: str) -> Shown:
        # Where an answer about a MAC carries it is not known (section 4): a setting.
        shape = self._world.settings.mac_answer
        guid = "" if shape == "instead" else shown.guid
        return Shown(guid, shown.registered, shown.status, () if shape == "guid-only" else macs)

    def _listing(self, call: Call, listing: Listing, outcome: str) -> Answer:
        if outcome.startswith("404"):
            return text_answer(404, "Not Found", outcome)
        listing = Listing(listing.devices, listing.marker, listing.no_list, _busy_wait(call))
        # A client that lost its Accept header may be given JSON.
        if "json-instead" in call.faults or "xml" not in call.headers.get("accept", ""):
            return Answer(200, crs_xml.listing_json(listing).encode(), "application/json", f"{outcome} as JSON")
        return _xml(crs_xml.listing_xml(listing), outcome)


def _parse(query: str) -> Query:
    pairs = urllib.parse.parse_qsl(query, keep_blank_values=True)
    return Query([name for name, _ in pairs], dict(pairs))


def _xml(text: str, outcome: str) -> Answer:
    return Answer(200, text.encode(), _XML_TYPE, outcome)


def _busy_wait(call: Call) -> str:
    return call.faults.option("busy-wait-seconds", "seconds", "5") if "busy-wait-seconds" in call.faults else ""


def _noncompliant(tenant: TenantState) -> tuple[Device, ...]:
    return tuple(device for device in tenant.devices if device.registered and device.compliant is False)


def _verdict(devices: list[Device]) -> str:
    words = {True: "compliant", False: "noncompliant", None: "no status"}
    return ", ".join(words[device.compliant] for device in devices)
