"""Building a `SourceError` from the code table: one line, bounded, free of control characters."""

from __future__ import annotations

import re

from ..errors import SourceError
from .codes import CODES, MdmCode

_DETAIL_LIMIT = 700


def one_line(text: str, limit: int = _DETAIL_LIMIT) -> str:
    """Control characters and runs of blanks become one blank, so that foreign text can't forge a log line."""
    flat = re.sub(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+", " ", text).strip()
    return flat if len(flat) <= limit else flat[: limit - 3] + "..."


def failure(
    code: MdmCode,
    seen: str,
    *,
    advice: str = "",
    retry_after: float | None = None,
    server_down: bool = True,
) -> SourceError:
    """A SourceError whose detail opens with the code's meaning. `advice` replaces the table's when given."""
    meaning = CODES[code]
    detail = f"{meaning.text}: {one_line(seen)}" if seen else meaning.text
    return SourceError(
        code.value,
        detail.rstrip("."),
        one_line(advice) or meaning.advice,
        retry_after=retry_after,
        server_down=server_down,
    )
