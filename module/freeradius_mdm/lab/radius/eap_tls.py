"""The peer's side of EAP-TLS, without any network: EAP requests in, EAP responses out.

RFC 3748 (EAP), RFC 5216 (EAP-TLS), RFC 9190 (with TLS 1.3).
"""

from __future__ import annotations

from freeradius_mdm.lab.radius import fragments
from freeradius_mdm.lab.radius.eap import EapCode, EapPacket, EapType
from freeradius_mdm.lab.radius.errors import EapError, RequestError
from freeradius_mdm.lab.radius.fragments import Flags, Fragment, Reassembly
from freeradius_mdm.lab.radius.tls import Handshake

COMMITMENT = b"\x00"
"""RFC 9190 section 2.5: a server that will send no more handshake messages says so with this octet."""

SMALLEST_FRAGMENT, LARGEST_FRAGMENT = 16, 3000
"""Octets of TLS data in one EAP packet.

More may not fit into a RADIUS packet of 4096 octets; with less than about 40, FreeRADIUS 3.2.1 ends the conversation
after 50 round trips with an Access-Reject that holds no EAP.
"""


class EapTlsPeer:
    """One device's EAP conversation: `begin`, then `respond` to each request, then `check_success`.

    `fragment_size` limits the TLS data of each packet we send, in octets, without EAP's and EAP-TLS's own
    headers.
    """

    def __init__(self, identity: str, handshake: Handshake, fragment_size: int = 1300) -> None:
        if not SMALLEST_FRAGMENT <= fragment_size <= LARGEST_FRAGMENT:
            raise RequestError(f"fragment_size {fragment_size}: allowed are {SMALLEST_FRAGMENT}..{LARGEST_FRAGMENT}")
        self._identity = identity.encode()
        self._handshake = handshake
        self._fragment_size = fragment_size
        self._to_send: list[Fragment] = []
        self._reassembly = Reassembly()
        self._tls_begun = False

    def begin(self) -> EapPacket:
        """The identity, which a network device asks for before it speaks to the server."""
        return EapPacket(EapCode.RESPONSE, 0, EapType.IDENTITY, self._identity)

    def respond(self, request: EapPacket) -> EapPacket:
        """Answer one EAP-Request. Raises EapError when it makes no sense at this point."""
        if request.code is not EapCode.REQUEST:
            raise EapError(f"{request.code} came where EAP-Request belongs")
        kind, data = self._answer(request)
        return EapPacket(EapCode.RESPONSE, request.identifier, kind, data)

    def check_success(self) -> None:
        """Raise EapError when EAP-Success came although TLS did not end well; a supplicant must refuse it."""
        if self._handshake.error is not None or not self._handshake.established:
            raise EapError("EAP-Success although TLS did not come to its end; a supplicant refuses that")
        if self._handshake.version == "TLSv1.3" and self._handshake.application_data != COMMITMENT:
            raise EapError("EAP-Success without the commitment octet of RFC 9190; a supplicant refuses that")

    def _answer(self, request: EapPacket) -> tuple[int, bytes]:
        match request.type:
            case EapType.IDENTITY:
                return EapType.IDENTITY, self._identity
            case EapType.NOTIFICATION:
                return EapType.NOTIFICATION, b""
            case EapType.TLS:
                return EapType.TLS, self._tls(fragments.decode(request.data)).encode()
        if self._tls_begun:
            raise EapError(f"the server changed to EAP type {request.type} in the middle of EAP-TLS")
        # RFC 3748 section 5.3.1: refuse the method offered, ask for ours.
        return EapType.NAK, bytes([EapType.TLS])

    def _tls(self, fragment: Fragment) -> Fragment:
        if Flags.START in fragment.flags:
            if self._tls_begun:
                raise EapError("a second EAP-TLS Start")
            self._tls_begun = True
            return self._flight(b"")
        if not self._tls_begun:
            raise EapError("EAP-TLS without its Start; is the server's state lost?")
        if self._to_send:
            if not fragment.is_acknowledgement:
                raise EapError("data came while our own fragments were not yet acknowledged")
            return self._to_send.pop(0)
        flight = self._reassembly.add(fragment)
        return Fragment() if flight is None else self._flight(flight)

    def _flight(self, received: bytes) -> Fragment:
        first, *self._to_send = fragments.split(self._handshake.step(received), self._fragment_size)
        return first
