"""The sessions of the lab's network device, and how a CoA or Disconnect names one (RFC 5176 section 3)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from freeradius_mdm.lab.radius.accounting import Session
from freeradius_mdm.lab.radius.attributes import Attribute, Attributes, Value
from freeradius_mdm.lab.radius.reply import Reply

_AUDIT = "audit-session-id="
NAS_NAMES = ("NAS-IP-Address", "NAS-IPv6-Address", "NAS-Identifier")
SESSION_NAMES = (
    "User-Name",
    "NAS-Port",
    "NAS-Port-Id",
    "Framed-IP-Address",
    "Called-Station-Id",
    "Calling-Station-Id",
    "Acct-Session-Id",
)
NEITHER = ("Message-Authenticator", "Event-Timestamp", "Proxy-State")


class ErrorCause:
    """Numbers of RFC 5176 section 3.5 that a network device sends."""

    UNSUPPORTED_ATTRIBUTE = 401
    MISSING_ATTRIBUTE = 402
    NAS_MISMATCH = 403
    INVALID_VALUE = 407
    NOT_FOUND = 503
    SEVERAL_SESSIONS = 508


class EffectKind(StrEnum):
    """What a request did to a session."""

    REAUTHENTICATED = "reauthenticated"
    PUSHED = "pushed"
    DISCONNECTED = "disconnected"
    BOUNCED = "bounced"


@dataclass(slots=True, eq=False)
class NasSession:
    """A live session. `access`: the attributes of its Access-Request, such as `WiredPort.dot1x()`.

    `authorization` is the Access-Accept in force; `pushed` the attributes of a CoA push that replaced it, None while
    there was none. `refused`: the last reauthentication ended in a reject, which ended the session.
    """

    user: str
    identifier: str  # Acct-Session-Id
    access: Attributes
    authorization: Reply | None = None
    framed_address: str | None = None
    pushed: tuple[Attribute, ...] | None = None
    refused: bool = False

    def accounting(self) -> Session:
        """As the accounting of this package wants it."""
        return Session(self.user, self.identifier, self.access, self.authorization, self.framed_address)

    def names(self, attribute: Attribute) -> bool:
        """Whether an attribute of a request names this session."""
        if attribute.name == "Cisco-AVPair":
            return any(name == "Cisco-AVPair" and value == attribute.value for name, value in self.access)
        return attribute.value in self._values(attribute.name)

    def _values(self, name: str) -> list[Value]:
        own: dict[str, Value | None] = {
            "User-Name": self.user,
            "Acct-Session-Id": self.identifier,
            "Framed-IP-Address": self.framed_address,
        }
        if name in own:
            value = own[name]
            return [] if value is None else [value]
        return [value for at, value in self.access if at == name]


@dataclass(frozen=True, slots=True)
class Effect:
    """One thing done to a session by one request. `at`: Unix time."""

    kind: EffectKind
    session: NasSession
    at: float


@dataclass(frozen=True, slots=True)
class Refusal:
    """A genuine request that changed nothing: NAKed with an Error-Cause or without, or (`silent`) not answered."""

    disconnect: bool
    named: tuple[Attribute, ...]  # what named the session
    error_cause: int | None
    silent: bool


@dataclass(slots=True)
class Request:
    """A request's attributes by what they are for."""

    nas: list[Attribute] = field(default_factory=list)
    session: list[Attribute] = field(default_factory=list)
    change: list[Attribute] = field(default_factory=list)

    @classmethod
    def sort(cls, attributes: Iterable[Attribute]) -> Request:
        """Identification apart from change."""
        made = cls()
        for attribute in attributes:
            if attribute.name in NAS_NAMES:
                made.nas.append(attribute)
            elif attribute.name in SESSION_NAMES or _is_audit(attribute):
                made.session.append(attribute)
            elif attribute.name not in NEITHER:
                made.change.append(attribute)
        return made


def find(request: Request, sessions: Sequence[NasSession], nas: Attributes) -> NasSession | int:
    """The session that a request names, or the Error-Cause.

    As Cisco IOS does it: everything that is sent must match, and a session of which only a part matches is 407.
    """
    if any((attribute.name, attribute.value) not in nas for attribute in request.nas):
        return ErrorCause.NAS_MISMATCH
    if not request.session:
        return ErrorCause.MISSING_ATTRIBUTE
    found = [session for session in sessions if all(map(session.names, request.session))]
    if len(found) > 1:
        return ErrorCause.SEVERAL_SESSIONS
    if found:
        return found[0]
    partly = any(any(map(session.names, request.session)) for session in sessions)
    return ErrorCause.INVALID_VALUE if partly else ErrorCause.NOT_FOUND


def command(request: Request) -> str | None:
    """The `subscriber:command`, None without one."""
    prefix = "subscriber:command="
    values = [str(attribute.value) for attribute in request.change if attribute.name == "Cisco-AVPair"]
    return next((value[len(prefix) :] for value in values if value.startswith(prefix)), None)


def _is_audit(attribute: Attribute) -> bool:
    return attribute.name == "Cisco-AVPair" and str(attribute.value).startswith(_AUDIT)
