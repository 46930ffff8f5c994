"""A supplicant and its network device in one: EAP-TLS over RADIUS from the identity to the verdict."""

from __future__ import annotations

import ssl
import time
from dataclasses import dataclass, field

from freeradius_mdm.lab.radius import attributes, eap, reply
from freeradius_mdm.lab.radius.attributes import Attributes
from freeradius_mdm.lab.radius.client import RadiusClient
from freeradius_mdm.lab.radius.eap import EapCode
from freeradius_mdm.lab.radius.eap_tls import EapTlsPeer
from freeradius_mdm.lab.radius.errors import EapError
from freeradius_mdm.lab.radius.reply import Reply
from freeradius_mdm.lab.radius.tls import Handshake, TlsProfile
from freeradius_mdm.lab.radius.wire import STATE, Code, WirePacket

_MOST_ROUND_TRIPS = 1000  # 64 KiB of certificates in fragments of 100 octets, and some


@dataclass(frozen=True, slots=True)
class EapTlsResult:
    """How one EAP-TLS authentication ended.

    `accepted` is RADIUS's word (Access-Accept), `eap_code` EAP's (Success, Failure, None when the reply has no EAP):
    they should agree, see `contradictory`. `tls_version` is `TLSv1.2` or `TLSv1.3`, or None when the handshake did not
    end. `tls_error` says why TLS failed; a server that refuses our certificate without a TLS alert, as FreeRADIUS 3.2.1
    does, leaves it None. `session` is for the next authentication with the same TlsProfile. `round_trips` counts RADIUS
    requests answered, `seconds` the whole time.
    """

    accepted: bool
    eap_code: EapCode | None
    tls_version: str | None
    tls_error: str | None
    resumed: bool
    reply: Reply
    round_trips: int
    seconds: float
    session: ssl.SSLSession | None = field(default=None, repr=False, compare=False)

    @property
    def contradictory(self) -> bool:
        """Access-Reject with EAP-Success, or Access-Accept without it: switch and device then disagree."""
        return self.accepted != (self.eap_code is EapCode.SUCCESS)


@dataclass(frozen=True, slots=True)
class EapTlsSupplicant:
    """Devices that share a certificate, behind one RADIUS client; use one for each thread.

    `fragment_size`: octets of TLS data in each packet we send, 16 to 3000.
    """

    client: RadiusClient
    profile: TlsProfile
    fragment_size: int = 1300

    def authenticate(
        self, identity: str, attributes_sent: Attributes, session: ssl.SSLSession | None = None
    ) -> EapTlsResult:
        """Authenticate once; `session` of an earlier result asks the server to resume.

        `attributes_sent` go with every request (see `access.py`), User-Name is added from `identity` (RFC
        3579 section 2.1). Raises NoReply, RequestError, and EapError when the server breaks the protocol.
        """
        began = time.monotonic()
        handshake = self.profile.handshake(session)
        peer = EapTlsPeer(identity, handshake, self.fragment_size)
        encoded = attributes.encode((("User-Name", identity), *attributes_sent))
        response, state = peer.begin(), None
        for round_trip in range(1, _MOST_ROUND_TRIPS + 1):
            request = self.client.access_request(encoded, eap_message=response.encode(), state=state)
            answer = self.client.exchange_wire(request)
            if answer.code is not Code.ACCESS_CHALLENGE:
                return _result(answer, peer, handshake, round_trip, time.monotonic() - began)
            response = peer.respond(eap.decode(answer.eap_message))
            state = next(iter(answer.values(STATE)), None)
        raise EapError(f"no end after {_MOST_ROUND_TRIPS} round trips; does the server lose its state between them?")


def _result(
    answer: WirePacket, peer: EapTlsPeer, handshake: Handshake, round_trips: int, seconds: float
) -> EapTlsResult:
    decoded = reply.decode(answer)
    if decoded.accepted and decoded.eap_code is EapCode.SUCCESS:
        peer.check_success()
    return EapTlsResult(
        accepted=decoded.accepted,
        eap_code=decoded.eap_code,
        tls_version=handshake.version,
        tls_error=handshake.error,
        resumed=handshake.resumed,
        reply=decoded,
        round_trips=round_trips,
        seconds=seconds,
        session=handshake.session if decoded.accepted else None,
    )
