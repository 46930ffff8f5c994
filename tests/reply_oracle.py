"""What rlm_python3 and FreeRADIUS 3.2 make of a hook's result: freeradius.md sections 2.3, 2.4 and 8, and RFCs.

Written without looking at the encoder, so that the two can be compared: `check` fails on whatever would be skipped,
cut, zeroed or lost; `wire` is what has to stand in the packet.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

LARGEST = 4096  # RFC 2865 section 3
HEADER, SIGNATURE = 20, 18  # RFC 2865 section 3, RFC 3579 section 3.2


class Known(NamedTuple):
    """An attribute: vendor (0: none), number, the dictionary's type, whether it has a tag, names of values."""

    vendor: int
    number: int
    type: str
    tagged: bool = False
    names: Mapping[str, int] = {}
    format: tuple[int, int, int] = (1, 1, 0)  # bytes of a vendor's number, its length, and WiMAX's flag


# Every attribute of this project that is sent. RFC 2865, 2868, 2869, 4675, 4849, 2548; the vendors' dictionaries.
SENT = {
    "Filter-Id": Known(0, 11, "string"),
    "Reply-Message": Known(0, 18, "string"),
    "State": Known(0, 24, "octets"),
    "Class": Known(0, 25, "octets"),
    "Session-Timeout": Known(0, 27, "integer"),
    "Idle-Timeout": Known(0, 28, "integer"),
    "Termination-Action": Known(0, 29, "integer", names={"Default": 0, "RADIUS-Request": 1}),
    "Egress-VLANID": Known(0, 56, "integer"),
    "Egress-VLAN-Name": Known(0, 58, "string"),
    "Tunnel-Type": Known(0, 64, "integer", True, {"ESP": 9, "VLAN": 13}),
    "Tunnel-Medium-Type": Known(0, 65, "integer", True, {"IEEE-802": 6}),
    "EAP-Message": Known(0, 79, "octets"),
    "Message-Authenticator": Known(0, 80, "octets"),
    "Tunnel-Private-Group-Id": Known(0, 81, "string", True),
    "NAS-Filter-Rule": Known(0, 92, "string"),
    "Cisco-AVPair": Known(9, 1, "string"),
    "HP-Captive-Portal-URL": Known(11, 24, "string"),
    "HP-User-Role": Known(11, 25, "string"),
    "HP-CPPM-Role": Known(11, 27, "string"),
    "HP-Nas-Filter-Rule": Known(11, 61, "string"),
    "HP-Nas-Rules-IPv6": Known(11, 63, "integer"),
    "HP-Egress-VLANID": Known(11, 64, "integer"),
    "HP-Egress-VLAN-Name": Known(11, 65, "string"),
    "MS-MPPE-Send-Key": Known(311, 16, "octets"),
    "MS-MPPE-Recv-Key": Known(311, 17, "octets"),
    "Juniper-Firewall-filter-name": Known(2636, 44, "string"),
    "Juniper-Switching-Filter": Known(2636, 48, "string"),
    "Juniper-VoIP-Vlan": Known(2636, 49, "string"),
    "Juniper-CWA-Redirect": Known(2636, 50, "string"),
    "ASA-Simultaneous-Logins": Known(3076, 2, "integer"),
    "ASA-Group-Policy": Known(3076, 25, "string"),
    "ASA-VLAN": Known(3076, 140, "integer"),
    "ASA-Address-Pools": Known(3076, 217, "string"),
    "ASA-IPv6-VPN-Filter": Known(3076, 219, "string"),
    "Fortinet-Group-Name": Known(12356, 1, "string"),
    "Airespace-Interface-Name": Known(14179, 5, "string"),
    "Airespace-ACL-Name": Known(14179, 6, "string"),
    "Aruba-User-Role": Known(14823, 1, "string"),
    "Aruba-User-Vlan": Known(14823, 2, "integer"),
    "Aruba-Named-User-Vlan": Known(14823, 9, "string"),
    "Aruba-CPPM-Role": Known(14823, 23, "string"),
    "Aruba-Captive-Portal-URL": Known(14823, 43, "string"),
    "Aruba-Device-Traffic-Class": Known(14823, 63, "integer"),
    "Ruckus-User-Groups": Known(25053, 1, "string"),
    "Ruckus-VLAN-ID": Known(25053, 9, "integer"),
    "PaloAlto-User-Group": Known(25461, 5, "string"),
}
_NOT_ZERO = {"Session-Timeout", "Idle-Timeout"}  # 0 means "no limit" to some devices
# Never in a packet: FreeRADIUS's own and ours (dictionary.mdm).
RESPONSE = {"Access-Accept": 2, "Access-Challenge": 11, "Access-Reject": 3, "Do-Not-Respond": 256}
_STAYS = re.compile(r"MDM(-[A-Z][A-Za-z]*)+")
_WIDTHS = {"byte": 1, "short": 2, "integer": 4, "integer64": 8}


