"""The start table: tenants, applications, devices and settings from a TOML or JSON file.

[settings]
mac_answer = "beside"

[aliases]                                     # lab names, if the real ones can't be used
"login.lab.example" = "login.microsoftonline.com"

[[tenants]]
tenant_id = "11111111-2222-3333-4444-555555555555"
domains = ["contoso.example"]
cloud = "global"

[[tenants.applications]]
client_id = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
certificates = ["mdmd.pem"]                   # beside this file, or an absolute path
secret_files = ["mdmd.secret"]
roles = ["get_device_compliance", "Application.Read.All"]

[[tenants.devices]]
intune_id = "0d9f6f0e-53a4-4f0b-9d25-2a7e6f1c4b11"
name = "LAPTOP-1"
compliant = true
macs = ["00-50-56-A1-B2-C3"]
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .devices import Device, change
from .tenants import DEFAULT_ROLES, Application, Secret, Tenant
from .world import Settings


@dataclass(frozen=True, slots=True)
class StartTable:
    """What `SimulatedMicrosoft` is made of."""

    tenants: tuple[Tenant, ...]
    settings: Settings
    aliases: dict[str, str]


def load(file: Path) -> StartTable:
    """Read a start table. Raises ValueError with file and key, OSError if a file can't be read."""
    text = file.read_text(encoding="utf-8")
    try:
        value = json.loads(text) if file.suffix == ".json" else tomllib.loads(text)
        return _table(value, file.parent)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"{file}: {error}") from error


def _table(value: Mapping[str, Any], directory: Path) -> StartTable:
    _only(value, "top level", {"settings", "aliases", "tenants"})
    tenants = tuple(_tenant(tenant, directory) for tenant in value.get("tenants", []))
    if not tenants:
        raise ValueError("no [[tenants]]: there is nothing to simulate")
    return StartTable(tenants, Settings().changed(value.get("settings", {})), dict(value.get("aliases", {})))


def _tenant(value: Mapping[str, Any], directory: Path) -> Tenant:
    plain = {"tenant_id", "cloud", "crs_host", "crs_authority", "intune", "token_format"}
    _only(value, "tenants", plain | {"domains", "applications", "devices"})
    return Tenant(
        **{name: value[name] for name in plain if name in value},
        domains=tuple(value.get("domains", [])),
        applications=tuple(_application(app, directory) for app in value.get("applications", [])),
        devices=tuple(_device(device) for device in value.get("devices", [])),
    )


def _application(value: Mapping[str, Any], directory: Path) -> Application:
    plain = {"client_id", "service_principal", "disabled", "display_name"}
    _only(value, "tenants.applications", plain | {"certificates", "secret_files", "roles"})
    # The whole file is the secret but for a trailing newline, which every editor adds.
    secrets = [(directory / name).read_text(encoding="utf-8").rstrip("\n") for name in value.get("secret_files", [])]
    return Application(
        **{name: value[name] for name in plain if name in value},
        certificates=tuple(directory / name for name in value.get("certificates", [])),
        secrets=tuple(Secret(secret) for secret in secrets),
        roles=frozenset(value.get("roles", DEFAULT_ROLES)),
    )


def _device(value: Mapping[str, Any]) -> Device:
    return change(Device(str(value["intune_id"]).lower()), value)


def _only(value: Mapping[str, Any], where: str, allowed: set[str]) -> None:
    if wrong := set(value) - allowed:
        raise ValueError(f"{where}: no {', '.join(sorted(wrong))}; allowed: {', '.join(sorted(allowed))}")
