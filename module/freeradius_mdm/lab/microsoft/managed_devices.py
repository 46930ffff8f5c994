"""managedDevices of Graph, with the quirks that were seen there (intune.md section 7)."""

from __future__ import annotations

import dataclasses
import re
import urllib.parse
import uuid
from typing import Any

from .clock import iso
from .clouds import EVIL_HOSTS
from .devices import Device
from .graph_errors import BAD_REQUEST, NO_DEVICE, refusal
from .tenants import TenantState
from .wire import Answer, Call, json_answer
from .world import World

BASE = "/deviceManagement/managedDevices"
_ONE = re.compile(r"/deviceManagement/managedDevices(?:/|\(')([^/')]+)(?:'\))?", re.IGNORECASE)
_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_FIRST_TERM = re.compile(r"\s*(\w+)\s+eq\s+'((?:[^']|'')*)'\s*(?:(or|and)\s.*)?", re.IGNORECASE | re.DOTALL)
_NO_DATE = "0001-01-01T00:00:00Z"


class ManagedDevices:
    """Single, list and filter."""

    def __init__(self, world: World) -> None:
        self._world = world

    def answer(self, call: Call, tenant: TenantState, path: str) -> Answer:
        """Answer a GET below managedDevices; `path` without the version."""
        query = dict(urllib.parse.parse_qsl(call.query))
        select = [name for name in query.get("$select", "").split(",") if name]
        if match := _ONE.fullmatch(path):
            return self._single(call, tenant, match[1], select)
        return self._list(call, tenant, query, select)

    def _single(self, call: Call, tenant: TenantState, device_id: str, select: list[str]) -> Answer:
        call.subject = device_id[:36]
        if not _GUID.fullmatch(device_id):
            return refusal(call, self._world.clock, 400, BAD_REQUEST, "The id is no GUID.")
        device = tenant.devices.get(device_id)
        if device is None or not device.registered:
            return refusal(call, self._world.clock, 404, NO_DEVICE)
        record = self._record(call, device)
        # Seen: the Ethernet address comes only with a single GET that selects it.
        if "ethernetMacAddress" not in select:
            record["ethernetMacAddress"] = None
        body = {"@odata.context": _context(call, "managedDevices/$entity"), **_selected(record, select)}
        return json_answer(200, body, f"device {record['complianceState']}")

    def _list(self, call: Call, tenant: TenantState, query: dict[str, str], select: list[str]) -> Answer:
        devices = [d for d in self._filtered(call, tenant, query.get("$filter", "")) if d.registered]
        try:
            size = min(int(query.get("$top", "1000")), self._world.settings.graph_page_size)
            start = int(query.get("$skiptoken", "0"))
        except ValueError:
            return refusal(call, self._world.clock, 400, BAD_REQUEST)
        if size < 1 or start < 0:
            return refusal(call, self._world.clock, 400, BAD_REQUEST)
        rows = []
        for device in devices[start : start + size]:
            rows.append(_selected(self._record(call, device) | {"ethernetMacAddress": None}, select))
        body: dict[str, Any] = {
            "@odata.context": _context(call, "managedDevices"),
            "@odata.count": len(rows),
            "value": rows,
        }
        if "nextlink-offsite" in call.faults:
            body["@odata.nextLink"] = f"https://{EVIL_HOSTS[0]}{call.path}?$skiptoken=1"
        elif start + size < len(devices):
            more = query | {"$skiptoken": str(start + size)}
            text = urllib.parse.urlencode(more, quote_via=urllib.parse.quote, safe="$,'")
            body["@odata.nextLink"] = f"https://{call.authority}{call.path}?{text}"
        return json_answer(200, body, f"{len(rows)} devices")

    def _filtered(self, call: Call, tenant: TenantState, text: str) -> list[Device]:
        everything = list(tenant.devices)
        match = _FIRST_TERM.fullmatch(text)
        if not match or "filter-ignored" in call.faults or (match[3] or "or").lower() != "or":
            return everything
        # Of `a or b` only the first term counts; an unsupported field makes the whole filter void.
        name, value = match[1].lower(), match[2].replace("''", "'")
        call.subject = value[:64]
        if name == "azureaddeviceid":
            return self._twins(call, tenant.devices.by_entra(value))
        if name == "devicename":
            return [device for device in everything if device.name.lower() == value.lower()]
        if name == "serialnumber":
            return [device for device in everything if device.serial.lower() == value.lower()]
        return everything

    def _twins(self, call: Call, devices: list[Device]) -> list[Device]:
        if "re-enrolled-twins" not in call.faults:
            return devices
        found = []
        for device in devices:
            older = iso(self._world.clock.now() - 90 * 86400)
            twin_id = str(uuid.uuid5(uuid.NAMESPACE_OID, device.intune_id))
            verdict = not device.compliant
            found += [
                dataclasses.replace(device, intune_id=twin_id, last_sync=older, compliant=verdict, compliance_state=""),
                device,
            ]
        return found

    def _record(self, call: Call, device: Device) -> dict[str, Any]:
        now, faults = self._world.clock.now(), call.faults
        state, grace, management = device.state, device.grace_until or _NO_DATE, device.management_state
        if "grace-period" in faults:
            state, grace = "inGracePeriod", device.grace_until or iso(now + 86400)
        if "state-new-value" in faults:
            state = faults.option("state-new-value", "value", "awaitingJudgement")
        if "retire-pending" in faults:
            management = "retirePending"
        no_macs = "mac-null" in faults
        return {
            "id": device.intune_id,
            "deviceName": device.name,
            "complianceState": state,
            "complianceGracePeriodExpirationDateTime": grace,
            "managementState": management,
            "azureADDeviceId": device.entra_id or "00000000-0000-0000-0000-000000000000",
            "lastSyncDateTime": device.last_sync or iso(now - 3600),
            "wiFiMacAddress": None if no_macs else device.wifi_mac or None,
            "ethernetMacAddress": None if no_macs else device.ethernet_mac or None,
            "serialNumber": device.serial,
            "operatingSystem": device.os,
        }


def _selected(record: dict[str, Any], select: list[str]) -> dict[str, Any]:
    return {name: record[name] for name in select if name in record} if select else record


def _context(call: Call, what: str) -> str:
    return f"https://{call.authority}/v1.0/$metadata#deviceManagement/{what}"
