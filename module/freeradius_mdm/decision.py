"""A decision: what was decided about one authentication, why, and what was sent.

The journal carries it as one line of JSON, the store keeps that line beside a few columns to search by.
Standard library only: radiusd imports this.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    """What the device was told."""

    ACCEPT = "accept"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Step:
    """One numbered step: a stable code (codes.py), a sentence, milliseconds since the request's first step."""

    code: str
    text: str
    at_ms: float


@dataclass(frozen=True, slots=True)
class Decision:
    """Everything about one decision. Empty text means "not there"; times are seconds since the epoch.

    `attributes` are (name, value) pairs as they went out, keys and EAP left out.
    `would_be_*` is filled in monitor mode: what enforcing would have done.
    `request` is what was decided about, without secrets (request_record.py), so that it can be decided again.
    """

    id: str  # 24 hexadecimal digits, random
    at: float
    outcome: Outcome
    user: str = ""
    mac: str = ""  # the endpoint's MAC as the network device gave it, 12 hexadecimal digits
    access: str = ""  # wired, wireless, vpn, other
    method: str = ""  # EAP-TLS, PEAP, EAP-TTLS, MAB, PAP, ...
    nas_address: str = ""
    nas_name: str = ""  # the client's short name in FreeRADIUS
    client: str = ""  # the address that the request came from, by which FreeRADIUS knows its clients
    nas_identifier: str = ""
    nas_port: str = ""  # NAS-Port-Id, else NAS-Port
    nas_port_id: str = ""
    calling_station: str = ""  # this and the next as the network device wrote them
    called_station: str = ""
    acct_session_id: str = ""  # where the Access-Request has one
    family: str = ""  # the network device's vendor family
    audit_session_id: str = ""
    identity: str = ""  # the identifier asked about
    identity_kind: str = ""  # intune, entra, mac
    identity_source: str = ""  # certificate-uri, vpn-device-id, certificate-cn, mac, none
    identity_proven: bool = False
    server: str = ""  # the MDM server
    registration: str = ""
    compliance: str = ""
    managed: str = ""
    reachable: str = ""
    record_source: str = ""  # Live, Cached, LastKnown
    record_age: int | None = None  # seconds
    rule: str = ""
    profile: str = ""
    exemption: str = ""  # the id of the operator's exemption that gave the profile; no rule did then
    would_be_rule: str = ""
    would_be_profile: str = ""
    reason: str = ""  # one line: why it was rejected, or the rule that let it in
    reason_code: str = ""
    session_timeout: int | None = None  # seconds, as sent
    attributes: tuple[tuple[str, str], ...] = ()
    request: tuple[tuple[str, str], ...] = ()
    steps: tuple[Step, ...] = field(default=())
    total_ms: float = 0.0

    def to_json(self) -> str:
        """One line, no newline in it."""
        # By hand, because `asdict` copies every value and took half of a hook's time.
        values: dict[str, Any] = {name: getattr(self, name) for name in _NAMES}
        values["steps"] = [{"code": step.code, "text": step.text, "at_ms": step.at_ms} for step in self.steps]
        return json.dumps(values, separators=(",", ":"), ensure_ascii=True)

    @classmethod
    def from_json(cls, text: str) -> Decision:
        """The inverse of `to_json`. Raises ValueError for anything else."""
        try:
            values: dict[str, Any] = json.loads(text)
            values["outcome"] = Outcome(values["outcome"])
            for pairs in ("attributes", "request"):  # a line of an earlier version has no request
                found = values["attributes"] if pairs == "attributes" else values.get(pairs, ())
                values[pairs] = tuple((str(name), str(value)) for name, value in found)
            values["steps"] = tuple(Step(**step) for step in values["steps"])
            return cls(**values)
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"not a decision: {error}") from error


_NAMES = tuple(each.name for each in fields(Decision))
