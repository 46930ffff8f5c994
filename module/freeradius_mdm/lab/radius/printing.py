"""A reply in readable form: one head line, then one line for each attribute in wire order."""

from __future__ import annotations

from freeradius_mdm.lab.radius.attributes import Attribute, value_name
from freeradius_mdm.lab.radius.reply import Reply
from freeradius_mdm.lab.radius.supplicant import EapTlsResult

_NO_AUTHORIZATION = {"EAP-Message", "Message-Authenticator", "MS-MPPE-Send-Key", "MS-MPPE-Recv-Key", "State"}
_KEYS = {"MS-MPPE-Send-Key", "MS-MPPE-Recv-Key", "Tunnel-Password"}


def reply_text(reply: Reply) -> str:
    """The whole reply; keys and passwords are shown by their length only."""
    signature = "no Message-Authenticator"
    if reply.has_message_authenticator:
        place = "first attribute" if reply.message_authenticator_first else "not the first attribute"
        signature = f"Message-Authenticator right, {place}"
    head = f"{reply.code}, {reply.length} octets, {signature}"
    return "\n".join([head, *(f"    {attribute_text(at)}" for at in reply.attributes)])


def authorization_text(reply: Reply) -> str:
    """What a device was given, without the signatures and keys around it."""
    shown = [attribute_text(at) for at in reply.attributes if at.name not in _NO_AUTHORIZATION]
    return "\n".join([str(reply.code), *(f"    {line}" for line in shown)])


def result_text(result: EapTlsResult) -> str:
    """One line about EAP and TLS, then the reply."""
    words = [
        str(result.eap_code or "no EAP in the reply"),
        result.tls_version or "TLS not established",
        "resumed" if result.resumed else "full handshake",
        f"{result.round_trips} round trips",
        f"{result.seconds * 1000:.1f} ms",
    ]
    if result.tls_error is not None:
        words.append(f"TLS error: {result.tls_error}")
    if result.contradictory:
        words.append("RADIUS and EAP contradict each other")
    return f"{', '.join(words)}\n{reply_text(result.reply)}"


def attribute_text(attribute: Attribute) -> str:
    """`Tunnel-Type:1 = VLAN (13)`, `Cisco-AVPair = "..."`, `Class = 0x4c4142 "LAB"`."""
    name = attribute.name if attribute.tag is None else f"{attribute.name}:{attribute.tag}"
    value = attribute.value
    if isinstance(value, bytes):
        return f"{name} = {_octets_text(attribute.name, value)}"
    if isinstance(value, int):
        known = value_name(attribute.name, value)
        return f"{name} = {value}" if known is None else f"{name} = {known} ({value})"
    return f'{name} = "{printable(value)}"'


def _octets_text(name: str, value: bytes) -> str:
    if name in _KEYS:
        return f"({len(value)} octets, not shown)"
    readable = value.isascii() and value.decode("ascii").isprintable() and value
    return f"0x{value.hex()}" + (f' "{value.decode()}"' if readable else "")


def printable(text: str) -> str:
    """A server must not be able to send escape sequences to a terminal."""
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text)
