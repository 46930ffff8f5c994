"""How an answer is written in Redis: one line of words. Whatever does not read back exactly is not believed."""

from __future__ import annotations

import math
import re

from ...compliance import Compliance, ComplianceAnswer, EndpointKey, IdKind, Managed, Registration
from .protocol import SharedAnswer

_MAC = re.compile(r"[0-9A-F]{12}")
_MOST_MACS = 5
_NONE = "-"


def encode(answer: ComplianceAnswer, at: float, node: str) -> str:
    """`ANSWERED_AT REGISTRATION COMPLIANCE MANAGED MAC,MAC NODE`."""
    macs = ",".join(answer.macs) or _NONE
    told = f"{answer.registration.value} {answer.compliance.value} {answer.managed.value}"
    return f"{at!r} {told} {macs} {node}"


def decode(key: str, value: str) -> SharedAnswer:
    """The reverse; `key` is SERVER/KIND/VALUE. Raises ValueError."""
    server, kind, endpoint = key.rsplit("/", 2)
    at, registration, compliance, managed, macs, node = value.split(" ")
    moment = float(at)
    if not (math.isfinite(moment) and moment > 0):
        raise ValueError(f"no moment: {at[:40]!r}")
    listed = tuple(macs.split(",")) if macs != _NONE else ()
    if len(listed) > _MOST_MACS or not all(map(_MAC.fullmatch, listed)):
        raise ValueError(f"no MACs: {macs[:80]!r}")
    answer = ComplianceAnswer(Registration(registration), Compliance(compliance), Managed(managed), listed)
    return SharedAnswer(EndpointKey(server, IdKind(kind), endpoint), answer, moment, node)
