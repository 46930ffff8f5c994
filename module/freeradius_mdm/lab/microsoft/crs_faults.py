"""The personalities of CRS answers (intune.md sections 5 and 11)."""

from __future__ import annotations

import uuid

from . import crs_xml
from .crs_xml import Listing, Shown
from .discovery import moved_to
from .faults import ActiveFaults
from .operations import Operation
from .tenants import TenantState
from .wire import Answer, Call, text_answer

_OTHER_DEVICE = str(uuid.uuid5(uuid.NAMESPACE_DNS, "another-device.lab.example"))
_HTML = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Welcome to the guest network</body></html>"
_SINGLE_SIZE, _BULK_SIZE = 2 * 1024 * 1024, 9 * 1024 * 1024


def current_host(call: Call, tenant: TenantState) -> str:
    """The host on which the tenant's CRS lives for this call."""
    return moved_to(tenant, call.faults) if "scale-unit-move" in call.faults else tenant.crs_host


def moved(call: Call, tenant: TenantState) -> Answer | None:
    """How the old host answers during `scale-unit-move`; None when it is not the old host that was asked."""
    if "scale-unit-move" not in call.faults or call.host != tenant.crs_host:
        return None
    to = current_host(call, tenant)
    if to == tenant.crs_host:
        return None
    match call.faults.option("scale-unit-move", "old", "dead"):
        case "404":
            return text_answer(404, "Not Found", "fault scale-unit-move 404")
        case "302":
            answer = text_answer(302, "", "fault scale-unit-move 302")
            answer.headers["Location"] = f"https://{to}{call.path}?{call.query}"
            return answer
        case _:
            return Answer(0, b"", "", "fault scale-unit-move dead", abort=True)


def unknown_device(faults: ActiveFaults, listed: Shown) -> tuple[Listing, str]:
    """How an unknown device is said to be unknown, and the outcome; `listed` for those who list it nevertheless."""
    name = faults.first("unknown-404", "unknown-false", "unknown-nil", "unknown-nolist")
    match name:
        case "unknown-404":
            return Listing(()), "404 unknown device"
        case "unknown-false":
            return Listing([listed]), "unknown device, listed"
        case "unknown-nil":
            return Listing((), no_list="nil"), "unknown device"
        case "unknown-nolist":
            return Listing((), no_list="absent"), "unknown device"
    return Listing(()), "unknown device"


def shown_devices(faults: ActiveFaults, devices: list[Shown]) -> list[Shown]:
    """What is listed for devices that exist."""
    if "nil-compliance" in faults:
        devices = [Shown(d.guid, d.registered, None, d.macs, nil_compliance=True) for d in devices]
    other = Shown(_OTHER_DEVICE, True, True, ("02FFFFFFFFFF",) if any(d.macs for d in devices) else ())
    if "wrong-guid" in faults:
        return [other]
    return [other, *devices] if "two-devices" in faults else devices


def disguise(call: Call, answer: Answer) -> Answer:
    """The same answer in another dress, under 200."""
    faults = call.faults
    if not faults:
        return answer
    if "html-200" in faults:
        return Answer(200, _HTML, "text/html; charset=utf-8", "fault html-200")
    if "json-instead" in faults:
        body = answer.body if answer.content_type == "application/json" else b'{"name":"mdminfo","api_version":3}'
        return Answer(200, body, "application/json", "fault json-instead")
    text = answer.body.decode()
    if "lowercase-no-ns" in faults:
        text = crs_xml.lower_case(text)
    if "dtd-entity" in faults:
        text = crs_xml.with_entity(text)
    if "huge-body" in faults:
        size = str(_BULK_SIZE if call.operation is Operation.BULK else _SINGLE_SIZE)
        padding = int(faults.option("huge-body", "bytes", size)) - len(text)
        text = text.replace("</ise_api>", f"<!--{'.' * max(0, padding - 7)}--></ise_api>")
    answer.body = text.encode()
    if "utf16-bom" in faults:
        # encode("utf-16") puts the byte order mark in front.
        answer.body = f'<?xml version="1.0" encoding="utf-16"?>{text}'.encode("utf-16")
        answer.content_type = "application/xml; charset=utf-16"
    return answer
