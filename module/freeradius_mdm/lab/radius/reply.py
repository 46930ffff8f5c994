"""What a RADIUS server answered, as one value."""

from __future__ import annotations

from dataclasses import dataclass

from freeradius_mdm.lab.radius import attributes, eap, wire
from freeradius_mdm.lab.radius.attributes import Attribute, Value
from freeradius_mdm.lab.radius.eap import EapCode
from freeradius_mdm.lab.radius.errors import EapError
from freeradius_mdm.lab.radius.wire import Code, WirePacket

_MPPE_KEYS = {"MS-MPPE-Send-Key", "MS-MPPE-Recv-Key"}


@dataclass(frozen=True, slots=True)
class Reply:
    """A genuine reply: Response Authenticator and Message-Authenticator, where it had one, were right.

    `attributes` stand in wire order, see `Attribute` for their values. `eap_code` is the code of the EAP
    packet inside (None without one, or with one that is malformed); it may contradict `code`, which is what a
    test wants to see. `length` is the packet's length in octets.
    """

    code: Code
    attributes: tuple[Attribute, ...]
    eap_code: EapCode | None
    has_mppe_keys: bool
    has_message_authenticator: bool
    message_authenticator_first: bool
    length: int

    @property
    def accepted(self) -> bool:
        """Whether the network device would open the port: an Access-Accept, whatever EAP says."""
        return self.code is Code.ACCESS_ACCEPT

    def values(self, name: str, tag: int | None = None) -> tuple[Value, ...]:
        """Every value of an attribute in wire order; with `tag`, those that bear it."""
        return tuple(at.value for at in self.attributes if at.name == name and tag in (None, at.tag))

    def value(self, name: str, tag: int | None = None) -> Value | None:
        """The first value of an attribute, or None."""
        return next(iter(self.values(name, tag)), None)


def decode(packet: WirePacket) -> Reply:
    """Turn a verified packet into a Reply."""
    decoded = tuple(attributes.decode(key, raw) for key, raw in packet.attributes)
    return Reply(
        code=packet.code,
        attributes=decoded,
        eap_code=_eap_code(packet.eap_message),
        has_mppe_keys={at.name for at in decoded} >= _MPPE_KEYS,
        has_message_authenticator=bool(packet.values(wire.MESSAGE_AUTHENTICATOR)),
        message_authenticator_first=wire.signature_is_first(packet),
        length=len(packet.octets),
    )


def _eap_code(octets: bytes) -> EapCode | None:
    try:
        return eap.decode(octets).code if octets else None
    except EapError:
        return None
