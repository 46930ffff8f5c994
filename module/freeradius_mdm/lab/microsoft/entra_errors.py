"""A refused token request, as an exception and as the answer that Entra gives (intune.md section 2.5)."""

from __future__ import annotations

import string
import uuid
from collections import defaultdict
from typing import Any

from .aadsts import AADSTS
from .clock import entra_time
from .wire import Answer, json_answer

CRLF = "crlf"
BLANKS = "blanks"


class EntraError(Exception):
    """A refused token request. `error` replaces the table's OAuth error, `texts` fill in its braces."""

    def __init__(self, code: int, *, error: str | None = None, **texts: str) -> None:
        self.code = code
        self.row = AADSTS[code]
        self.error = error or self.row.error
        self.text = string.Formatter().vformat(self.row.text, (), defaultdict(lambda: "?", texts))
        super().__init__(f"AADSTS{code}: {self.text}")

    def answer(self, host: str, now: float, correlation: str, style: str) -> Answer:
        """The error body. `style`: how the description ends, CRLF (older) or BLANKS (newer)."""
        trace, moment = str(uuid.uuid4()), entra_time(now)
        gap = "\r\n" if style == CRLF else " "
        tail = gap.join(["", f"Trace ID: {trace}", f"Correlation ID: {correlation}", f"Timestamp: {moment}"])
        value: dict[str, Any] = {
            "error": self.error,
            "error_description": f"AADSTS{self.code}: {self.text}{tail}",
            "error_codes": [self.code],
            "timestamp": moment,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"https://{host}/error?code={self.code}",
        }
        return json_answer(self.row.status, value, f"AADSTS{self.code}", {"x-ms-request-id": trace})
