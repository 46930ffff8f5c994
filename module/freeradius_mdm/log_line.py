"""One `key=value` line per decision. No value can forge another: each is quoted when it holds anything special.

Standard library only: radiusd imports this.
"""

from __future__ import annotations

import re

from .decision import Decision

_PLAIN = re.compile(r"[A-Za-z0-9_.:/@+-]+")
_FIELDS = (
    "id", "outcome", "method", "access", "user", "mac", "identity", "identity_source", "server", "registration",
    "compliance", "managed", "reachable", "record_source", "record_age", "rule", "exemption", "profile",
    "would_be_profile", "reason_code", "reason", "nas_name", "nas_address", "nas_port",
)  # fmt: skip


def quote(value: object) -> str:
    """A value as it stands behind `key=`."""
    text = str(value)
    if _PLAIN.fullmatch(text):
        return text
    printable = "".join(c if c.isprintable() else "?" for c in text)
    return '"' + printable.replace("\\", "\\\\").replace('"', '\\"') + '"'


def decision_line(decision: Decision) -> str:
    """`mdm decision id=… outcome=accept …`; empty fields are left out."""
    pairs = [(name, getattr(decision, name)) for name in _FIELDS]
    fields = [f"{name}={quote(value)}" for name, value in pairs if value not in ("", None)]
    return " ".join(["mdm decision", *fields, f"total_ms={decision.total_ms:g}"])
