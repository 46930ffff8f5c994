"""What is allowed in an ACL and still looks like a mistake. Standard library only: radiusd imports this."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from .ace import ICMP_NUMBER, Ace
from .coverage import Covered, find_covered, takes_everything
from .kinds import AclType, MaskStyle

_MOST_COVERED = 20  # lines of which each is told; the rest is counted
# Neighbour solicitation and advertisement (RFC 4861 sections 4.3, 4.4).
_NEIGHBOUR_DISCOVERY = (135, 136)


@dataclass(frozen=True, slots=True)
class Warning_:
    """A line that is served and deserves a look."""

    line: int
    text: str


def warnings_of(aces: Sequence[Ace], type_: AclType, style: MaskStyle | None) -> Iterator[Warning_]:
    """Everything worth telling of a valid ACL, by line."""
    found = [*_covered(find_covered(aces, type_, style), type_), *_sources(aces), *_time_ranges(aces)]
    if not any(ace.permits for ace in aces):
        what = "permits nothing, and every ACL ends with an implicit deny: the session is cut off"
        found.append(Warning_(aces[-1].line, what))
    elif type_ is not AclType.IPV4:
        found += _neighbour_discovery(aces, type_)
    yield from sorted(found, key=lambda warning: warning.line)


def _covered(found: Sequence[Covered], type_: AclType) -> Iterator[Warning_]:
    single = [one for one in found if not takes_everything(one.earlier, type_)]
    for one in single[:_MOST_COVERED]:
        same = "the same" if one.earlier.permits is one.later.permits else "the opposite"
        matches = "can only match fragments after the first" if one.fragments_pass else "can never match"
        what = f"{matches}: line {one.earlier.line} ({one.earlier.text}) covers it and does {same}"
        yield Warning_(one.later.line, f"{one.later.text}: {what}")
    if len(single) > _MOST_COVERED:
        text = f"{len(single) - _MOST_COVERED} more lines can't match because of an earlier one"
        yield Warning_(single[_MOST_COVERED].later.line, text)
    rest = (one for one in found if takes_everything(one.earlier, type_))
    for earlier, group in groupby(rest, key=lambda one: one.earlier):
        lines = [one.later.line for one in group]
        which = f"line {lines[0]}" if len(lines) == 1 else f"lines {lines[0]} to {lines[-1]}"
        yield Warning_(lines[0], f"{which} can never match: line {earlier.line} ({earlier.text}) takes every packet")


def _sources(aces: Sequence[Ace]) -> Iterator[Warning_]:
    others = [ace for ace in aces if ace.source.words[0] not in ("any", "any4", "any6")]
    if others:
        more = f" ({len(others)} lines in all)" if len(others) > 1 else ""
        what = "a network device puts the client's address for any and nothing else in its place"
        yield Warning_(others[0].line, f"the source is {' '.join(others[0].source.words)}{more}: {what}")


def _time_ranges(aces: Sequence[Ace]) -> Iterator[Warning_]:
    seen: set[str] = set()
    for ace in aces:
        for option in ace.options:
            if option.words[0] == "time-range" and option.words[1] not in seen:
                seen.add(option.words[1])
                yield Warning_(ace.line, f"time-range {option.words[1]} must be configured on every device")


def _neighbour_discovery(aces: Sequence[Ace], type_: AclType) -> Iterator[Warning_]:
    """IOS permits neighbour discovery just before the implicit deny, so an explicit one stops it (Catalyst command
    reference, deny (IPv6 access-list configuration))."""
    for at, ace in enumerate(aces):
        if takes_everything(ace, type_):
            let_in = [_permits_message(aces[:at], number, type_) for number in _NEIGHBOUR_DISCOVERY]
            if not ace.permits and not all(let_in):
                instead = "permit icmp any any" if type_ is AclType.AGNOSTIC else "permit icmp any any nd-ns and nd-na"
                what = f"{ace.text} also stops neighbour discovery, without which IPv6 does not work"
                yield Warning_(ace.line, f"{what}: put {instead} before it, or leave it to the implicit deny")
            return


def _permits_message(aces: Sequence[Ace], kind: int, type_: AclType) -> bool:
    for ace in aces:
        fits = ace.number in (None, ICMP_NUMBER[type_]) and (ace.message is None or ace.message.type == kind)
        if fits and ace.permits:
            return True
    return False
