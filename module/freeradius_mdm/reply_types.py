"""Every attribute that can be sent, with its type, by the name that FreeRADIUS 3.2.1 and later knows it by.

The numbers are those of RFC 2865, 2868, 3579, 4675, 4849 and of the vendors; a test compares the table with
FreeRADIUS's dictionary, and so does radiusd at start. Standard library only: radiusd imports this.
"""

from __future__ import annotations

from collections.abc import Mapping

from .attribute_type import Form, Type
from .dictionaries import Dictionary
from .free_attributes import FreeAttribute, free_type, parse_free

__all__ = ["TYPES", "Form", "FreeAttribute", "Type", "disagreements", "free_type", "parse_free"]

_CISCO, _ASA, _AIRESPACE, _MICROSOFT = 9, 3076, 14179, 311
_ARUBA, _HP, _JUNIPER, _RUCKUS, _FORTINET, _PALO_ALTO = 14823, 11, 2636, 25053, 12356, 25461
_SECONDS = range(1, 2**31)  # 0 means "no limit" to some devices
_VLAN_IDS = range(1, 4095)


def _text(number: int, vendor: int = 0) -> Type:
    return Type(Form.TEXT, number, vendor, *_vendor_sizes(vendor))


def _octets(number: int, vendor: int = 0) -> Type:
    return Type(Form.OCTETS, number, vendor, *_vendor_sizes(vendor))


def _number(number: int, numbers: range, vendor: int = 0) -> Type:
    return Type(Form.NUMBER, number, vendor, *_vendor_sizes(vendor), numbers=numbers)


def _key(number: int) -> Type:
    """Encrypted: salt and blocks of 16 bytes with the length in the first have to fit (RFC 2548 section 2.4.2)."""
    return Type(Form.OCTETS, number, _MICROSOFT, size=8, longest=239)


def _named(number: int, names: Mapping[str, int], *, tagged: bool = False) -> Type:
    return Type(Form.NUMBER, number, names=names, tagged=tagged)


def _vendor_sizes(vendor: int) -> tuple[int, int]:
    """Header and longest value: all of these vendors have one byte each for number and length (RFC 2865, 5.26)."""
    return (8, 247) if vendor else (2, 253)


