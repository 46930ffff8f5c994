"""An Accounting-Request as an event of a session (RFC 2866). Standard library only: radiusd imports this.

Nothing a network device sends is refused: what has no meaning here becomes an event of status `other` that says why.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from . import mac
from .authorization import CLASS_PREFIX
from .request import FAMILY, LONGEST_WHOLE_VALUE, Request


class AccountingStatus(StrEnum):
    """Acct-Status-Type (RFC 2866 section 5.1); the rest, such as tunnels' (RFC 2867), is `other`."""

    START = "start"
    INTERIM = "interim"
    STOP = "stop"
    ON = "on"
    OFF = "off"
    OTHER = "other"


# By number too, and Alive is FreeRADIUS's older name: a site's dictionary can rename values.
_STATUS = {
    "Start": AccountingStatus.START,
    "1": AccountingStatus.START,
    "Stop": AccountingStatus.STOP,
    "2": AccountingStatus.STOP,
    "Interim-Update": AccountingStatus.INTERIM,
    "Alive": AccountingStatus.INTERIM,
    "3": AccountingStatus.INTERIM,
    "Accounting-On": AccountingStatus.ON,
    "7": AccountingStatus.ON,
    "Accounting-Off": AccountingStatus.OFF,
    "8": AccountingStatus.OFF,
}
_OUR_CLASS = re.compile(rf"0x{CLASS_PREFIX.hex()}((?:3[0-9]|6[1-6]){{24}})", re.IGNORECASE)
_MOST_CLASSES = 8
_LONGEST_DELAY = 86400.0  # seconds; a larger Acct-Delay-Time is a device's mistake
_ID = re.compile(r"[0-9a-f]{24}")


@dataclass(frozen=True, slots=True)
class AccountingEvent:
    """One Accounting-Request. Empty text means "not there"; text is as the network device wrote it.

    `at`: when it arrived, seconds since the epoch; `delay`: Acct-Delay-Time, seconds for which the network device had
    been trying to send it. `decision_ids`: from every Class that has our form, in order: a claim, until the store
    knows that decision and it was made for this very network device. `problem`: why the status is `other`.
    """

    at: float
    status: AccountingStatus
    client: str = ""  # the address that the request came from
    client_name: str = ""
    nas_address: str = ""
    nas_identifier: str = ""
    nas_port: str = ""
    nas_port_id: str = ""
    user: str = ""
    calling_station: str = ""
    called_station: str = ""
    acct_session_id: str = ""
    acct_multi_session_id: str = ""
    audit_session_id: str = ""
    decision_ids: tuple[str, ...] = ()
    framed_ip: str = ""
    framed_ipv6: str = ""  # an address, or a prefix
    session_time: int | None = None  # seconds
    delay: int = 0
    terminate_cause: str = ""
    family: str = ""
    problem: str = ""

    @property
    def decision_id(self) -> str:
        """The last of `decision_ids`, "" when no Class is ours."""
        return self.decision_ids[-1] if self.decision_ids else ""

    @property
    def moment(self) -> float:
        """When it happened, seconds since the epoch (RFC 2866 section 5.2)."""
        return self.at - self.delay

    @property
    def nas(self) -> str:
        """Which network device: the address that its requests come from, which its shared secret vouches for."""
        return self.client or self.nas_address

    @property
    def mac(self) -> str:
        """The station's MAC, 12 hexadecimal digits; "" where Calling-Station-Id is something else."""
        return mac.parse(self.calling_station) or ""

    def to_json(self) -> str:
        """One line, no newline in it; what is empty is left out."""
        values = {name: value for name in _NAMES if (value := getattr(self, name)) not in ("", (), None, 0)}
        return json.dumps(values, separators=(",", ":"), ensure_ascii=True)

    @classmethod
    def from_json(cls, text: str) -> AccountingEvent:
        """The inverse of `to_json`. Raises ValueError for anything else."""
        return cls.from_values(json.loads(text))

    @classmethod
    def from_values(cls, values: Any) -> AccountingEvent:
        """From parsed JSON. Raises ValueError for whatever the store could not hold."""
        if not isinstance(values, dict):
            raise ValueError("not an accounting event")
        try:
            ids = tuple(values.get("decision_ids", ()))
            made = cls(**{**values, "status": AccountingStatus(values["status"]), "decision_ids": ids})
        except (TypeError, KeyError) as error:
            raise ValueError(f"not an accounting event: {error}") from error
        for name in _TEXTS:
            value = getattr(made, name)
            if not isinstance(value, str):
                raise ValueError(f"{name} is not text")
            value.encode("utf-8")  # UnicodeEncodeError, a ValueError, for half a surrogate pair
        if not all(isinstance(each, str) and _ID.fullmatch(each) for each in ids):
            raise ValueError("a decision's id is not 24 hexadecimal digits")
        if isinstance(made.at, bool) or not isinstance(made.at, int | float) or not math.isfinite(made.at):
            raise ValueError("the time is not a number")
        for name in ("delay", "session_time"):
            number = getattr(made, name)
            if not (name == "session_time" and number is None) and (type(number) is not int or not 0 <= number < 2**32):
                raise ValueError(f"{name} is not a count of seconds")
        return made


