"""Entra's error body as a value, and as one line for a log (intune.md section 2.5)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from .aadsts import advice_for
from .failures import one_line
from .json_text import read_json

# The description ends with trace lines, behind CRLF or, in newer answers, behind blanks.
_TRACE_TAIL = re.compile(r"\s*Trace ID:.*\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class EntraError:
    """`codes` are AADSTS numbers, the decisive one first. Texts have no control characters left."""

    status: int
    error: str
    description: str
    codes: tuple[int, ...]
    correlation_id: str
    timestamp: str

    @property
    def advice(self) -> str:
        """The operator's next step, "" for an unknown error."""
        return advice_for(self.codes, self.error)

    def __str__(self) -> str:
        shown = [f"HTTP {self.status} {self.error}", self.description or "no description"]
        if self.codes and not any(str(code) in self.description for code in self.codes):
            shown.append("AADSTS" + ",".join(map(str, self.codes)))
        shown.append(f"correlation id {self.correlation_id or 'none'}, timestamp {self.timestamp or 'none'}")
        return "; ".join(shown)


def read(status: int, body: str) -> EntraError | None:
    """The error in a token or OIDC answer; None when the body is not a JSON object with an `error`."""
    data = read_json(body)
    if not isinstance(data, dict) or not isinstance(data.get("error"), str):
        return None
    raw = str(data.get("error_description") or "")
    return EntraError(
        status=status,
        error=one_line(data["error"], 80),
        description=one_line(_TRACE_TAIL.sub("", raw), 500),
        codes=_codes(data.get("error_codes"), raw),
        correlation_id=_tail(data, raw, "correlation_id", "Correlation ID"),
        timestamp=_tail(data, raw, "timestamp", "Timestamp"),
    )


def _codes(listed: object, description: str) -> tuple[int, ...]:
    numbers = [n for n in listed if isinstance(n, int)] if isinstance(listed, list) else []
    numbers += [int(n) for n in re.findall(r"AADSTS(\d{4,9})", description)]
    return tuple(dict.fromkeys(numbers))


def _tail(data: dict[str, Any], description: str, key: str, label: str) -> str:
    found = re.search(rf"{label}: (\S+(?: \d\S*Z)?)", description)
    return one_line(str(data.get(key) or (found[1] if found else "")), 60)
