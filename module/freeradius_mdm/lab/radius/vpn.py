"""A Cisco ASA with AnyConnect behind it: the request of a VPN login, as captured from such headends.

The mdm-tlv pairs come from the client's software and are relayed untouched, trailing spaces and commas
included.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from uuid import UUID

from freeradius_mdm.lab.radius import access, attributes, mschapv2
from freeradius_mdm.lab.radius.attributes import Attributes
from freeradius_mdm.lab.radius.client import RadiusClient
from freeradius_mdm.lab.radius.reply import Reply

_VIRTUAL = 5  # NAS-Port-Type
_AUTHORIZE_ONLY = 17  # Service-Type, RFC 3576 section 3.1


class ClientType(IntEnum):
    """ASA-ClientType (3076/150)."""

    IPSEC_IKEV1 = 1
    ANYCONNECT_SSL = 2
    CLIENTLESS = 3
    ANYCONNECT_IKEV2 = 6


def intune_uid(device_id: UUID | str) -> str:
    """The device-uid that names an Intune device: `ID:Intune:DeviceID:` and the GUID, 55 characters."""
    return f"ID:Intune:DeviceID:{device_id}"


@dataclass(frozen=True, slots=True)
class AnyConnectDevice:
    """What AnyConnect tells about a device. The defaults are a Windows laptop of the captured kind.

    `uid` and `uid_global` are hashes in hex made by the client (64 and 40 digits), or on a managed phone
    `intune_uid(...)`; None leaves the pair out. `macs` makes one device-mac pair each. `extra` is appended as
    it is, each without `mdm-tlv=`: repeated or contradictory pairs, unknown ones.
    """

    platform: str = "win"
    platform_version: str = "10.0.19044 "
    macs: tuple[str, ...] = ("00-50-56-a1-b2-c3",)
    public_mac: str | None = "00-50-56-a1-b2-c3"
    user_agent: str = "AnyConnect Windows 4.10.04065"
    type: str = "VMware, Inc. VMware Virtual Platform"
    uid_global: str | None = "5C1E0A77D94B63F2881A0C5E3D7F4B6920A1C8E4"
    uid: str | None = "0B7D3E915AC2846F17E0D5B39A6C48F2E1570D3B8C964AF2D15E07B3C8A9640F"
    extra: tuple[str, ...] = ()

    def attributes(self) -> Attributes:
        """The `mdm-tlv` pairs in the order of the capture."""
        pairs: list[tuple[str, str | None]] = [
            ("device-platform", self.platform),
            *(("device-mac", address) for address in self.macs),
            ("device-platform-version", self.platform_version),
            ("device-public-mac", self.public_mac),
            ("ac-user-agent", self.user_agent),
            ("device-type", self.type),
            ("device-uid-global", self.uid_global),
            ("device-uid", self.uid),
        ]
        told = [f"{name}={value}" for name, value in pairs if value is not None]
        return tuple(("Cisco-AVPair", f"mdm-tlv={pair}") for pair in (*told, *self.extra))


def mobile(device_id: UUID | str | None, platform: str = "apple-ios") -> AnyConnectDevice:
    """A managed phone: no MAC; its app configuration gave AnyConnect the Intune device id, or nothing."""
    android = platform == "android"
    return AnyConnectDevice(
        platform=platform,
        platform_version="17.5",
        macs=(),
        public_mac=None,
        user_agent=f"AnyConnect {'Android' if android else 'AppleSSLVPN_Darwin_ARM'} 5.0.05207",
        type="Pixel 8" if android else "iPhone15,2",
        uid_global=None,
        uid=None if device_id is None else intune_uid(device_id),
    )


@dataclass(frozen=True, slots=True)
class VpnHeadend:
    """An ASA and one of its tunnels; `started`: Unix time in seconds, `nas_port`: the session's number."""

    started: int
    nas_address: str = "192.0.2.20"
    nas_port: int = 16384
    public_address: str = "203.0.113.10"
    client_address: str = "198.51.100.37"
    tunnel_group: str = "DefaultWEBVPNGroup"
    client_type: ClientType = ClientType.ANYCONNECT_SSL

    @property
    def session(self) -> str:
        """The audit-session-id, in lower case as an ASA writes it."""
        return access.audit_session_id(self.nas_address, self.nas_port, self.started).lower()

    def attributes(self, device: AnyConnectDevice) -> Attributes:
        """Everything in the request but user and password."""
        return (
            ("NAS-Port", self.nas_port),
            ("Called-Station-Id", self.public_address),
            ("Calling-Station-Id", self.client_address),
            ("NAS-Port-Type", _VIRTUAL),
            ("Tunnel-Client-Endpoint", self.client_address),
            *device.attributes(),
            *access.nas_address(self.nas_address),
            ("Cisco-AVPair", f"audit-session-id={self.session}"),
            ("Cisco-AVPair", f"ip:source-ip={self.client_address}"),
            ("ASA-TunnelGroupName", self.tunnel_group),
            ("ASA-ClientType", int(self.client_type)),
            ("Cisco-AVPair", "coa-push=true"),
        )


@dataclass(frozen=True, slots=True)
class VpnLogin:
    """Who logs in, and how the headend asks.

    Without `password` it asks for authorization alone (Authorize-Only). `sign=False` leaves out
    Message-Authenticator, as captured ASAs do. `ms_chap` sends MS-CHAPv2 instead of PAP.
    """

    user: str
    password: str | None
    sign: bool = True
    ms_chap: bool = False


def log_in(client: RadiusClient, headend: VpnHeadend, device: AnyConnectDevice, login: VpnLogin) -> Reply:
    """Send the Access-Request of a VPN login. Raises NoReply and RequestError."""
    sent: Attributes = (("User-Name", login.user), *headend.attributes(device))
    if login.password is None:
        sent = (*sent, ("Service-Type", _AUTHORIZE_ONLY))
    elif login.ms_chap:
        sent = (*sent, *mschapv2.attributes(login.user, login.password))
    password = None if login.ms_chap else login.password
    return client.exchange(client.access_request(attributes.encode(sent), password=password, sign=login.sign))