def check(given_back: Any, others: Mapping[str, Known] | None = None) -> None:
    """Everything rlm_python3 wants of the dictionary it gets. `others`: attributes beside those of SENT."""
    known = {**SENT, **(others or {})}
    assert type(given_back) is dict  # exact types only
    for name, pairs in given_back.items():
        assert type(name) is str
        assert name in {"reply", "config"}  # an unknown key is ignored
        assert type(pairs) is tuple  # with a list the whole list is skipped
        for pair in pairs:
            assert type(pair) is tuple
            assert len(pair) == 3  # without an operator a second Cisco-AVPair vanishes
            assert all(type(part) is str for part in pair)
            assert pair[1] in {":=", "+=", "!*"}  # `=`, `==`, `-=` and unknown ones do something else
            _check_value(*pair, known)
        values = [pair for pair in pairs if pair[1] != "!*"]
        left = applied(pairs)
        assert left == [(name, value) for name, _, value in values], "a value is replaced by a later one"
    reply = given_back.get("reply", ())
    sent = wire(reply, known)
    assert all(len(value) <= 253 for _, value in sent)
    assert HEADER + SIGNATURE + sum(len(value) + 2 for _, value in sent) <= LARGEST


def applied(pairs: Sequence[tuple[str, str, str]]) -> list[tuple[str, str]]:
    """The list that FreeRADIUS makes: `:=` replaces the first of a name whatever its tag (section 2.4)."""
    made: list[tuple[str, str]] = []
    for full_name, operator, value in pairs:
        name = full_name.partition(":")[0]
        same = [at for at, (other, _) in enumerate(made) if other.partition(":")[0] == name]
        if operator == "!*":
            made = [pair for at, pair in enumerate(made) if at not in same]
        elif operator == ":=" and same:
            made[same[0]] = (full_name, value)
        else:
            made.append((full_name, value))
    return made


def _check_value(full_name: str, operator: str, value: str, known: Mapping[str, Known]) -> None:
    name, colon, tag = full_name.partition(":")
    attribute = known.get(name)
    if attribute is None:
        assert name == "Response-Packet-Type" or _STAYS.fullmatch(name), f"{name}: an unknown name is skipped"
        attribute = Known(0, 3600, "integer" if name == "MDM-Record-Age" else "string")
        if name == "Response-Packet-Type":
            attribute = Known(0, 1080, "integer", names=RESPONSE)
    if colon:  # a list prefix is ignored; a tag goes on tunnel attributes alone
        assert attribute.tagged
        assert re.fullmatch("[0-9]|[12][0-9]|3[01]", tag)
    if operator == "!*":
        return
    assert bool(colon) is attribute.tagged, "without a tag any tag is meant, -128"
    octets = parsed(attribute, value)  # what does not parse is added as zero
    assert octets, f"{name}: an empty value is not sent"
    assert not (name in _NOT_ZERO and octets == bytes(4))
    if attribute.type == "string":
        octets.decode("utf-8")  # else the next hook is not called at all
        assert not re.search(rb"[\x00-\x1f\x7f]", octets)  # cut at NUL
    # A value that is too long is cut: an attribute has 255 bytes, headers and tag among them.
    header = 2 + (4 + sum(attribute.format) if attribute.vendor else 0)
    tag_byte = 1 if attribute.tagged and attribute.type == "string" and tag not in ("", "0") else 0
    assert header + tag_byte + len(octets) <= 255
    if attribute.tagged and attribute.type == "integer" and tag not in ("", "0"):
        assert octets[0] == 0  # RFC 2868 section 3: the tag takes the place of the first byte


