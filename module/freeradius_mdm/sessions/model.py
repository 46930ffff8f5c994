"""One session of an endpoint on a network device, from its Access-Accept to its end."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ..compliance import EndpointKey, IdKind

_IDENTITY_KINDS = frozenset(kind.value for kind in IdKind)


class SessionState(StrEnum):
    """How far a session has come."""

    AUTHORIZED = "authorized"  # an Access-Accept went out; accounting has said nothing yet, and may never
    STARTED = "started"  # accounting has confirmed it
    ENDED = "ended"


class EndCause(StrEnum):
    """Why a session counts as ended. Later accounting can refute it."""

    STOP = "stop"  # accounting said so
    GONE = "gone"  # the network device answered a CoA with Session-Context-Not-Found (RFC 5176 section 3.5, 503)
    DISCONNECTED = "disconnected"  # the network device acknowledged a Disconnect-Request
    REPLACED = "replaced"  # the same station signed in at the same place under another session id
    NAS_RESTARTED = "nas-restarted"  # Accounting-On or -Off (RFC 2866 section 5.1)
    LOST = "lost"  # nothing heard of it for too long


@dataclass(frozen=True, slots=True)
class Session:
    """A session. Text is spelt as the network device wrote it, since a CoA has to repeat it; "" when not known.

    Times are seconds since the epoch. `decision_id` is the latest decision about it, the one in force.
    """

    id: str  # of the decision that opened it, 24 hexadecimal digits
    state: SessionState
    client: str  # the address that its requests come from, by which FreeRADIUS knows the network device
    decision_id: str
    authorized_at: float  # the first Access-Accept
    reauthorized_at: float  # the latest
    last_seen: float  # the latest Access-Accept or accounting
    nas_name: str = ""  # the client's short name in FreeRADIUS
    nas_address: str = ""
    nas_identifier: str = ""
    nas_port: str = ""
    nas_port_id: str = ""
    family: str = ""
    access: str = ""  # wired, wireless, vpn, other
    user: str = ""  # User-Name as the network device knows it: of accounting, else of the Accept, else of the request
    mac: str = ""  # 12 hexadecimal digits
    calling_station: str = ""
    called_station: str = ""
    acct_session_id: str = ""
    former_acct_session_ids: tuple[str, ...] = ()  # oldest first, a few
    acct_multi_session_id: str = ""
    audit_session_id: str = ""
    framed_ip: str = ""
    framed_ipv6: str = ""
    server: str = ""  # the MDM server, and what it is asked about
    identity_kind: str = ""
    identity: str = ""
    rule: str = ""
    profile: str = ""
    session_timeout: int | None = None  # seconds, as sent
    timer_ends_at: float | None = None  # when the network device reauthenticates, or ends, the session by itself
    started_at: float | None = None
    ended_at: float | None = None
    end_cause: str = ""  # an EndCause
    terminate_cause: str = ""  # Acct-Terminate-Cause, for EndCause.STOP
    coa_at: float | None = None  # the last change of authorization that was sent, and what came of it
    coa_result: str = ""
    node: str = ""  # the host whose FreeRADIUS authorized it last

    @property
    def live(self) -> bool:
        """Not known to have ended."""
        return self.state is not SessionState.ENDED

    @property
    def nas(self) -> str:
        """The network device, as AccountingEvent.nas has it."""
        return self.client or self.nas_address

    @property
    def key(self) -> EndpointKey | None:
        """Whom the MDM server is asked about; None for a session that was let in without an identity."""
        if not self.identity or self.identity_kind not in _IDENTITY_KINDS:
            return None
        return EndpointKey(self.server, IdKind(self.identity_kind), self.identity)

    @property
    def acct_session_ids(self) -> tuple[str, ...]:
        """Every Acct-Session-Id it is known by, the latest one last."""
        present = (self.acct_session_id,) if self.acct_session_id else ()
        return (*self.former_acct_session_ids, *present)

    def lost_at(self, lost_after: float) -> float:
        """When it counts as lost if nothing is heard of it until then.

        With a timer: two timers after that ended, or after it was last heard of if that is later. A network device
        that reauthenticates by a timer would have been heard of.
        """
        if self.session_timeout is None or self.timer_ends_at is None:
            return self.last_seen + lost_after
        return max(self.timer_ends_at, self.last_seen) + 2 * self.session_timeout
