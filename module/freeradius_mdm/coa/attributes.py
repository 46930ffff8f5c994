"""RADIUS attributes as octets: the ones that a CoA-Request or a Disconnect-Request of ours can hold.

pyrad is not used here: it groups attributes by name, so that it can't repeat a packet in the order it was stored, and
in the lab it plays the network device, where an implementation of its own is worth more.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from ..errors import MdmError

LONGEST_VALUE = 253  # octets, RFC 2865 section 5
_VENDOR_SPECIFIC = 26
_VENDOR_HEADER = 6  # vendor id, then the attribute's own type and length (RFC 2865 section 5.26)
_BY_NUMBER = re.compile(r"Attr-(?:26\.(?P<vendor>[0-9]{1,8})\.)?(?P<number>[0-9]{1,3})")
_LARGEST = 2**32 - 1


class PacketError(MdmError):
    """What shall be sent can't be written in RADIUS, or what came can't be read."""


class Kind(StrEnum):
    """How a value is written (RFC 2865 section 5, RFC 3162, RFC 2868 for the tag)."""

    TEXT = "text"
    INTEGER = "integer"
    DATE = "date"
    IPV4 = "ipv4"
    IPV6 = "ipv6"
    OCTETS = "octets"


@dataclass(frozen=True, slots=True)
class Definition:
    """An attribute's number and kind of value. `vendor`: 0 for none. `names`: those of numbers."""

    number: int
    kind: Kind = Kind.TEXT
    vendor: int = 0
    tagged: bool = False
    names: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute to send. `value`: text (addresses too), int, or octets; `tag` 1..31 for tunnel attributes."""

    name: str
    value: str | int | bytes
    tag: int | None = None


_CISCO, _HP, _JUNIPER, _ASA, _FORTINET = 9, 11, 2636, 3076, 12356
_AIRESPACE, _ARUBA, _RUCKUS, _PALOALTO = 14179, 14823, 25053, 25461
_INTEGER, _OCTETS = Kind.INTEGER, Kind.OCTETS

# RFC 2865, 2866, 2868, 2869, 3162, 3576, 4372; FreeRADIUS's dictionaries for the vendors'.
KNOWN: Mapping[str, Definition] = {
    "User-Name": Definition(1),
    "NAS-IP-Address": Definition(4, Kind.IPV4),
    "NAS-Port": Definition(5, _INTEGER),
    "Service-Type": Definition(6, _INTEGER, names={"Login-User": 1, "Framed-User": 2, "Authorize-Only": 17}),
    "Framed-IP-Address": Definition(8, Kind.IPV4),
    "Filter-Id": Definition(11),
    "Reply-Message": Definition(18),
    "State": Definition(24, _OCTETS),
    "Class": Definition(25, _OCTETS),
    "Session-Timeout": Definition(27, _INTEGER),
    "Idle-Timeout": Definition(28, _INTEGER),
    "Termination-Action": Definition(29, _INTEGER, names={"Default": 0, "RADIUS-Request": 1}),
    "Called-Station-Id": Definition(30),
    "Calling-Station-Id": Definition(31),
    "NAS-Identifier": Definition(32),
    "Acct-Session-Id": Definition(44),
    "Acct-Multi-Session-Id": Definition(50),
    "Event-Timestamp": Definition(55, Kind.DATE),
    "Tunnel-Type": Definition(64, _INTEGER, tagged=True, names={"VLAN": 13}),
    "Tunnel-Medium-Type": Definition(65, _INTEGER, tagged=True, names={"IEEE-802": 6}),
    "Message-Authenticator": Definition(80, _OCTETS),
    "Tunnel-Private-Group-Id": Definition(81, tagged=True),
    "NAS-Port-Id": Definition(87),
    "Chargeable-User-Identity": Definition(89, _OCTETS),
    "NAS-IPv6-Address": Definition(95, Kind.IPV6),
    "Error-Cause": Definition(101, _INTEGER),
    "Framed-IPv6-Address": Definition(168, Kind.IPV6),
    "Cisco-AVPair": Definition(1, vendor=_CISCO),
    "HP-Port-Bounce-Host": Definition(23, _INTEGER, _HP),
    "HP-User-Role": Definition(25, vendor=_HP),
    "Juniper-AV-Pair": Definition(52, vendor=_JUNIPER),
    "ASA-Group-Policy": Definition(25, vendor=_ASA),
    "ASA-VLAN": Definition(140, _INTEGER, _ASA),
    "Fortinet-Host-Port-AVPair": Definition(42, vendor=_FORTINET),
    "Fortinet-Group-Name": Definition(1, vendor=_FORTINET),
    "Airespace-ACL-Name": Definition(6, vendor=_AIRESPACE),
    "Aruba-User-Role": Definition(1, vendor=_ARUBA),
    "Aruba-Port-Bounce-Host": Definition(40, _INTEGER, _ARUBA),
    "Ruckus-User-Groups": Definition(1, vendor=_RUCKUS),
    "PaloAlto-User-Group": Definition(5, vendor=_PALOALTO),
}


def encode_all(attributes: Iterable[Attribute], known: Mapping[str, Definition] = KNOWN) -> bytes:
    """The octets of the attributes, in their order. Raises PacketError, which names the attribute."""
    return b"".join(encode(attribute, known) for attribute in attributes)


def encode(attribute: Attribute, known: Mapping[str, Definition] = KNOWN) -> bytes:
    """One attribute's octets. A name like `Attr-26.9.1` or `Attr-44` needs a value in octets. Raises PacketError."""
    definition = known.get(attribute.name) or _by_number(attribute)
    try:
        value = _value(attribute, definition)
    except (ValueError, OverflowError) as error:
        raise PacketError(f"{attribute.name} = {attribute.value!r} can't be sent: {error}; mend the value") from error
    room = LONGEST_VALUE - (_VENDOR_HEADER if definition.vendor else 0)
    if not 1 <= len(value) <= room:
        raise PacketError(f"{attribute.name}: {len(value)} octets, allowed are 1 to {room}; mend the value")
    own = bytes([definition.number, len(value) + 2]) + value
    if not definition.vendor:
        return own
    return bytes([_VENDOR_SPECIFIC, len(own) + _VENDOR_HEADER]) + definition.vendor.to_bytes(4, "big") + own