def parsed(attribute: Known, value: str) -> bytes:
    """The octets that FreeRADIUS makes of the text; AssertionError for text that it takes for something else."""
    value.encode("utf-8", "strict")  # a lone surrogate is dropped
    match attribute.type:
        case "string":
            return unescaped(value).encode()
        case "octets":
            assert re.fullmatch("0x(?:[0-9a-fA-F]{2})+", value)  # other text is taken as it is
            return bytes.fromhex(value[2:])
        case "ipaddr":
            return ipaddress.IPv4Address(value).packed
        case "ipv6addr":
            return ipaddress.IPv6Address(value).packed
        case "ipv4prefix":
            address, _, length = value.partition("/")
            return bytes([0, int(length)]) + ipaddress.IPv4Address(address).packed
        case "ipv6prefix":
            address, _, length = value.partition("/")
            return bytes([0, int(length)]) + ipaddress.IPv6Address(address).packed
        case "ether":
            assert re.fullmatch("[0-9a-f]{2}(:[0-9a-f]{2}){5}", value)
            return bytes.fromhex(value.replace(":", ""))
        case "ifid":
            parts = value.split(":")
            assert len(parts) == 4
            return b"".join(int(part, 16).to_bytes(2, "big") for part in parts)
    width = _WIDTHS[attribute.type]
    if re.fullmatch("0|[1-9][0-9]*", value):
        number = int(value)
    else:
        assert value in attribute.names  # an unknown name becomes 0
        assert not re.fullmatch("(?i)[0-9]+|0x[0-9a-f]+", value)  # such a name is read as a number
        number = attribute.names[value]
    return number.to_bytes(width, "big")  # OverflowError: it wraps


def unescaped(value: str) -> str:
    """A value read as a double-quoted string: `\\n`, `\\r`, `\\t`, `\\\\`, `\\"` and three digits are escapes."""
    found, at = [], 0
    while at < len(value):
        sign = value[at]
        at += 1
        if sign == "\\":
            assert at < len(value), "a value that ends in one backslash is dropped"
            escape = re.compile(r'[rnt\\"]|[0-9]{3}').match(value, at)
            if escape:
                at = escape.end()
                text = escape[0]
                sign = {"r": "\r", "n": "\n", "t": "\t"}.get(text) or (chr(int(text, 8)) if len(text) == 3 else text)
        found.append(sign)
    return "".join(found)


def wire(pairs: Sequence[tuple[str, str, str]], known: Mapping[str, Known] = SENT) -> list[tuple[int, bytes]]:
    """The attributes that have to be in the packet, as (number, octets), Message-Authenticator left out.

    RFC 2865 section 5.26 for vendors', RFC 2868 section 3 for tags, RFC 4849 section 2 for NAS-Filter-Rule, whose rules
    are put together with a zero byte between two. Encrypted ones have the right length only.
    """
    sent: list[tuple[int, bytes]] = []
    rules: list[bytes] = []
    for full_name, value in (*applied(pairs), ("", "")):
        name, _, tag = full_name.partition(":")
        attribute = known.get(name)
        if name == "NAS-Filter-Rule":
            rules.append(unescaped(value).encode())
            continue
        if rules:
            text = b"\0".join(rules)
            sent += [(92, text[at : at + 253]) for at in range(0, len(text), 253)]
            rules = []
        if attribute is None or name == "Message-Authenticator":
            continue
        octets = parsed(attribute, value)
        if attribute.tagged and tag not in ("", "0"):
            octets = bytes([int(tag)]) + (octets if attribute.type == "string" else octets[1:])
        if name.startswith("MS-MPPE-"):
            octets = bytes(2 + -(-(len(octets) + 1) // 16) * 16)
        if attribute.vendor:
            octets = _vendors(attribute, octets)
            sent.append((26, attribute.vendor.to_bytes(4, "big") + octets))
        else:
            sent.append((attribute.number, octets))
    return sent


def _vendors(attribute: Known, octets: bytes) -> bytes:
    """The vendor's own header: 1+1 bytes usually, 2+1 (Lucent), 4+0 (USR), and 1+1+1 with WiMAX's flag."""
    number, length, flag = attribute.format
    total = sum(attribute.format) + len(octets)
    return (
        attribute.number.to_bytes(number, "big")
        + (total.to_bytes(length, "big") if length else b"")
        + bytes(flag)
        + octets
    )
