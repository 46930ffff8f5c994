"""How the lab's network device takes a request: its settings, its moods, what it checks, and the answers it makes."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pyrad import packet as pyrad_packet

from freeradius_mdm.lab.radius.attributes import Attributes

_MESSAGE_AUTHENTICATOR, _EVENT_TIMESTAMP, _ERROR_CAUSE = 80, 55, 101


class Mood(StrEnum):
    """How a new request is taken."""

    HONEST = "honest"  # as its sessions have it
    NAK = "nak"  # refused, nothing done
    SILENT = "silent"  # dropped, nothing done
    MUTE = "mute"  # done, and never answered
    FORGED = "forged"  # done, and answered with a wrong Response Authenticator
    TWICE = "twice"  # done, and answered twice


@dataclass(frozen=True, slots=True)
class Behaviour:
    """`error_cause`: of a NAK, None for one without. `answer_copy`: the first copy of a request that is answered."""

    mood: Mood = Mood.HONEST
    error_cause: int | None = None
    answer_copy: int = 1


@dataclass(frozen=True, slots=True)
class NasSettings:
    """`window`: seconds by which Event-Timestamp may differ, and for which answers are kept (RFC 5176 section 6.3)."""

    secret: bytes = field(repr=False)
    address: str = "127.0.0.1"
    port: int = 0
    identity: Attributes = (("NAS-IP-Address", "192.0.2.10"),)
    window: float = 300.0
    needs_message_authenticator: bool = True
    needs_event_timestamp: bool = True
    unsupported: frozenset[str] = frozenset()  # attributes that it refuses with 401


@dataclass(slots=True)
class Known:
    """A request that came before: its authenticator, its copies so far, and its answer (None: there is none)."""

    authenticator: bytes
    behaviour: Behaviour
    at: float
    answer: bytes | None = None
    copies: int = 1


def fault(request: Any, settings: NasSettings, now: float) -> str:
    """Why a request is dropped without a word, "" when it is genuine."""
    if request.code not in (pyrad_packet.CoARequest, pyrad_packet.DisconnectRequest):
        return f"code {request.code}"
    if not request.VerifyCoARequest():
        return "wrong Request Authenticator"
    signed, stamps = raw(request, _MESSAGE_AUTHENTICATOR), raw(request, _EVENT_TIMESTAMP)
    if signed and not request.verify_message_authenticator():
        return "wrong Message-Authenticator"
    if not signed and settings.needs_message_authenticator:
        return "no Message-Authenticator"
    if not stamps:
        return "no Event-Timestamp" if settings.needs_event_timestamp else ""
    age = now - int.from_bytes(stamps[0], "big")
    return "" if abs(age) <= settings.window else "stale Event-Timestamp"


def raw(request: Any, number: int) -> list[bytes]:
    """An attribute's values as octets."""
    return list(dict(request.items()).get(number, []))


def reply(request: Any, error_cause: int | None, *, nak: bool) -> bytes:
    """An ACK or NAK, signed."""
    made = request.CreateReply()
    if nak:
        disconnect = request.code == pyrad_packet.DisconnectRequest
        made.code = pyrad_packet.DisconnectNAK if disconnect else pyrad_packet.CoANAK
    if error_cause is not None:
        made[_ERROR_CAUSE] = [error_cause.to_bytes(4, "big")]
    octets: bytes = made.ReplyPacket()
    return octets
