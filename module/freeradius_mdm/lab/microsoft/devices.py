"""The device table of a tenant: what Intune knows, editable at run time."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MAC = re.compile(r"[0-9A-F]{12}")
_SEPARATORS = re.compile(r"[-:.]")


@dataclass(frozen=True, slots=True)
class Device:
    """One enrolled device. Ids are lower-case GUIDs, MACs 12 upper-case hexadecimal digits ("" = none known).

    `registered` False: the device has left Intune, CRS no longer lists it. `compliant` is what CRS says, None
    leaves the status out of the answer. `compliance_state` is what Graph says ("" = derived from `compliant`).
    Times are ISO 8601, "" = a default.
    """

    intune_id: str
    name: str = ""
    entra_id: str = ""
    registered: bool = True
    compliant: bool | None = True
    compliance_state: str = ""
    management_state: str = "managed"
    grace_until: str = ""
    last_sync: str = ""
    wifi_mac: str = ""
    ethernet_mac: str = ""
    extra_macs: tuple[str, ...] = ()  # CRS may report up to 5, Graph has two fields only
    serial: str = ""
    os: str = "Windows"

    @property
    def macs(self) -> tuple[str, ...]:
        """All hardware addresses, Wi-Fi first."""
        return tuple(mac for mac in (self.wifi_mac, self.ethernet_mac, *self.extra_macs) if mac)

    @property
    def state(self) -> str:
        """complianceState as Graph reports it."""
        if self.compliance_state:
            return self.compliance_state
        return {True: "compliant", False: "noncompliant", None: "unknown"}[self.compliant]


_FIELDS = {field.name: field.type for field in dataclasses.fields(Device)}
_STRINGS = {name for name, kind in _FIELDS.items() if kind == "str"}


def change(device: Device, values: Mapping[str, Any]) -> Device:
    """`device` with fields replaced, as the control API names them. `macs` sets all hardware addresses at once.

    Raises ValueError with a sentence naming the field.
    """
    new: dict[str, Any] = {}
    for name, value in values.items():
        if name == "macs":
            macs = [_mac(mac) for mac in value]
            new |= {"wifi_mac": "".join(macs[:1]), "ethernet_mac": "".join(macs[1:2]), "extra_macs": tuple(macs[2:])}
        elif name in ("wifi_mac", "ethernet_mac"):
            new[name] = _mac(value) if value else ""
        elif name == "extra_macs":
            new[name] = tuple(_mac(mac) for mac in value)
        elif name == "entra_id":
            new[name] = _guid(value) if value else ""
        elif _takes(name, value):
            new[name] = value
        elif name != "intune_id":
            raise ValueError(f"device {device.intune_id}: no {name!r} that takes {value!r}; there are: {fields()}")
    # A verdict set by hand must reach Graph as well, unless the same call says otherwise.
    if "compliant" in new and "compliance_state" not in new:
        new["compliance_state"] = ""
    return dataclasses.replace(device, **new)


def _takes(name: str, value: Any) -> bool:
    if name == "compliant" and value is None:
        return True
    wanted = bool if name in ("registered", "compliant") else str if name in _STRINGS - {"intune_id"} else None
    return wanted is not None and isinstance(value, wanted)


def fields() -> str:
    """The names that `change` takes, for messages."""
    return ", ".join([*(name for name in _FIELDS if name != "intune_id"), "macs"])


class DeviceTable:
    """Devices of one tenant, found by Intune id, Entra id or MAC in constant time."""

    def __init__(self, devices: Iterable[Device] = ()) -> None:
        self._devices: dict[str, Device] = {}
        self._by_mac: dict[str, dict[str, None]] = {}
        self._by_entra: dict[str, dict[str, None]] = {}
        for device in devices:
            self.put(device)

    def __len__(self) -> int:
        return len(self._devices)

    def __iter__(self) -> Iterator[Device]:
        return iter(self._devices.values())

    def get(self, intune_id: str) -> Device | None:
        """The device with that Intune id, in any case."""
        return self._devices.get(intune_id.lower())

    def by_mac(self, mac: str) -> list[Device]:
        """Every device that reported this address: a dock's belongs to several."""
        return [self._devices[key] for key in self._by_mac.get(mac, ())]

    def by_entra(self, entra_id: str) -> list[Device]:
        """Every device with that Entra id: two after a re-enrolment."""
        return [self._devices[key] for key in self._by_entra.get(entra_id.lower(), ())]

    def put(self, device: Device) -> None:
        """Insert or replace. Raises ValueError for ids and addresses that Intune would never hold."""
        key = _guid(device.intune_id)
        for mac in device.macs:
            _mac(mac)
        self.remove(key)
        self._devices[key] = device
        for mac in device.macs:
            self._by_mac.setdefault(mac, {})[key] = None
        if device.entra_id:
            self._by_entra.setdefault(device.entra_id.lower(), {})[key] = None

    def set(self, intune_id: str, **values: Any) -> Device:
        """Change fields of a device, making it first if it is not there; returns it as it now is."""
        device = self.get(intune_id) or Device(_guid(intune_id))
        changed = change(device, values)
        self.put(changed)
        return changed

    def remove(self, intune_id: str) -> bool:
        """Forget a device; False if it was not there."""
        key = intune_id.lower()
        device = self._devices.pop(key, None)
        if device is None:
            return False
        for mac in device.macs:
            self._by_mac[mac].pop(key, None)
        if device.entra_id:
            self._by_entra[device.entra_id.lower()].pop(key, None)
        return True


def _guid(value: Any) -> str:
    if not (isinstance(value, str) and _GUID.fullmatch(value.lower())):
        raise ValueError(f"not a GUID: {value!r}")
    return value.lower()


def _mac(value: Any) -> str:
    mac = _SEPARATORS.sub("", value).upper() if isinstance(value, str) else ""
    if not _MAC.fullmatch(mac):
        raise ValueError(f"not a hardware address: {value!r}")
    return mac
