"""A network device that downloads an ACL: a switch or a Cisco ASA, as ise.md section 5.4 describes it.

The request carries the ACL's name as User-Name, an empty password, `aaa:event=acl-download` and
Message-Authenticator. After an Access-Challenge it is repeated with the State of the reply, until an Access-Accept
brings the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from freeradius_mdm.lab.radius import access, attributes
from freeradius_mdm.lab.radius.attributes import Attributes
from freeradius_mdm.lab.radius.client import RadiusClient
from freeradius_mdm.lab.radius.errors import DownloadError
from freeradius_mdm.lab.radius.reply import Reply
from freeradius_mdm.lab.radius.wire import LARGEST_PACKET, Code

EMPTY_PASSWORD = bytes(16)
"""RFC 2865 section 5.2: at least one block, so a password of no characters is sixteen zeros before it is hidden."""

EVENT = "aaa:event=acl-download"
MOST_PACKETS = 200
_ACE = re.compile(r"(ip|ipv6):inacl#([1-9][0-9]*)=(.+)", re.DOTALL)


class Service(StrEnum):
    """Who asks, as `aaa:service` says: a switch, or a VPN headend."""

    SWITCH = "ip_admission"
    HEADEND = "vpn"


@dataclass(frozen=True, slots=True)
class AclRequest:
    """What the network device sends. `event` is "" for a device that says nothing; `extra` goes with every packet."""

    name: str
    nas_address: str = "192.0.2.10"
    service: Service = Service.SWITCH
    event: str = EVENT
    password: bytes = EMPTY_PASSWORD
    extra: Attributes = ()
    sign: bool = True

    def attributes(self) -> Attributes:
        """Everything but password, State and Message-Authenticator."""
        pairs: Attributes = (("User-Name", self.name), *access.nas_address(self.nas_address))
        if self.event:
            pairs += (("Cisco-AVPair", f"aaa:service={self.service}"), ("Cisco-AVPair", self.event))
        return (*pairs, *self.extra)


@dataclass(frozen=True, slots=True)
class Download:
    """How it ended: `replies` in order, of which the last is an Access-Accept or an Access-Reject."""

    replies: tuple[Reply, ...]
    entries: tuple[str, ...]

    @property
    def accepted(self) -> bool:
        """Whether the device has the whole ACL."""
        return self.replies[-1].accepted


def ask(client: RadiusClient, request: AclRequest, state: bytes | None = None) -> Reply:
    """One packet of a download: the first one, or with `state` the next."""
    encoded = attributes.encode(request.attributes())
    return client.exchange(client.access_request(encoded, password=request.password, state=state, sign=request.sign))


def download(client: RadiusClient, request: AclRequest) -> Download:
    """Ask until the whole ACL is there, or the server refuses.

    Raises DownloadError for a reply that a network device could make nothing of, and what `RadiusClient` raises.
    """
    replies: list[Reply] = []
    entries: list[str] = []
    for reply in _replies(client, request):
        replies.append(reply)
        if reply.code is Code.ACCESS_REJECT:
            return Download(tuple(replies), ())
        entries += entries_of(reply, request.name, len(entries))
    return Download(tuple(replies), tuple(entries))


def _replies(client: RadiusClient, request: AclRequest) -> Iterator[Reply]:
    state: bytes | None = None
    for _ in range(MOST_PACKETS):
        reply = ask(client, request, state)
        yield reply
        if reply.code is not Code.ACCESS_CHALLENGE:
            return
        states = reply.values("State")
        if len(states) != 1 or not isinstance(states[0], bytes):
            raise DownloadError(f"an Access-Challenge with {len(states)} State, one is needed")
        state = states[0]
    raise DownloadError(f"{MOST_PACKETS} packets, and no end")


def entries_of(reply: Reply, name: str, already: int) -> list[str]:
    """The ACEs of one packet. Raises DownloadError when their numbers do not go on after `already`."""
    family = "ipv6" if name.upper().startswith("#ACSACL#-IPV6-") else "ip"
    found: list[str] = []
    if reply.length > LARGEST_PACKET:
        raise DownloadError(f"a packet of {reply.length} octets, at most {LARGEST_PACKET} are allowed")
    for value in reply.values("Cisco-AVPair"):
        match = _ACE.fullmatch(str(value))
        if match is None or match[1] != family:
            raise DownloadError(f"{value!r} is no {family}:inacl#NUMBER=ACE")
        number = already + len(found) + 1
        if int(match[2]) != number:
            raise DownloadError(f"{value!r} stands where number {number} belongs")
        found.append(match[3])
    if not found:
        raise DownloadError(f"{reply.code} without a single ACE")
    return found
