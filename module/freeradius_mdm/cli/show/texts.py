"""How addresses, ids and states are written in tables."""

from __future__ import annotations

import re

from rich.text import Text

from ...decision import Outcome
from . import colours
from .table import safe

_BARE_MAC = re.compile(r"[0-9A-F]{12}")
SHORT_ID = 8  # digits of a decision's or session's id; `show` takes the beginning of one


def mac(text: str) -> str:
    """`00-50-56-A1-B2-C3`; what is not 12 hexadecimal digits stays as it is."""
    return "-".join(text[at : at + 2] for at in range(0, 12, 2)) if _BARE_MAC.fullmatch(text) else text


def short(identifier: str) -> str:
    """The beginning of an id."""
    return identifier[:SHORT_ID]


def outcome(told: str, *, monitored: bool = False, unreachable: bool = False) -> Text:
    """`accept`, `reject`, `monitor` for what was let in to see what would be; `!`: without an answer in time."""
    text = "monitor" if monitored and told == Outcome.ACCEPT else told
    style = colours.BAD if told == Outcome.REJECT else colours.WARNING if monitored or unreachable else colours.GOOD
    return Text(safe(text) + ("!" if unreachable else ""), style=style)
