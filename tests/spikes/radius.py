"""Just enough RADIUS to look at raw bytes: decode a packet, build a request, check a signature."""

from __future__ import annotations

import hashlib
import hmac
import os
import socket
import struct
from dataclasses import dataclass

SECRET = b"testing123"

REPLY = 18
ACCESS_REQUEST, ACCESS_ACCEPT, ACCESS_REJECT, ACCESS_CHALLENGE = 1, 2, 3, 11
CODE_NAMES: dict[int | tuple[int, int], str] = {
    1: "Access-Request",
    2: "Access-Accept",
    3: "Access-Reject",
    11: "Access-Challenge",
}
USER_NAME, USER_PASSWORD, STATE, EAP_MESSAGE, MESSAGE_AUTHENTICATOR = 1, 2, 24, 79, 80
EAP_NAMES = {1: "Request", 2: "Response", 3: "Success", 4: "Failure"}
MPPE: dict[int | tuple[int, int], str] = {(311, 16): "MS-MPPE-Send-Key", (311, 17): "MS-MPPE-Recv-Key"}
NAMES = {
    1: "User-Name",
    11: "Filter-Id",
    18: "Reply-Message",
    24: "State",
    27: "Session-Timeout",
    79: "EAP-Message",
    80: "Message-Authenticator",
    33: "Proxy-State",
    64: "Tunnel-Type",
    (9, 1): "Cisco-AVPair",
    **MPPE,
}


@dataclass(frozen=True)
class Packet:
    """A decoded packet. `attributes` keeps the order of the wire; a key is a number, or (vendor, number)."""

    code: int
    id: int
    attributes: tuple[tuple[int | tuple[int, int], bytes], ...]
    raw: bytes

    def all(self, key: int | tuple[int, int]) -> list[bytes]:
        return [value for number, value in self.attributes if number == key]

    @property
    def eap(self) -> str | None:
        """`Failure`, `Success`, ... of the EAP packet inside, or None."""
        message = b"".join(self.all(EAP_MESSAGE))
        return EAP_NAMES.get(message[0], "?") if message else None

    @property
    def names(self) -> list[str]:
        return [NAMES.get(number, str(number)) for number, _ in self.attributes]

    def __str__(self) -> str:
        return f"{CODE_NAMES.get(self.code, self.code)} [{', '.join(self.names)}] EAP={self.eap}"


def decode(raw: bytes) -> Packet:
    attributes: list[tuple[int | tuple[int, int], bytes]] = []
    at = 20
    while at < len(raw):
        number, length = raw[at], raw[at + 1]
        value = raw[at + 2 : at + length]
        if number == 26:
            vendor, kind = struct.unpack("!IB", value[:5])
            attributes.append(((vendor, kind), value[6:]))
        else:
            attributes.append((number, value))
        at += length
    return Packet(raw[0], raw[1], tuple(attributes), raw)


def request(attributes: list[tuple[int, bytes]], *, sign: bool = True, identifier: int = 1) -> bytes:
    """An Access-Request; User-Password (16 bytes at most) is hidden, Message-Authenticator last when `sign`.

    The password must be hidden rightly: one that the server decodes to bytes that are not UTF-8 keeps python
    from being called at all.
    """
    authenticator = os.urandom(16)
    body = b""
    for number, value in attributes:
        if number == USER_PASSWORD:
            pad = hashlib.md5(SECRET + authenticator).digest()  # noqa: S324 RFC 2865 section 5.2 has it so
            value = bytes(a ^ b for a, b in zip(value.ljust(16, b"\0"), pad, strict=True))
        body += bytes([number, len(value) + 2]) + value
    if sign:
        body += bytes([MESSAGE_AUTHENTICATOR, 18]) + bytes(16)
    head = struct.pack("!BBH", ACCESS_REQUEST, identifier, 20 + len(body)) + authenticator
    if sign:
        body = body[:-16] + hmac.new(SECRET, head + body, hashlib.md5).digest()
    return head + body


def signed_well(reply: bytes, asked: bytes) -> bool:
    """Whether the reply's Message-Authenticator is there and right for the request it answers."""
    at = 20
    while at < len(reply):
        if reply[at] == MESSAGE_AUTHENTICATOR:
            given = reply[at + 2 : at + 18]
            blank = reply[:4] + asked[4:20] + reply[20 : at + 2] + bytes(16) + reply[at + 18 :]
            return hmac.compare_digest(given, hmac.new(SECRET, blank, hashlib.md5).digest())
        at += reply[at + 1]
    return False


def exchange(port: int, raw: bytes, timeout: float = 3.0, source: str = "127.0.0.1") -> Packet | None:
    """Send the bytes to 127.0.0.1:port and wait for the answer; None when none comes in time."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((source, 0))
        sock.settimeout(timeout)
        try:
            sock.sendto(raw, ("127.0.0.1", port))
            return decode(sock.recv(4096))
        except TimeoutError:
            return None
