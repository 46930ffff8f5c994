"""What a Cisco IOS-XE switch or wireless controller says about a device: 802.1X and MAB attribute sets.

The shapes are those of Catalyst 9000 and 9800 requests; every value can be changed, and the results are plain
tuples, so a test can add, remove or double what it likes.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from freeradius_mdm.lab.radius import attributes
from freeradius_mdm.lab.radius.attributes import Attributes
from freeradius_mdm.lab.radius.client import RadiusClient
from freeradius_mdm.lab.radius.errors import RequestError
from freeradius_mdm.lab.radius.reply import Reply

_FRAMED, _CALL_CHECK = 2, 10  # Service-Type
_ETHERNET, _WIRELESS = 15, 19  # NAS-Port-Type
_WIRED_MTU, _WIRELESS_MTU = 1468, 1485  # octets, what IOS-XE 16 and later sends


def audit_session_id(nas_address: str, number: int, started: int) -> str:
    """Cisco's session id, 8 hex digits each: IPv4 address, session number, Unix time in seconds.

    An IPv6 address gives its last 32 bits.
    """
    address = int(ipaddress.ip_address(nas_address)) & 0xFFFFFFFF
    return f"{address:08X}{number & 0xFFFFFFFF:08X}{started & 0xFFFFFFFF:08X}"


def mac(address: str, separator: str = "-") -> str:
    """A MAC address of any form, as six upper-case pairs. Raises RequestError."""
    digits = re.sub(r"[-:.]", "", address).upper()
    if not re.fullmatch(r"[0-9A-F]{12}", digits):
        raise RequestError(f"{address!r} is no MAC address; write twelve hex digits, - : and . are allowed")
    return separator.join(digits[at : at + 2] for at in range(0, 12, 2))


def nas_address(address: str) -> Attributes:
    """NAS-IP-Address or NAS-IPv6-Address (RFC 3162), whichever the address needs."""
    version = ipaddress.ip_address(address).version
    return (("NAS-IP-Address" if version == 4 else "NAS-IPv6-Address", address),)


@dataclass(frozen=True, slots=True)
class WiredPort:
    """A switch port with a device on it. `mac` is the device's, `session` the switch's audit-session-id."""

    mac: str
    session: str
    nas_address: str = "192.0.2.10"
    port: str = "GigabitEthernet1/0/5"
    nas_port: int = 50105
    port_mac: str = "00-1B-54-AA-BB-05"

    def dot1x(self) -> Attributes:
        """What goes with every EAP packet."""
        return self._attributes(_FRAMED, "Framed", "dot1x")

    def mab(self) -> Attributes:
        """MAC authentication bypass: the device is silent, the switch names its MAC."""
        return self._attributes(_CALL_CHECK, "Call Check", "mab")

    def _attributes(self, service: int, service_name: str, method: str) -> Attributes:
        return (
            ("Service-Type", service),
            ("Cisco-AVPair", f"service-type={service_name}"),
            ("Framed-MTU", _WIRED_MTU),
            ("Cisco-AVPair", f"audit-session-id={self.session}"),
            ("Cisco-AVPair", f"method={method}"),
            *nas_address(self.nas_address),
            ("NAS-Port-Id", self.port),
            ("NAS-Port-Type", _ETHERNET),
            ("NAS-Port", self.nas_port),
            ("Calling-Station-Id", mac(self.mac)),
            ("Called-Station-Id", mac(self.port_mac)),
        )


@dataclass(frozen=True, slots=True)
class WirelessStation:
    """A device on an access point of a 9800 controller."""

    mac: str
    session: str
    ssid: str = "corp"
    nas_address: str = "192.0.2.11"
    nas_identifier: str = "wlc-1"
    access_point: str = "00-1B-54-CC-DD-E0"
    nas_port: int = 60013
    wlan: int = 17

    def dot1x(self) -> Attributes:
        """What goes with every EAP packet."""
        return (
            ("Service-Type", _FRAMED),
            ("Cisco-AVPair", "service-type=Framed"),
            ("Framed-MTU", _WIRELESS_MTU),
            ("Cisco-AVPair", f"audit-session-id={self.session}"),
            ("Cisco-AVPair", "method=dot1x"),
            ("Cisco-AVPair", f"cisco-wlan-ssid={self.ssid}"),
            ("Cisco-AVPair", f"wlan-profile-name={self.ssid}"),
            *nas_address(self.nas_address),
            ("NAS-Identifier", self.nas_identifier),
            ("NAS-Port-Type", _WIRELESS),
            ("NAS-Port", self.nas_port),
            ("Called-Station-Id", f"{mac(self.access_point)}:{self.ssid}"),
            ("Calling-Station-Id", mac(self.mac)),
            ("Airespace-Wlan-Id", self.wlan),
        )


def authenticate_mab(client: RadiusClient, port: WiredPort, *, sign: bool = True) -> Reply:
    """Send a MAB request: the MAC, bare and in lower case, as User-Name and as PAP password."""
    bare = mac(port.mac, separator="").lower()
    encoded = attributes.encode((("User-Name", bare), *port.mab()))
    return client.exchange(client.access_request(encoded, password=bare, sign=sign))