def _by_number(attribute: Attribute) -> Definition:
    found = _BY_NUMBER.fullmatch(attribute.name)
    if found is None or not 1 <= int(found["number"]) <= 255 or int(found["vendor"] or 0) > _LARGEST:
        raise PacketError(
            f"{attribute.name}: no attribute we know; write it by number with octets as its value, "
            "for example Attr-26.9.1 for vendor 9, attribute 1"
        )
    if not isinstance(attribute.value, bytes):
        raise PacketError(f"{attribute.name}: an attribute by number takes octets, not {attribute.value!r}")
    return Definition(int(found["number"]), Kind.OCTETS, int(found["vendor"] or 0))


def _value(attribute: Attribute, definition: Definition) -> bytes:
    value, tag = attribute.value, attribute.tag or 0
    if tag and (not definition.tagged or not 1 <= tag <= 31):
        raise ValueError(f"tag {tag} is not allowed here")
    octets = value if isinstance(value, bytes) else _written(value, definition)
    if not definition.tagged:
        return octets
    if definition.kind is Kind.INTEGER:
        # RFC 2868 section 3.1: the tag takes the first octet of a number.
        if len(octets) != 4 or octets[0]:
            raise ValueError("a tagged number has 24 bits")
        return bytes([tag]) + octets[1:]
    return bytes([tag]) + octets if tag else octets


def _written(value: str | int, definition: Definition) -> bytes:
    match definition.kind:
        case Kind.TEXT:
            return str(value).encode()
        case Kind.INTEGER | Kind.DATE:
            return _number(value, definition).to_bytes(4, "big")
        case Kind.IPV4:
            return ipaddress.IPv4Address(value).packed
        case Kind.IPV6:
            return ipaddress.IPv6Address(value).packed
        case Kind.OCTETS:
            text = str(value)
            return bytes.fromhex(text[2:]) if text.startswith("0x") else text.encode()


def _number(value: str | int, definition: Definition) -> int:
    if isinstance(value, str):
        named = (definition.names or {}).get(value)
        return int(value) if named is None else named
    return value
