"""Exemptions: an operator gives one endpoint an authorization profile for a while, whatever its compliance is.

What is true of an endpoint does not depend on the order in which nodes hear of it: of several exemptions the one made
last counts, and of one exemption the change made last. So an earlier one never comes back. Standard library only:
radiusd imports this.
"""

from __future__ import annotations

import math
import re
import time
from dataclasses import dataclass

from .compliance import EndpointKey

LONGEST = 90 * 86400.0  # seconds
KEPT = 365 * 86400.0  # seconds for which one that is over is remembered
LONGEST_TEXT, SHORTEST_REASON = 200, 3  # characters of a reason
LONGEST_NAME = 80  # characters of an author
_ID = re.compile(r"[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Exemption:
    """Times are seconds since the epoch. `ended_*`: an operator has ended it before its time."""

    id: str  # 12 hexadecimal digits, random
    key: EndpointKey
    profile: str
    author: str
    reason: str
    made_at: float
    until: float
    ended_at: float | None = None
    ended_by: str = ""
    end_reason: str = ""

    @property
    def changed_at(self) -> float:
        """When it was made or ended, whichever came last."""
        return self.made_at if self.ended_at is None else max(self.made_at, self.ended_at)

    @property
    def over_at(self) -> float:
        """When it was, or will be, over."""
        return self.until if self.ended_at is None else min(self.until, self.ended_at)

    def in_force(self, now: float) -> bool:
        """Neither ended nor expired."""
        return self.ended_at is None and now < self.until

    def __str__(self) -> str:
        """As a decision's step tells it."""
        until = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(self.until))
        return f"exemption {self.id} by {self.author} until {until}: {self.reason}, profile {self.profile}"


def newer(known: Exemption | None, told: Exemption) -> bool:
    """Whether what is told of an exemption takes the place of what is known of the same one.

    An exemption is made once and ended once, or once on each side of a cut between nodes: the later change stays.
    Equal moments are decided by the text, so that all nodes come to the same.
    """
    return known is None or _rank(told) > _rank(known)


def _rank(exemption: Exemption) -> tuple[float, bool, str, str]:
    return exemption.changed_at, exemption.ended_at is not None, exemption.ended_by, exemption.end_reason


def check(exemption: Exemption) -> None:
    """Raises ValueError with a sentence for what no exemption can be."""
    if not _ID.fullmatch(exemption.id):
        raise ValueError("an exemption's id is 12 hexadecimal digits")
    check_text("the profile", exemption.profile, LONGEST_NAME)
    check_text("the author", exemption.author, 2 * LONGEST_NAME)
    check_text("the reason", exemption.reason, LONGEST_TEXT, SHORTEST_REASON)
    moments = (exemption.made_at, exemption.until, exemption.ended_at or 0.0)
    if not all(map(math.isfinite, moments)) or not 0 < exemption.made_at < exemption.until:
        raise ValueError("it ends after it begins")
    if exemption.until - exemption.made_at > LONGEST + 1:
        raise ValueError(f"an exemption lasts {LONGEST / 86400:.0f} days at most")
    if exemption.ended_at is not None:
        check_text("who ended it", exemption.ended_by, 2 * LONGEST_NAME)
        check_text("the reason of its end", exemption.end_reason, LONGEST_TEXT, SHORTEST_REASON)


def check_text(what: str, text: str, longest: int, shortest: int = 1) -> None:
    """Raises ValueError unless it is one line of that many characters."""
    if not shortest <= len(text.strip()) or len(text) > longest or not text.isprintable():
        raise ValueError(f"{what} is one line of {shortest} to {longest} characters")
