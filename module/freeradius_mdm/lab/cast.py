"""The lab's cast: example devices, how each comes to the network, and what Intune knows of them at the start."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from .certificates import Profile
from .pki import Credential, LabPki
from .raddb import VPN_PASSWORD, VPN_USER
from .radius import EapTlsSupplicant, RadiusClient, access, vpn
from .radius.reply import Reply
from .radius.tls import Certificates, TlsProfile

LAPTOP = "0d9f6f0e-53a4-4f0b-9d25-2a7e6f1c4b11"
PHONE = "6b1f2d3c-8e4a-4b57-9c61-0f2e3d4c5b6a"
TABLET = "c3e81a90-7d25-4f6e-8b13-5a9d0c7e2f41"
UNKNOWN = "77777777-1111-4222-8333-944444444444"
_SID = "S-1-5-21-1004336348-1177238915-682003330-1104"
_NAS = "192.0.2.10"
_STARTED = 1_700_000_000  # part of every audit-session-id; any moment does


def start_table(file: Path | None = None) -> list[dict[str, Any]]:
    """What the simulated Intune knows at the start: the rows of devices.toml, or of another file of its form."""
    return list(
        tomllib.loads(file.read_text(encoding="utf-8"))["devices"] if file else _data("devices.toml")["devices"]
    )


def expected_rows() -> list[dict[str, Any]]:
    """The rows of expected.toml: what each member of the cast has to get."""
    return list(_data("expected.toml")["rows"])


def _data(name: str) -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("data", name).read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class Member:
    """One device of the cast. `sign_in` authenticates it once and gives the server's reply."""

    name: str
    arrives: str
    sign_in: Callable[[RadiusClient], Reply]


class Cast:
    """The members, with certificates of a lab PKI. `signed` clients only: nobody here is a headend of old."""

    def __init__(self, pki: LabPki) -> None:
        self._pki = pki
        self._ports = 0

    def members(self) -> tuple[Member, ...]:
        """Every member, in the order of the table."""
        two_ids = [f"ID:Microsoft Endpoint Manager:GUID:{LAPTOP}", f"ID:Microsoft Endpoint Manager:GUID:{PHONE}"]
        client = self._pki.client
        laptop = client("laptop", LAPTOP, sid=_SID)
        return (
            self._wired("compliant laptop", laptop, "00-50-56-a1-b2-c3"),
            self._wireless("non-compliant phone", client("phone", PHONE, profile=Profile.PKCS), "3c-06-30-11-22-33"),
            self._wired("unknown device", client("unknown", UNKNOWN), "00-50-56-de-ad-01"),
            self._vpn("VPN tablet", vpn.mobile(TABLET), VPN_PASSWORD),
            self._vpn("VPN laptop", vpn.AnyConnectDevice(macs=("00-50-56-a1-b2-d4",)), VPN_PASSWORD),
            self._vpn("VPN laptop, wrong password", vpn.AnyConnectDevice(macs=("00-50-56-a1-b2-d4",)), "not it"),
            self._mab("badge printer", "00-1b-a9-77-88-99"),
            self._mab("phone with a private MAC", "da-a1-19-00-11-22"),
            self._wired("certificate with two device ids", client("two", LAPTOP, uris=two_ids), "00-50-56-de-ad-02"),
            self._wired("expired certificate", client("expired", LAPTOP, days=-1), "00-50-56-de-ad-03"),
        )

    def profile_of(self, credential: Credential) -> TlsProfile:
        """What a supplicant needs to show that certificate."""
        return TlsProfile(Certificates(credential.cert_file, credential.key_file, self._pki.ca_file))

    def _session(self) -> str:
        self._ports += 1
        return access.audit_session_id(_NAS, self._ports, _STARTED)

    def _wired(self, name: str, credential: Credential, mac: str) -> Member:
        port = access.WiredPort(mac=mac, session=self._session())
        return Member(name, "wired, EAP-TLS", self._eap_tls(name, credential, port.dot1x()))

    def _wireless(self, name: str, credential: Credential, mac: str) -> Member:
        station = access.WirelessStation(mac=mac, session=self._session())
        return Member(name, "wireless, EAP-TLS", self._eap_tls(name, credential, station.dot1x()))

    def _eap_tls(self, name: str, credential: Credential, attributes: Any) -> Callable[[RadiusClient], Reply]:
        profile = self.profile_of(credential)
        identity = "host/" + name.replace(" ", "-")
        return lambda client: EapTlsSupplicant(client, profile).authenticate(identity, attributes).reply

    def _mab(self, name: str, mac: str) -> Member:
        port = access.WiredPort(mac=mac, session=self._session())
        return Member(name, "wired, MAB", lambda client: access.authenticate_mab(client, port, sign=True))

    def _vpn(self, name: str, device: vpn.AnyConnectDevice, password: str) -> Member:
        login = vpn.VpnLogin(VPN_USER, password, sign=True)
        headend = vpn.VpnHeadend(started=_STARTED)
        return Member(name, "VPN", lambda client: vpn.log_in(client, headend, device, login))
