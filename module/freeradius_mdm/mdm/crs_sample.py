"""The first answer of each kind, logged without any value: what an operator of a real tenant can report to us.

Microsoft publishes no specification of CRS, so the shapes of rare answers are guesses until somebody has seen them.
"""

from __future__ import annotations

import logging
import re

from ..log_line import quote
from .http import HttpResponse

log = logging.getLogger(__name__)
_MOST = 64


class Samples:
    """Remembers what has been logged; a race may log a line twice, which does no harm."""

    def __init__(self, server_name: str) -> None:
        self._server_name = server_name
        self._seen: set[tuple[str, int, str]] = set()

    def note(self, path: str, response: HttpResponse) -> None:
        """Log status, content type and element names the first time they come for this kind of question."""
        content_type = quote(response.headers.get("content-type", "none")[:60])
        criteria = re.search(r"querycriteria=(\w+)", path)
        kind = (criteria[1] if criteria else "mdminfo", response.status, content_type)
        if kind in self._seen or len(self._seen) >= _MOST:
            return
        self._seen.add(kind)
        names = dict.fromkeys(re.findall(rb"<([A-Za-z_][\w:.-]{0,40})", response.body[:16384]))
        elements = ",".join(name.decode("ascii") for name in list(names)[:30])
        log.info(
            "event=crs_sample server=%s question=%s status=%s type=%s bytes=%s elements=%s",
            self._server_name, *kind, len(response.body), elements,
        )  # fmt: skip
