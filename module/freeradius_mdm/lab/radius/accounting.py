"""Accounting of a session: start, interim, stop (RFC 2866), in the shape of the access that began it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from freeradius_mdm.lab.radius import attributes
from freeradius_mdm.lab.radius.attributes import Attributes
from freeradius_mdm.lab.radius.client import RadiusClient
from freeradius_mdm.lab.radius.reply import Reply
from freeradius_mdm.lab.radius.vpn import AnyConnectDevice, ClientType, VpnHeadend

_RADIUS = 1  # Acct-Authentic
_FRAMED = 2  # Service-Type
_CLIENT = 2  # ASA-SessionSubtype
_SSL, _IKEV2, _CLIENTLESS = 1, 2, 3  # ASA-SessionType
_SESSION_TYPES = {ClientType.CLIENTLESS: _CLIENTLESS, ClientType.ANYCONNECT_IKEV2: _IKEV2}
_ONLY_IN_ACCESS = {"Framed-MTU", "EAP-Message", "State"}


class Status(IntEnum):
    """Acct-Status-Type."""

    START = 1
    STOP = 2
    INTERIM = 3


class TerminateCause(IntEnum):
    """Acct-Terminate-Cause."""

    USER_REQUEST = 1
    LOST_CARRIER = 2
    IDLE_TIMEOUT = 4
    SESSION_TIMEOUT = 5
    ADMIN_RESET = 6


@dataclass(frozen=True, slots=True)
class Session:
    """A session that is being accounted for.

    `access` are the attributes of the Access-Request (`WiredPort.dot1x()` and so on), `reply` its
    Access-Accept, whose Class and User-Name a network device repeats; `identifier` is the Acct-Session-Id.
    """

    user: str
    identifier: str
    access: Attributes
    reply: Reply | None = None
    framed_address: str | None = None

    def attributes(
        self, status: Status, *, seconds: int = 0, cause: TerminateCause = TerminateCause.USER_REQUEST
    ) -> Attributes:
        """One Accounting-Request; `seconds` since the session began, `cause` for a stop."""
        user = self.reply.value("User-Name") if self.reply else None
        classes = self.reply.values("Class") if self.reply else ()
        sent: list[tuple[str, int | str | bytes]] = [
            ("User-Name", self.user if user is None else user),
            ("Acct-Status-Type", int(status)),
            ("Acct-Session-Id", self.identifier),
            ("Acct-Authentic", _RADIUS),
            *((name, value) for name, value in self.access if name not in _ONLY_IN_ACCESS),
            *(("Class", value) for value in classes),
        ]
        if self.framed_address is not None:
            sent.append(("Framed-IP-Address", self.framed_address))
        if status is not Status.START:
            octets = 1000 * seconds
            sent += [
                ("Acct-Session-Time", seconds),
                ("Acct-Input-Octets", octets),
                ("Acct-Output-Octets", octets),
            ]
        if status is Status.STOP:
            sent.append(("Acct-Terminate-Cause", int(cause)))
        return tuple(sent)


def vpn_access(headend: VpnHeadend, device: AnyConnectDevice) -> Attributes:
    """What an ASA repeats in accounting: its request, and the session's type and Service-Type Framed."""
    return (
        *headend.attributes(device),
        ("Service-Type", _FRAMED),
        ("ASA-SessionType", _SESSION_TYPES.get(headend.client_type, _SSL)),
        ("ASA-SessionSubtype", _CLIENT),
    )


def send(client: RadiusClient, sent: Attributes) -> Reply:
    """Send an Accounting-Request and wait for its Accounting-Response. Raises NoReply and RequestError."""
    return client.exchange(client.accounting_request(attributes.encode(sent)))