_NAMES = tuple(each.name for each in fields(AccountingEvent))
_TEXTS = tuple(each.name for each in fields(AccountingEvent) if each.type == "str")


def from_request(request: Request, at: float) -> AccountingEvent:
    """The event that an Accounting-Request tells of, whatever is odd about it."""
    status, problem = _status(request)
    delay = _seconds(request.first("Acct-Delay-Time")) or 0
    return AccountingEvent(
        at=at,
        status=status,
        client=_text(request, "MDM-Client-Address"),
        client_name=_text(request, "MDM-Client-Name"),
        nas_address=_text(request, "NAS-IP-Address") or _text(request, "NAS-IPv6-Address"),
        nas_identifier=_text(request, "NAS-Identifier"),
        nas_port=_text(request, "NAS-Port"),
        nas_port_id=_text(request, "NAS-Port-Id"),
        user=_text(request, "User-Name"),
        calling_station=_text(request, "Calling-Station-Id"),
        called_station=_text(request, "Called-Station-Id"),
        acct_session_id=_text(request, "Acct-Session-Id"),
        acct_multi_session_id=_text(request, "Acct-Multi-Session-Id"),
        audit_session_id=_whole(request.av_pair("audit-session-id")),
        decision_ids=our_classes(request),
        framed_ip=_text(request, "Framed-IP-Address"),
        framed_ipv6=_text(request, "Framed-IPv6-Address") or _text(request, "Framed-IPv6-Prefix"),
        session_time=_seconds(request.first("Acct-Session-Time")),
        delay=delay if delay <= _LONGEST_DELAY else 0,
        terminate_cause=_text(request, "Acct-Terminate-Cause"),
        family=_text(request, FAMILY),
        problem=problem,
    )


def our_classes(request: Request) -> tuple[str, ...]:
    """The decision ids in the Class attributes that have our form; a network device may return several, and others'."""
    found = (match for value in request.all("Class") if (match := _OUR_CLASS.fullmatch(value)))
    ids = (bytes.fromhex(match[1]).decode("ascii") for match in found)
    return tuple(dict.fromkeys(ids))[-_MOST_CLASSES:]


def _status(request: Request) -> tuple[AccountingStatus, str]:
    values = request.distinct("Acct-Status-Type")
    if not values:
        return AccountingStatus.OTHER, "it has no Acct-Status-Type"
    if len(values) > 1:
        return AccountingStatus.OTHER, f"it has several Acct-Status-Type: {', '.join(values)[:100]}"
    status = _STATUS.get(values[0])
    if status is None:
        return AccountingStatus.OTHER, f"Acct-Status-Type {values[0][:60]} says nothing of a session"
    return status, ""


def _text(request: Request, name: str) -> str:
    return _whole(request.first(name))


def _whole(value: str) -> str:
    """Half an identifier would be another one."""
    return value if len(value) <= LONGEST_WHOLE_VALUE else ""


def _seconds(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and int(text) < 2**32 else None