_OWN = Type(size=0)
TYPES: Mapping[str, Type] = {
    "Tunnel-Type": _named(64, {"ESP": 9, "VLAN": 13}, tagged=True),
    "Tunnel-Medium-Type": _named(65, {"IEEE-802": 6}, tagged=True),
    "Tunnel-Private-Group-Id": Type(Form.TEXT, 81, longest=252, tagged=True),
    "Filter-Id": _text(11),
    "Reply-Message": _text(18),
    "Class": _octets(25),
    "Session-Timeout": _number(27, _SECONDS),
    "Idle-Timeout": _number(28, _SECONDS),
    "Termination-Action": _named(29, {"Default": 0, "RADIUS-Request": 1}),
    "Egress-VLANID": _number(56, range(2**32)),
    "Egress-VLAN-Name": _text(58),
    "NAS-Filter-Rule": _text(92),
    "Cisco-AVPair": _text(1, _CISCO),
    "Airespace-Interface-Name": _text(5, _AIRESPACE),
    "Airespace-ACL-Name": _text(6, _AIRESPACE),
    "ASA-Simultaneous-Logins": _number(2, range(2**31), _ASA),
    "ASA-Group-Policy": _text(25, _ASA),
    "ASA-VLAN": _number(140, _VLAN_IDS, _ASA),
    "ASA-Address-Pools": _text(217, _ASA),
    "ASA-IPv6-VPN-Filter": _text(219, _ASA),
    "Aruba-User-Role": _text(1, _ARUBA),
    "Aruba-User-Vlan": _number(2, _VLAN_IDS, _ARUBA),
    "Aruba-Named-User-Vlan": _text(9, _ARUBA),
    "Aruba-CPPM-Role": _text(23, _ARUBA),
    "Aruba-Captive-Portal-URL": _text(43, _ARUBA),
    "Aruba-Device-Traffic-Class": _number(63, range(2), _ARUBA),
    "HP-Captive-Portal-URL": _text(24, _HP),
    "HP-User-Role": _text(25, _HP),
    "HP-CPPM-Role": _text(27, _HP),
    "HP-Nas-Filter-Rule": _text(61, _HP),
    "HP-Nas-Rules-IPv6": _number(63, range(1, 3), _HP),
    "HP-Egress-VLANID": _number(64, range(2**32), _HP),
    "HP-Egress-VLAN-Name": _text(65, _HP),
    "Juniper-Firewall-filter-name": _text(44, _JUNIPER),
    "Juniper-Switching-Filter": _text(48, _JUNIPER),
    "Juniper-VoIP-Vlan": _text(49, _JUNIPER),
    "Juniper-CWA-Redirect": _text(50, _JUNIPER),
    "Ruckus-User-Groups": _text(1, _RUCKUS),
    "Ruckus-VLAN-ID": _number(9, _VLAN_IDS, _RUCKUS),
    "Fortinet-Group-Name": _text(1, _FORTINET),
    "PaloAlto-User-Group": _text(5, _PALO_ALTO),
    # EAP's own, to turn a success into a failure, and what a dACL download's packets need.
    "EAP-Message": _octets(79),
    "Message-Authenticator": _octets(80),
    "State": _octets(24),
    "MS-MPPE-Send-Key": _key(16),
    "MS-MPPE-Recv-Key": _key(17),
    # Control list.
    "Response-Packet-Type": Type(
        Form.NUMBER,
        1080,
        size=0,
        names={"Access-Accept": 2, "Access-Challenge": 11, "Access-Reject": 3, "Do-Not-Respond": 256},
    ),
    "MDM-Decision-Id": _OWN,
    "MDM-Device-Register-Status": _OWN,
    "MDM-Device-Compliant-Status": _OWN,
    "MDM-Managed": _OWN,
    "MDM-Server-Reachable": _OWN,
    "MDM-Server-Name": _OWN,
    "MDM-Record-Source": _OWN,
    "MDM-Record-Age": Type(Form.NUMBER, size=0, numbers=range(2**31)),
    "MDM-Identity-Source": _OWN,
    "MDM-Identity-Proven": _OWN,
    "MDM-Rule": _OWN,
    "MDM-Authorization-Profile": _OWN,
    "MDM-Exemption": _OWN,
    "MDM-Wait-Server": _OWN,
    "MDM-Wait-Kind": _OWN,
    "MDM-Wait-Value": _OWN,
    "MDM-Wait-Time": _OWN,
}


def disagreements(dictionary: Dictionary, types: Mapping[str, Type] = TYPES) -> list[str]:
    """One sentence for each attribute that this FreeRADIUS does not know as it is sent; a site can change any of it."""
    found = []
    for name, kind in types.items():
        known = dictionary.attributes.get(name)
        if known is None:
            found.append(f"{name} is missing")
            continue
        type_ = {"short": "integer", "byte": "integer"}.get(known.type, known.type)
        if type_ != kind.form:
            found.append(f"{name} is of type {known.type} instead of {kind.form}")
        if known.newer_name:
            found.append(f"{name} has got the other name {known.newer_name}")
        if known.overlaid_by:
            found.append(f"{name} has the number of {known.overlaid_by}, which is of another type")
        if known.tagged is not kind.tagged:
            found.append(f"{name} has {'a' if known.tagged else 'no'} tag")
        if known.sent is not bool(kind.size):
            found.append(f"{name} {'is' if known.sent else 'is never'} sent")
        elif kind.size and (known.number, known.vendor) != (kind.number, kind.vendor):
            found.append(f"{name} is number {known.number} of vendor {known.vendor}")
        for value, number in (kind.names or {}).items():
            if known.values.printed.get(number) != value:
                found.append(
                    f"{name} has {known.values.printed.get(number, 'no name')} for {number} instead of {value}"
                )
    return found
