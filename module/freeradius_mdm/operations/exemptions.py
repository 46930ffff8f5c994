"""Until when an exemption is to last, as an operator writes it, and which ones there are."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from .. import durations
from ..config.model import Config
from ..exemption import LONGEST, LONGEST_NAME, LONGEST_TEXT, SHORTEST_REASON, check_text
from ..store.exemptions import ExemptionQueries, ListedExemption
from .codes import OperationCode
from .errors import OperationError

_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[ T](\d{1,2}:\d{2}))?")


def until(text: str, now: float) -> float:
    """Seconds since the epoch: `2d`, `2026-12-01` (to the end of that day) or `2026-12-01 18:00`, in this zone.

    Raises OperationError.
    """
    found = _DATE.fullmatch(text.strip())
    try:
        if found is None:
            at = now + durations.parse(text.strip())
        elif found[2]:
            at = datetime.strptime(f"{found[1]} {found[2]}", "%Y-%m-%d %H:%M").timestamp()
        else:
            at = (datetime.strptime(found[1], "%Y-%m-%d") + timedelta(days=1)).timestamp()
    except (ValueError, OverflowError):
        raise _wrong(f"{text[:40]!r} is no time") from None
    if at <= now:
        raise _wrong(f"{text[:40]!r} has passed")
    if at - now > LONGEST:
        raise _wrong(f"{text[:40]!r} is more than {LONGEST / 86400:.0f} days away")
    return at


def listed(config: Config, now: float, *, every: bool = False) -> list[ListedExemption]:
    """Those in force; with `every` what is over too. mdmd need not run. Raises StoreError."""
    return ExemptionQueries(config.service.store_file).exemptions(now, every=every)


def check_words(reason: str, author: str) -> None:
    """Whether mdmd takes them. Raises OperationError M1800."""
    try:
        check_text("the reason", reason, LONGEST_TEXT, SHORTEST_REASON)
    except ValueError:
        raise OperationError(
            OperationCode.WRONG_ARGUMENT,
            f"--reason {reason[:40]!r} is no reason",
            allowed=f"one line of {SHORTEST_REASON} to {LONGEST_TEXT} characters",
            next="say why in a few words, for whoever reads a decision later",
        ) from None
    check_author(author)


def check_author(author: str) -> None:
    """Whether mdmd takes that name; "" stands for nobody but who runs the command. Raises OperationError M1800."""
    try:
        check_text("the author", author or "-", LONGEST_NAME)
        if "(" not in author and ")" not in author:
            return
    except ValueError:
        pass
    raise OperationError(
        OperationCode.WRONG_ARGUMENT,
        f"--author {author[:40]!r} is no name",
        allowed=f"one line of 1 to {LONGEST_NAME} characters without brackets, in which mdmd puts who really did it",
        next="leave it out: who runs the command is kept in any case",
    )


def _wrong(what: str) -> OperationError:
    return OperationError(
        OperationCode.EXEMPTION_TIME,
        what,
        allowed=f'8h, 2d, 2026-12-01 or "2026-12-01 18:00", in your zone; {LONGEST / 86400:.0f} days at most',
        next="a longer exemption is renewed: exempt the device again while it is in force",
    )
