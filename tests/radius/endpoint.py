"""A device of the end-to-end tests, with what it takes to sign in by certificate, by MAC or through a VPN."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from freeradius_mdm.lab.pki import Credential
from freeradius_mdm.lab.radius import EapTlsSupplicant, RadiusClient, access
from freeradius_mdm.lab.radius.supplicant import EapTlsResult
from freeradius_mdm.lab.radius.tls import Certificates, TlsProfile, TlsVersion
from freeradius_mdm.lab.site import Site


class Endpoint:
    """One device. `device_id` is its Intune id, `mac` like 00-50-56-a1-b2-c3."""

    def __init__(self, site: Site, device_id: str, mac: str) -> None:
        self.site = site
        self.device_id = device_id
        self.mac = mac
        self.identity = f"host/{device_id[:8]}"
        self.port = access.WiredPort(mac=mac, session=access.audit_session_id("192.0.2.10", 1, 1_700_000_000))

    def enrol(self, **values: Any) -> None:
        """Put it into the simulated Intune, or change it there; compliant unless told otherwise."""
        self.site.microsoft.set_device(self.device_id, **({"compliant": True} | values))

    @cached_property
    def credential(self) -> Credential:
        """A certificate as a SCEP profile issues it, with the strong-mapping SID."""
        return self.issue(sid="S-1-5-21-1004336348-1177238915-682003330-1104")

    def issue(self, **options: Any) -> Credential:
        """Another certificate for it; options as in LabPki.client."""
        return self.site.pki.client(f"device-{self.device_id}", self.device_id, **options)

    def sign_in(
        self,
        client: RadiusClient | None = None,
        *,
        credential: Credential | None = None,
        version: TlsVersion = TlsVersion.TLS_1_2,
        attributes: Any = None,
    ) -> EapTlsResult:
        """Authenticate once by EAP-TLS, as a wired endpoint unless other attributes are given."""
        shown = credential or self.credential
        certificates = Certificates(shown.cert_file, shown.key_file, self.site.pki.ca_file)
        profile = TlsProfile(certificates, minimum=version, maximum=version)
        sent = self.port.dot1x() if attributes is None else attributes
        if client is not None:
            return EapTlsSupplicant(client, profile).authenticate(self.identity, sent)
        with self.site.client() as own:
            return EapTlsSupplicant(own, profile).authenticate(self.identity, sent)
