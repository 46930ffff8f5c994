"""A network device with live sessions that takes CoA and Disconnect requests (RFC 5176), built on pyrad.

It verifies what it gets, answers a duplicate from its cache without doing anything again, counts distinct requests
apart from their effects on sessions, and can be told to behave badly. It runs in a thread of its own.
"""

from __future__ import annotations

import select
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from pyrad import packet as pyrad_packet
from pyrad.packet import CoAPacket, PacketError

from freeradius_mdm.lab.radius import attributes, nas_request, nas_session
from freeradius_mdm.lab.radius.accounting import Status, TerminateCause, send
from freeradius_mdm.lab.radius.attributes import Attribute
from freeradius_mdm.lab.radius.client import RadiusClient
from freeradius_mdm.lab.radius.errors import LabRadiusError
from freeradius_mdm.lab.radius.nas_request import Behaviour, Known, Mood, NasSettings
from freeradius_mdm.lab.radius.nas_session import Effect, EffectKind, ErrorCause, NasSession, Refusal, Request
from freeradius_mdm.lab.radius.reply import Reply

_COMMANDS = {"reauthenticate": EffectKind.REAUTHENTICATED, "bounce-host-port": EffectKind.BOUNCED}


Authenticate = Callable[[NasSession], Reply]


class LabNas:
    """`authenticate` is called in the device's thread when a session shall authenticate again.

    `accounting` is used by this device alone. `received` counts every datagram, `distinct` every new genuine request,
    `duplicates` its copies, and `dropped` why others were dropped.
    """

    def __init__(
        self,
        settings: NasSettings,
        authenticate: Authenticate | None = None,
        accounting: RadiusClient | None = None,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.settings = settings
        self.behaviour = Behaviour()
        self.sessions: list[NasSession] = []
        self.effects: list[Effect] = []
        self.refusals: list[Refusal] = []
        self.received = self.distinct = self.duplicates = 0
        self.dropped: Counter[str] = Counter()
        self.requests: list[bytes] = []  # octets of every datagram
        self.failures: list[str] = []  # authentications and accounting that got no reply
        self._authenticate = authenticate
        self._accounting = accounting
        self._accounting_lock = threading.Lock()
        self._acting = threading.RLock()  # one thing at a time is done to sessions
        self._wall = wall
        self._known: dict[tuple[str, int, int], Known] = {}
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._bell: socket.socket | None = None
        self.port = settings.port

    def __enter__(self) -> Self:
        self.come_back()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.die()

    def come_back(self) -> None:
        """Listen, after the first time on the same port. Raises OSError when that is taken."""
        family = socket.AF_INET6 if ":" in self.settings.address else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_DGRAM)
        try:
            sock.bind((self.settings.address, self.port))
        except OSError:
            sock.close()
            raise
        self.port = sock.getsockname()[1]
        self._socket = sock
        self._bell, listening = socket.socketpair()
        self._thread = threading.Thread(target=self._serve, args=(sock, listening), name="lab-nas")
        self._thread.start()

    def die(self, *, forget: bool = False) -> None:
        """Stop listening; whoever sends gets a port unreachable. `forget`: sessions and kept answers are lost."""
        if self._thread is not None and self._bell is not None and self._socket is not None:
            self._bell.send(b"x")
            self._thread.join()
            self._bell.close()
            self._socket.close()
            self._thread = None
        if forget:
            self._known.clear()
            self.sessions.clear()

    def start(self, session: NasSession) -> NasSession:
        """A session begins: it is live, and accounting is told."""
        self.sessions.append(session)
        self._account(session, Status.START)
        return session

    def interim(self, session: NasSession, seconds: int = 0) -> None:
        """An interim update, `seconds` after the session began."""
        self._account(session, Status.INTERIM, seconds=seconds)

    def stop(self, session: NasSession, cause: TerminateCause = TerminateCause.USER_REQUEST) -> None:
        """A session ends."""
        with self._acting:
            if session in self.sessions:
                self.sessions.remove(session)
                self._account(session, Status.STOP, cause=cause)

    def timer_ended(self, session: NasSession) -> None:
        """Its Session-Timeout has come, with Termination-Action RADIUS-Request: it authenticates again."""
        with self._acting:
            if session in self.sessions and self._reauthenticate(session):
                self._account(session, Status.INTERIM)

    def effects_on(self, session: NasSession) -> list[EffectKind]:
        """What was done to one session, in order."""
        return [effect.kind for effect in self.effects if effect.session is session]

    def _serve(self, sock: socket.socket, bell: socket.socket) -> None:
        with bell:
            while True:
                ready, _, _ = select.select([sock, bell], [], [])
                if bell in ready:
                    return
                octets, sender = sock.recvfrom(65535)
                self.received += 1
                self.requests.append(octets)
                self._take(octets, sender, sock)

    def _take(self, octets: bytes, sender: Any, sock: socket.socket) -> None:
        try:
            request = CoAPacket(packet=octets, secret=self.settings.secret, dict=attributes.dictionary())
            why = nas_request.fault(request, self.settings, self._wall())
        except (PacketError, IndexError) as error:
            why = f"malformed: {error}"
        if why:
            self.dropped[why] += 1
            return
        now, key = self._wall(), (sender[0], sender[1], request.id)
        known = self._known.get(key)
        if known and known.authenticator == request.authenticator and now - known.at <= self.settings.window:
            known.copies += 1
            self.duplicates += 1
            self._answer(known, sock, sender)
            return
        self.distinct += 1
        known = self._known[key] = Known(request.authenticator, self.behaviour, now)
        after = self._decide(request, known)
        self._answer(known, sock, sender)
        if after is not None:
            with self._acting:
                after()

    def _decide(self, request: Any, known: Known) -> Callable[[], None] | None:
        """Make the answer, and note the effect; what takes time is handed back, to be done after the answer."""
        mood = known.behaviour.mood
        decoded = [attributes.decode(key, raw) for key, values in request.items() for raw in values]
        disconnect = request.code == pyrad_packet.DisconnectRequest
        outcome: tuple[Effect, Callable[[], None]] | int | None = known.behaviour.error_cause
        if mood not in (Mood.SILENT, Mood.NAK):
            outcome = self._outcome(decoded, disconnect=disconnect)
        if not isinstance(outcome, tuple):
            if mood is not Mood.SILENT:
                known.answer = nas_request.reply(request, outcome, nak=True)
            named = tuple(Request.sort(decoded).session)
            self.refusals.append(Refusal(disconnect, named, outcome, mood is Mood.SILENT))
            return None
        effect, after = outcome
        self.effects.append(effect)
        if mood is not Mood.MUTE:
            known.answer = nas_request.reply(request, None, nak=False)
        if mood is Mood.FORGED and known.answer is not None:
            known.answer = known.answer[:4] + bytes(16) + known.answer[20:]
        return after

    def _outcome(self, decoded: list[Attribute], *, disconnect: bool) -> tuple[Effect, Callable[[], None]] | int:
        """The effect and what to do for it, or an Error-Cause."""
        if any(attribute.name in self.settings.unsupported for attribute in decoded):
            return ErrorCause.UNSUPPORTED_ATTRIBUTE
        sorted_ = Request.sort(decoded)
        if disconnect and sorted_.change:
            return ErrorCause.UNSUPPORTED_ATTRIBUTE
        session = nas_session.find(sorted_, self.sessions, self.settings.identity)
        if isinstance(session, int):
            return session
        if disconnect:
            kind = EffectKind.DISCONNECTED
        elif (command := nas_session.command(sorted_)) is not None:
            if command not in _COMMANDS:
                return ErrorCause.INVALID_VALUE
            kind = _COMMANDS[command]
        elif sorted_.change:
            kind = EffectKind.PUSHED
        else:
            return ErrorCause.MISSING_ATTRIBUTE
        return Effect(kind, session, self._wall()), lambda: self._carry_out(kind, session, sorted_.change)

    def _carry_out(self, kind: EffectKind, session: NasSession, change: Iterable[Attribute]) -> None:
        match kind:
            case EffectKind.PUSHED:
                session.pushed = tuple(change)
            case EffectKind.DISCONNECTED:
                self.stop(session, TerminateCause.ADMIN_RESET)
            case EffectKind.REAUTHENTICATED:
                if self._reauthenticate(session):
                    self.interim(session)
            case EffectKind.BOUNCED:
                self.stop(session, TerminateCause.LOST_CARRIER)
                again = replace(session, identifier=f"{session.identifier}+", pushed=None)
                if self._reauthenticate(again):
                    self.start(again)

    def _reauthenticate(self, session: NasSession) -> bool:
        """Replace the session's authorization; a reject ends it, no reply leaves it as it is."""
        if self._authenticate is None:
            return True
        try:
            reply = self._authenticate(session)
        except LabRadiusError as error:
            self.failures.append(str(error))
            return False
        session.pushed = None
        if reply.accepted:
            session.authorization = reply
            return True
        session.refused = True
        self.stop(session, TerminateCause.ADMIN_RESET)
        return False

    def _answer(self, known: Known, sock: socket.socket, sender: Any) -> None:
        if known.answer is None or known.copies < known.behaviour.answer_copy:
            return
        for _ in range(2 if known.behaviour.mood is Mood.TWICE else 1):
            sock.sendto(known.answer, sender)

    def _account(self, session: NasSession, status: Status, **more: Any) -> None:
        if self._accounting is None:
            return
        try:
            with self._accounting_lock:
                send(self._accounting, session.accounting().attributes(status, **more))
        except LabRadiusError as error:
            self.failures.append(str(error))
