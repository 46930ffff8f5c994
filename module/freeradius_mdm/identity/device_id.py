"""Device ids in text: matching the configured patterns, and the strict check of what they captured.

Source: intune.md section 8. Standard library only: radiusd imports this.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ..codes import Code
from ..config.model import Pattern
from .model import Finding, Note

GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_ZERO = "00000000-0000-0000-0000-000000000000"
STRONG_MAPPING_SID = re.compile(r"tag:microsoft\.com,2022-09-14:sid:S-1-\d+(?:-\d+)*", re.IGNORECASE)


def read(captured: str) -> str | Note:
    """A lower-case GUID, or what is wrong with the captured text. Braces around it are tolerated."""
    if captured.startswith("{{"):
        return Code.VARIABLE_NOT_FILLED, f"the certificate profile's variable {captured[:64]} was not filled in"
    bare = captured[1:-1] if captured.startswith("{") and captured.endswith("}") else captured
    if not GUID.fullmatch(bare) or bare == _ZERO:
        return Code.MALFORMED_IDENTITY, f"{captured[:64]!r} is no device id"
    return bare.lower()


def search(values: Iterable[str], patterns: Sequence[Pattern]) -> Finding:
    """The distinct device ids in values of which each is one whole name; more than one is refused."""
    ids: dict[str, None] = {}
    notes: list[Note] = []
    for value in values:
        found = _match(value, patterns)
        if found is None:
            what = "the strong-mapping SID" if STRONG_MAPPING_SID.fullmatch(value) else repr(value[:80])
            notes.append((Code.IGNORED_NAME, f"{what} is no device id"))
        elif isinstance(found, str):
            ids[found] = None
        else:
            return Finding(notes=tuple(notes), refusal=found)
    return finding(ids, notes)


def finding(ids: Iterable[str], notes: Iterable[Note] = ()) -> Finding:
    """A Finding of these ids, a refusal when they differ."""
    distinct = tuple(dict.fromkeys(ids))
    if len(distinct) > 1:
        refusal = Code.AMBIGUOUS_IDENTITY, "two different ids: " + " and ".join(distinct[:2])
        return Finding(notes=tuple(notes), refusal=refusal)
    return Finding(ids=distinct, notes=tuple(notes))


def _match(value: str, patterns: Sequence[Pattern]) -> str | Note | None:
    for pattern in patterns:
        match = pattern.regex.fullmatch(value)
        if not match:
            continue
        found = read(match["guid"])
        # A pattern that is nothing but the id also fits any other text, such as a user's name in a CN.
        is_bare = pattern.text == "{guid}"
        if isinstance(found, str) or not is_bare or found[0] is Code.VARIABLE_NOT_FILLED:
            return found
    return None


def guid_of(text: str) -> str:
    """A GUID as people write one, in braces and any case, in lower case without them; "" for anything else."""
    bare = text.strip("{}").lower()
    return bare if GUID.fullmatch(bare) else ""
