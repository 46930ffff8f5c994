"""What became of one download, as the journal and the store keep it. Standard library only: radiusd imports this."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from ..log_line import quote

_ID = re.compile(r"[0-9a-f]{24}")


class Outcome(StrEnum):
    """ISE's 5232 and 5432; a request without a signature is not answered at all."""

    SERVED = "served"
    REFUSED = "refused"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Download:
    """One finished or refused download. Empty text means "not there"; `at` is seconds since the epoch.

    `client`: the address the request came from, which is how FreeRADIUS knows its client; `client_name`: its short
    name. `packets` and `entries` count what was sent in the whole of a download that was served.
    """

    id: str  # 24 hexadecimal digits, random
    at: float
    outcome: Outcome
    code: str  # M15xx
    name: str  # User-Name as it came: the dACL's wire name
    client: str = ""
    client_name: str = ""
    nas_address: str = ""
    reason: str = ""
    packets: int = 0
    entries: int = 0

    def to_json(self) -> str:
        """One line, no newline in it."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return json.dumps(values, separators=(",", ":"), ensure_ascii=True)

    @classmethod
    def from_values(cls, values: Any) -> Download:
        """From parsed JSON. Raises ValueError for whatever the store could not hold."""
        if not isinstance(values, dict):
            raise ValueError("not a download")
        try:
            made = cls(**{**values, "outcome": Outcome(values["outcome"])})
        except (TypeError, KeyError) as error:
            raise ValueError(f"not a download: {error}") from error
        for each in fields(cls):
            value = getattr(made, each.name)
            if each.type == "str":
                if not isinstance(value, str):
                    raise ValueError(f"{each.name} is not text")
                value.encode("utf-8")  # UnicodeEncodeError, a ValueError, for half a surrogate pair
            elif each.type == "int" and (type(value) is not int or not 0 <= value < 2**31):
                raise ValueError(f"{each.name} is not a count")
        if not _ID.fullmatch(made.id):
            raise ValueError("the id is not 24 hexadecimal digits")
        if isinstance(made.at, bool) or not isinstance(made.at, int | float) or not math.isfinite(made.at):
            raise ValueError("the time is not a number")
        return made


_LOGGED = ("id", "outcome", "name", "client", "client_name", "nas_address", "code", "reason")


def download_line(download: Download) -> str:
    """`mdm download id=... outcome=served name=... packets=... entries=...`; empty fields are left out."""
    pairs = [(name, getattr(download, name)) for name in _LOGGED]
    shown = [f"{name}={quote(value)}" for name, value in pairs if value != ""]
    return " ".join(["mdm download", *shown, f"packets={download.packets}", f"entries={download.entries}"])
