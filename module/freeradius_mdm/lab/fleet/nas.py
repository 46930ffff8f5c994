"""A switch of the fleet: its sessions, and how it takes CoA and Disconnect requests (RFC 5176).

What it gets is octets, which are verified and taken apart by the lab's network device with pyrad's parser; only threads
and sockets are not here. It knows a request again by sender, port, Identifier and Authenticator (section 2.3), unless
it is `forgetful`, which is a defect that the fleet has to notice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from pyrad import packet as pyrad_packet
from pyrad.packet import CoAPacket, PacketError

from ..radius import attributes, nas_request, nas_session
from ..radius.nas_request import Behaviour, Known, NasSettings
from ..radius.nas_session import EffectKind, ErrorCause, NasSession, Request
from .network import Address, Network

COA_PORT = 1700
_COMMANDS = {"reauthenticate": EffectKind.REAUTHENTICATED, "bounce-host-port": EffectKind.BOUNCED}


@dataclass(slots=True)
class Counts:
    """Datagrams, and what they came to."""

    received: int = 0
    duplicates: int = 0
    effects: int = 0
    naks: Counter[int] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)


class FleetNas:
    """`carry_out(kind, session)` is called once for each effect on a session, after the answer is on its way."""

    def __init__(
        self,
        address: str,
        secret: bytes,
        network: Network,
        wall: Callable[[], float],
        carry_out: Callable[[EffectKind, NasSession], None],
        counts: Counts,
        *,
        forgetful: bool = False,
    ) -> None:
        self.address = address
        self.sessions: list[NasSession] = []
        self._settings = NasSettings(secret, address, COA_PORT, (("NAS-IP-Address", address),))
        self._network = network
        self._wall = wall
        self._carry_out = carry_out
        self._counts = counts
        self._forgetful = forgetful
        self._known: dict[tuple[str, int, int], Known] = {}
        network.listen((address, COA_PORT), self)

    def received(self, octets: bytes, sender: Address) -> None:
        """A datagram."""
        self._counts.received += 1
        now = self._wall()
        try:
            request = CoAPacket(packet=octets, secret=self._settings.secret, dict=attributes.dictionary())
            why = nas_request.fault(request, self._settings, now)
        except (PacketError, IndexError) as error:
            why = f"malformed: {error}"
        if why:
            self._counts.dropped[why] += 1
            return
        key = (*sender, request.id)
        known = self._known.get(key)
        fresh = known is None or known.authenticator != request.authenticator
        if known is not None and not fresh and now - known.at <= self._settings.window and not self._forgetful:
            self._counts.duplicates += 1
            self._answer(known, sender)
            return
        known = self._known[key] = Known(request.authenticator, Behaviour(), now)
        outcome = self._outcome(request)
        cause = outcome if isinstance(outcome, int) else None
        known.answer = nas_request.reply(request, cause, nak=cause is not None)
        self._answer(known, sender)
        if isinstance(outcome, int):
            self._counts.naks[outcome] += 1
        else:
            self._counts.effects += 1
            self._carry_out(*outcome)

    def _answer(self, known: Known, sender: Address) -> None:
        if known.answer is not None:
            self._network.deliver(known.answer, (self.address, COA_PORT), sender)

    def _outcome(self, request: CoAPacket) -> tuple[EffectKind, NasSession] | int:
        decoded = [attributes.decode(key, raw) for key, values in request.items() for raw in values]
        sorted_ = Request.sort(decoded)
        found = nas_session.find(sorted_, self.sessions, self._settings.identity)
        if isinstance(found, int):
            return found
        if request.code == pyrad_packet.DisconnectRequest:
            return EffectKind.DISCONNECTED, found
        kind = _COMMANDS.get(nas_session.command(sorted_) or "")
        return ErrorCause.INVALID_VALUE if kind is None else (kind, found)
