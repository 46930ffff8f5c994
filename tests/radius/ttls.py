"""An EAP-TTLS supplicant that puts whatever attributes it likes into its tunnel (RFC 5281), which eapol_test can't."""

from __future__ import annotations

import ssl
import struct
from pathlib import Path

from freeradius_mdm.lab.radius import attributes, eap, fragments, reply
from freeradius_mdm.lab.radius.attributes import Attributes
from freeradius_mdm.lab.radius.client import RadiusClient
from freeradius_mdm.lab.radius.eap import EapCode, EapPacket, EapType
from freeradius_mdm.lab.radius.fragments import Flags, Fragment, Reassembly
from freeradius_mdm.lab.radius.reply import Reply
from freeradius_mdm.lab.radius.wire import STATE, Code

TTLS = 21
_MANDATORY, _VENDOR = 0x40, 0x80


def avp(number: int, value: bytes, vendor: int = 0) -> bytes:
    """One attribute inside the tunnel: RFC 5281 section 10.1, padded to four octets."""
    head = 12 if vendor else 8
    flags = _MANDATORY | (_VENDOR if vendor else 0)
    octets = struct.pack("!II", number, flags << 24 | head + len(value))
    octets += struct.pack("!I", vendor) if vendor else b""
    octets += value
    return octets + bytes(-len(octets) % 4)


def pap(user: str, password: str) -> bytes:
    """RFC 5281 section 11.2.5: the password is padded to a multiple of 16 octets."""
    secret = password.encode()
    return avp(1, user.encode()) + avp(2, secret + bytes(-len(secret) % 16))


class _Tunnel:
    """TLS 1.2 through memory; once it stands, `inner` is sent, once."""

    def __init__(self, ca_file: Path, inner: bytes) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.load_verify_locations(ca_file)
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing)
        self._inner = inner
        self._reassembly = Reassembly()
        self._to_send: list[Fragment] = []

    def respond(self, fragment: Fragment) -> Fragment:
        if self._to_send:
            return self._to_send.pop(0)
        flight = b"" if Flags.START in fragment.flags else self._reassembly.add(fragment)
        if flight is None:
            return Fragment()
        self._incoming.write(flight)
        try:
            self._tls.do_handshake()
            self._tls.write(self._inner)
            self._inner = b""
        except ssl.SSLWantReadError:
            pass
        first, *self._to_send = fragments.split(self._outgoing.read(), 1200)
        return first


def authenticate(client: RadiusClient, ca_file: Path, sent: Attributes, inner: bytes) -> Reply:
    """One authentication; `sent` by the network device, `inner` by the supplicant inside its tunnel."""
    tunnel = _Tunnel(ca_file, inner)
    encoded = attributes.encode((("User-Name", "anonymous"), *sent))
    response, state = EapPacket(EapCode.RESPONSE, 0, EapType.IDENTITY, b"anonymous"), None
    for _ in range(50):
        request = client.access_request(encoded, eap_message=response.encode(), state=state)
        answer = client.exchange_wire(request)
        if answer.code is not Code.ACCESS_CHALLENGE:
            return reply.decode(answer)
        asked = eap.decode(answer.eap_message)
        if asked.type == TTLS:
            data = tunnel.respond(fragments.decode(asked.data)).encode()
            response = EapPacket(EapCode.RESPONSE, asked.identifier, TTLS, data)
        else:
            response = EapPacket(EapCode.RESPONSE, asked.identifier, EapType.NAK, bytes([TTLS]))
        state = next(iter(answer.values(STATE)), None)
    raise AssertionError("no end after 50 round trips")
