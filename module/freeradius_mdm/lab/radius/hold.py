"""A device that signs in and stays: its session takes changes of authorization, and what becomes of it is told."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from queue import SimpleQueue

from freeradius_mdm.lab.radius.accounting import TerminateCause
from freeradius_mdm.lab.radius.attributes import Attributes, value_name
from freeradius_mdm.lab.radius.client import RadiusClient
from freeradius_mdm.lab.radius.errors import RequestError
from freeradius_mdm.lab.radius.nas import LabNas
from freeradius_mdm.lab.radius.nas_request import Behaviour, NasSettings
from freeradius_mdm.lab.radius.nas_session import Effect, EffectKind, NasSession, Refusal
from freeradius_mdm.lab.radius.printing import attribute_text, authorization_text
from freeradius_mdm.lab.radius.reply import Reply

_LOOK_EVERY = 0.1  # seconds
_RADIUS_REQUEST = 1  # Termination-Action, RFC 2865 section 5.29: authenticate again instead of ending the session


@dataclass(frozen=True, slots=True)
class Device:
    """`port()`: what the network device says of a new session. `sign_in(port)` blocks; called from two threads."""

    user: str
    port: Callable[[], Attributes]
    sign_in: Callable[[Attributes], Reply]


class Hold:
    """One device with one session. `say` gets lines for the reader."""

    def __init__(
        self,
        device: Device,
        nas: NasSettings,
        behaviour: Behaviour,
        accounting: RadiusClient | None,
        say: Callable[[str], None],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._device = device
        self._say = say
        self._monotonic = monotonic
        self._nas = LabNas(nas, self._again, accounting)
        self._nas.behaviour = behaviour
        self._replies: SimpleQueue[Reply] = SimpleQueue()
        self._numbers = itertools.count(1)
        self._told = Counter[str]()  # how much of each list has been told
        self._dropped = Counter[str]()
        self._authorized_at = 0.0

    @property
    def listening(self) -> str:
        """HOST:PORT for CoA and Disconnect."""
        return f"{self._nas.settings.address}:{self._nas.port}"

    def run(self, stop: Callable[[], bool]) -> bool:
        """Until `stop()`: True; or until the device is rejected: False. Raises LabRadiusError."""
        with self._listening():
            if not self._begin():
                return False
            self._say(f"takes CoA and Disconnect requests on {self.listening}; Ctrl-C ends the session")
            while not stop():
                if not self._look():
                    return False
                time.sleep(_LOOK_EVERY)
            for session in list(self._nas.sessions):
                self._nas.stop(session)
            self._say("leaves, its session has ended")
            return True

    @contextmanager
    def _listening(self) -> Iterator[None]:
        try:
            self._nas.come_back()
        except OSError as error:
            raise RequestError(f"{self.listening}: {error.strerror}; choose another with --coa-port") from error
        try:
            yield
        finally:
            self._nas.die()

    def _begin(self) -> bool:
        port = self._device.port()
        reply = self._device.sign_in(port)
        self._say(f"signs in: {authorization_text(reply)}")
        if reply.accepted:
            self._authorized_at = self._monotonic()
            identifier = f"{int(time.time()):08X}{next(self._numbers):08X}"
            self._nas.start(NasSession(self._device.user, identifier, port, reply))
        return reply.accepted

    def _again(self, session: NasSession) -> Reply:
        reply = self._device.sign_in(session.access)
        self._replies.put(reply)
        return reply

    def _look(self) -> bool:
        """Tell what has happened and go on from there; False when the device was rejected."""
        # Before the effects, one of which each of them follows.
        replies = [self._replies.get() for _ in range(self._replies.qsize())]
        effects = self._nas.effects[self._told["effects"] :]
        self._told["effects"] += len(effects)
        for effect in effects:
            self._say(_effect_text(effect))
        self._tell_troubles()
        for reply in replies:
            self._say(f"authenticates again: {authorization_text(reply)}")
            self._authorized_at = self._monotonic()
            if not reply.accepted:
                return False
        ended = [effect.session for effect in effects if effect.kind is EffectKind.DISCONNECTED]
        while any(session in self._nas.sessions for session in ended):  # the answer goes first
            time.sleep(_LOOK_EVERY)
        return self._begin() if ended else self._look_at_timer()

    def _tell_troubles(self) -> None:
        nas = self._nas
        for failure in nas.failures[self._told["failures"] :]:
            self._told["failures"] += 1
            self._say(failure)
        for why, count in list(nas.dropped.items()):
            if count > self._dropped[why]:
                self._say(f"drops a request: {why}")
                self._dropped[why] = count
        for refusal in nas.refusals[self._told["refusals"] :]:
            self._told["refusals"] += 1
            self._say(_refusal_text(refusal))

    def _look_at_timer(self) -> bool:
        session = next(iter(self._nas.sessions), None)
        reply = None if session is None else session.authorization
        seconds = None if reply is None else reply.value("Session-Timeout")
        if session is None or reply is None or not isinstance(seconds, int):
            return True
        if self._monotonic() < self._authorized_at + seconds:
            return True
        if reply.value("Termination-Action") == _RADIUS_REQUEST:
            self._say(f"its timer of {seconds} s has ended")
            self._authorized_at = self._monotonic()  # without an answer it goes on, and tries again a timer later
            self._nas.timer_ended(session)
            return True
        self._say(f"its timer of {seconds} s has ended, and the session with it")
        self._nas.stop(session, TerminateCause.SESSION_TIMEOUT)
        return self._begin()


def _refusal_text(refusal: Refusal) -> str:
    named = ", ".join(map(attribute_text, refusal.named)) or "no session"
    what = f"a {'Disconnect' if refusal.disconnect else 'CoA'}-Request about {named}"
    if refusal.silent:
        return f"does not answer {what}"
    if refusal.error_cause is None:
        return f"answers NAK to {what}"
    name = value_name("Error-Cause", refusal.error_cause)
    return f"answers NAK {refusal.error_cause}{f' {name}' if name else ''} to {what}"


def _effect_text(effect: Effect) -> str:
    match effect.kind:
        case EffectKind.PUSHED:
            lines = [f"    {attribute_text(each)}" for each in effect.session.pushed or ()]
            return "\n".join(["is given another authorization by a CoA-Request", *lines])
        case EffectKind.DISCONNECTED:
            return "is disconnected by a Disconnect-Request"
        case EffectKind.REAUTHENTICATED:
            return "is told to authenticate again by a CoA-Request"
        case EffectKind.BOUNCED:
            return "has its port bounced by a CoA-Request"
