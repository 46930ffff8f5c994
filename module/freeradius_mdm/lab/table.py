"""What each member of the cast got, as rows; a table of them; and how they differ from what is expected."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from ..decision import Decision
from .radius.reply import Reply

_DACL = "ACS:CiscoSecure-Defined-ACL="
_LONGEST_WHY = 90
_COLUMNS = ("device", "arrives", "result", "vlan", "dacl / filter", "timer", "rule", "why")


@dataclass(frozen=True, slots=True)
class Row:
    """One member: the RADIUS reply it got, and the decision that is stored for it."""

    device: str
    arrives: str
    reply: Reply
    decision: Decision

    def value(self, key: str) -> object:
        """What stands in the row for a key of expected.toml; None for nothing."""
        reply, decision = self.reply, self.decision
        pairs = [str(pair) for pair in reply.values("Cisco-AVPair")]
        match key:
            case "result":
                return "accept" if reply.accepted else "reject"
            case "vlan":
                return reply.value("Tunnel-Private-Group-Id")
            case "dacl":
                return next((pair[len(_DACL) :] for pair in pairs if pair.startswith(_DACL)), None)
            case "filter_id":
                return reply.value("Filter-Id")
            case "session_timeout":
                return reply.value("Session-Timeout")
            case "rule":
                return decision.rule or None
            case "profile":
                return decision.profile or None
            case "code":
                return decision.reason_code
        raise KeyError(f"expected.toml: no key {key!r} can be compared")


KEYS = ("result", "vlan", "dacl", "filter_id", "session_timeout", "rule", "profile", "code")


def differences(rows: Sequence[Row], expected: Sequence[Mapping[str, Any]]) -> list[str]:
    """One sentence for each value that differs, and for each row that is missing or not expected."""
    found: list[str] = []
    by_name = {row.device: row for row in rows}
    for wanted in expected:
        row = by_name.pop(wanted["device"], None)
        if row is None:
            found.append(f"{wanted['device']}: did not sign in")
            continue
        for key in KEYS:
            have, want = row.value(key), wanted.get(key)
            same = have == want or (isinstance(want, str) and isinstance(have, str) and fnmatchcase(have, want))
            if not same:
                found.append(f"{row.device}: {key} is {have!r}, expected {want!r}")
    found += [f"{name}: is not in expected.toml" for name in by_name]
    return found


def render(rows: Sequence[Row]) -> str:
    """The table, one line a device."""
    lines = [_COLUMNS, *(_cells(row) for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(_COLUMNS) - 1)]
    shown = ["  ".join([*(c.ljust(w) for c, w in zip(line, widths, strict=False)), line[-1]]) for line in lines]
    shown.insert(1, "  ".join("-" * width for width in [*widths, len(_COLUMNS[-1])]))
    return "\n".join(line.rstrip() for line in shown)


def _cells(row: Row) -> tuple[str, ...]:
    timer = row.value("session_timeout")
    acl = str(row.value("dacl") or row.value("filter_id") or "").removeprefix("#ACSACL#-IP-")
    why = f"{row.decision.reason_code} {row.decision.reason}"
    known = ", ".join(filter(None, (row.decision.registration, row.decision.compliance, row.decision.record_source)))
    return (
        row.device,
        row.arrives,
        str(row.value("result")),
        str(row.value("vlan") or ""),
        acl,
        f"{timer} s" if timer is not None else "",
        row.decision.rule,
        known if row.reply.accepted else textwrap.shorten(why, _LONGEST_WHY, placeholder=" ..."),
    )
