"""EAP-TLS framing: flags, length, fragments (RFC 5216 section 3, RFC 9190 leaves it as it is)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag

from freeradius_mdm.lab.radius.errors import EapError

LARGEST_MESSAGE = 64 * 1024  # octets of one TLS flight we are willing to collect


class Flags(IntFlag):
    """The first octet behind the EAP type."""

    NONE = 0
    START = 0x20
    MORE = 0x40
    LENGTH = 0x80


@dataclass(frozen=True, slots=True)
class Fragment:
    """The type-data of one EAP-TLS packet. `total`: octets of the whole TLS flight, with the L bit only."""

    flags: Flags = Flags.NONE
    data: bytes = b""
    total: int | None = None

    @property
    def is_acknowledgement(self) -> bool:
        """Neither flags nor data: "go on" (RFC 5216 section 2.1.5)."""
        return not self.data and not self.flags

    def encode(self) -> bytes:
        """Flags, the four octets of the length if there is one, data."""
        length = b"" if self.total is None else self.total.to_bytes(4, "big")
        return bytes([self.flags]) + length + self.data


def decode(type_data: bytes) -> Fragment:
    """Read the type-data of an EAP-TLS packet; the reserved bits are ignored. Raises EapError."""
    if not type_data:
        raise EapError("an EAP-TLS packet without its flags octet")
    flags = Flags(type_data[0] & (Flags.START | Flags.MORE | Flags.LENGTH))
    if Flags.LENGTH not in flags:
        return Fragment(flags, type_data[1:])
    if len(type_data) < 5:
        raise EapError("an EAP-TLS packet with the L bit and no length behind it")
    return Fragment(flags, type_data[5:], int.from_bytes(type_data[1:5], "big"))


def split(message: bytes, size: int) -> list[Fragment]:
    """Cut a TLS flight into fragments of at most `size` octets; an empty flight is an acknowledgement.

    L goes with the first fragment and only when there are several, M with all but the last.
    """
    if len(message) <= size:
        return [Fragment(data=message)]
    parts = [message[at : at + size] for at in range(0, len(message), size)]
    first = Fragment(Flags.LENGTH | Flags.MORE, parts[0], len(message))
    return [first, *(Fragment(Flags.MORE, part) for part in parts[1:-1]), Fragment(data=parts[-1])]


class Reassembly:
    """Collects the fragments of one TLS flight after another."""

    def __init__(self) -> None:
        self._parts = bytearray()
        self._total: int | None = None

    def add(self, fragment: Fragment) -> bytes | None:
        """The whole flight when `fragment` is its last, None while more must follow.

        Raises EapError when the lengths contradict each other, a fragment that announces more is empty, or
        the flight is larger than LARGEST_MESSAGE.
        """
        if fragment.total is not None:
            if self._total not in (None, fragment.total):
                raise EapError(f"EAP-TLS length changed from {self._total} to {fragment.total} in one flight")
            self._total = fragment.total
        self._parts += fragment.data
        if max(len(self._parts), self._total or 0) > LARGEST_MESSAGE:
            raise EapError(f"a TLS flight of more than {LARGEST_MESSAGE} octets")
        if Flags.MORE in fragment.flags:
            if not fragment.data:
                raise EapError("an empty EAP-TLS fragment that announces more")
            return None
        if self._total not in (None, len(self._parts)):
            raise EapError(f"EAP-TLS length says {self._total}, {len(self._parts)} octets came")
        message = bytes(self._parts)
        self._parts.clear()
        self._total = None
        return message
