"""Tenants and the applications registered in them: what Entra knows, editable at run time."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from ..pki import thumbprints
from .clouds import CLOUDS, DEVICE_COMPLIANCE_ROLE, Cloud
from .devices import Device, DeviceTable

DEFAULT_ROLES = frozenset({DEVICE_COMPLIANCE_ROLE, "Application.Read.All", "DeviceManagementManagedDevices.Read.All"})


@dataclass(frozen=True, slots=True)
class Secret:
    """A client secret. `expires_at` in seconds since the epoch, None = never."""

    value: str = field(repr=False)
    expires_at: float | None = None


@dataclass(frozen=True, slots=True)
class Application:
    """One app registration.

    `certificates`: PEM files uploaded to it. `roles`: application permissions with admin consent, Intune's and
    Graph's together. `service_principal` False: registered elsewhere and not present here (AADSTS7000229).
    `key_name`: the displayName of its keyCredentials, "" = each certificate's subject, as the portal writes it.
    """

    client_id: str
    certificates: tuple[Path, ...] = ()
    secrets: tuple[Secret, ...] = ()
    roles: frozenset[str] = DEFAULT_ROLES
    service_principal: bool = True
    disabled: bool = False
    display_name: str = "freeradius-mdm"
    key_name: str = ""


@dataclass(frozen=True, slots=True)
class Tenant:
    """One tenant. `tenant_id` is a GUID, `domains` other names it answers to.

    `crs_host`: its scale unit, "" = the cloud's usual one. `crs_authority`: what the discovered uri carries in
    its place (`lab.example:8443`), for labs that can't use the real names; pair it with an alias of the simulator.
    `intune`: the Intune API's service principal is `present`, `disabled` or `absent`.
    `token_format`: of access tokens for CRS, "1.0" (aud = resource URL) or "2.0" (aud = application id).
    """

    tenant_id: str
    applications: tuple[Application, ...] = ()
    devices: tuple[Device, ...] = ()
    cloud: str = "global"
    domains: tuple[str, ...] = ()
    crs_host: str = ""
    crs_authority: str = ""
    intune: str = "present"
    token_format: str = "1.0"  # noqa: S105

    def __post_init__(self) -> None:
        if self.cloud not in CLOUDS:
            raise ValueError(f"tenant {self.tenant_id}: no cloud {self.cloud!r}; there are: {', '.join(CLOUDS)}")


@dataclass(frozen=True, slots=True)
class RegisteredKey:
    """The public half of an application's credential. Life in seconds since the epoch; thumbprints upper-case."""

    certificate: x509.Certificate
    sha1: str
    sha256: str
    not_before: float
    not_after: float

    @property
    def public_key(self) -> rsa.RSAPublicKey | None:
        """Its RSA key, None for any other kind: it can be uploaded, but no assertion is taken for it."""
        key = self.certificate.public_key()
        return key if isinstance(key, rsa.RSAPublicKey) else None


def registered_key(pem: bytes) -> RegisteredKey:
    """Read what an administrator uploads."""
    certificate = x509.load_pem_x509_certificate(pem)
    life = certificate.not_valid_before_utc.timestamp(), certificate.not_valid_after_utc.timestamp()
    return RegisteredKey(certificate, *thumbprints(certificate), *life)


class TenantState:
    """A tenant as it is now. `settings` and `applications` are replaced when something is changed."""

    def __init__(self, settings: Tenant) -> None:
        self.start = settings
        self.restart()

    def restart(self) -> None:
        """Back to what the start table says; certificates are read again."""
        self.settings = self.start
        self.devices = DeviceTable(self.start.devices)
        self.applications: dict[str, Application] = {}
        self.keys: dict[str, list[RegisteredKey]] = {}
        for application in self.start.applications:
            self.put_application(application)

    @property
    def tenant_id(self) -> str:
        """Its GUID, lower case."""
        return self.start.tenant_id.lower()

    @property
    def cloud(self) -> Cloud:
        """The cloud it lives in."""
        return CLOUDS[self.settings.cloud]

    @property
    def crs_host(self) -> str:
        """The host of its scale unit."""
        return self.settings.crs_host or self.cloud.crs_host

    def put_application(self, application: Application) -> None:
        """Register or replace an application."""
        key = application.client_id.lower()
        self.applications[key] = application
        self.keys[key] = [registered_key(file.read_bytes()) for file in application.certificates]

    def change(self, **values: Any) -> None:
        """Change settings: `crs_host`, `crs_authority`, `intune`, `token_format`. Raises ValueError."""
        allowed = {"crs_host", "crs_authority", "intune", "token_format"}
        if wrong := set(values) - allowed:
            raise ValueError(f"a tenant has no changeable {', '.join(sorted(wrong))}; there are: {sorted(allowed)}")
        self.settings = dataclasses.replace(self.settings, **values)


class Directory:
    """All tenants, found by GUID or domain in any case."""

    def __init__(self, tenants: Iterable[Tenant]) -> None:
        self.tenants = {state.tenant_id: state for state in map(TenantState, tenants)}
        self._names = {name.lower(): s for s in self.tenants.values() for name in (s.tenant_id, *s.start.domains)}

    def get(self, name: str) -> TenantState | None:
        """The tenant of that GUID or domain."""
        return self._names.get(name.lower())

    def first(self) -> TenantState:
        """The default of the control API. Raises LookupError when there is no tenant."""
        for state in self.tenants.values():
            return state
        raise LookupError("the simulator has no tenant")

    def crs_hosts(self) -> set[str]:
        """Every host on which some tenant's CRS lives now."""
        return {state.crs_host for state in self.tenants.values()}
