"""ACEs that can never match because one earlier ACE takes every packet of theirs.

Only what is certain is said: one earlier line must cover the later one in protocol, addresses, ports and message, and
each of its further conditions (`established`, `dscp ef`, ...) must also be one of the later line's.

Fragments after the first carry no ports. IOS lets them match a permit by addresses alone and pass a deny (Cisco IOS
IP Configuration Guide, "Specifying IP Extended Access Lists with Fragment Control"), so what stands behind a deny
with ports may still match those.

Entries are kept by protocol and masked addresses, so that each line is compared with few others. Standard library
only: radiusd imports this.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from .ace import Ace, Message
from .address import any_mask
from .kinds import AclType, MaskStyle
from .masks import open_mask
from .options import Condition
from .ports import MOST_PORTS, Intervals, Ports

_Key = tuple[int | None, int, int]  # protocol, source, destination
_FRAGMENTS: Condition = ("fragments",)
_EVERY_PORT: Intervals = ((0, 65535),)


@dataclass(frozen=True, slots=True)
class Covered:
    """`later` never matches because of `earlier`; `fragments_pass`: apart from fragments after the first."""

    later: Ace
    earlier: Ace
    fragments_pass: bool = False


@dataclass(frozen=True, slots=True)
class _Entry:
    ace: Ace
    source_mask: int
    destination_mask: int
    sports: Intervals | None
    dports: Intervals | None
    message: Message | None
    conditions: frozenset[Condition]
    has_layer4: bool


@dataclass(slots=True)
class _Bucket:
    """Entries of one protocol, source and destination; those of few ports are found by each of their ports."""

    by_destination_port: dict[int, list[_Entry]] = field(default_factory=dict)
    by_source_port: dict[int, list[_Entry]] = field(default_factory=dict)
    others: list[_Entry] = field(default_factory=list)

    def add(self, entry: _Entry) -> None:
        for intervals, by_port in ((entry.dports, self.by_destination_port), (entry.sports, self.by_source_port)):
            if intervals is not None and sum(last - first + 1 for first, last in intervals) <= MOST_PORTS:
                for first, last in intervals:
                    for port in range(first, last + 1):
                        by_port.setdefault(port, []).append(entry)
                return
        self.others.append(entry)

    def candidates(self, entry: _Entry) -> Iterator[_Entry]:
        """What could cover the entry: it would hold the entry's lowest port too."""
        if entry.dports is not None:
            yield from self.by_destination_port.get(entry.dports[0][0], ())
        if entry.sports is not None:
            yield from self.by_source_port.get(entry.sports[0][0], ())
        yield from self.others


def find_covered(aces: Sequence[Ace], type_: AclType, style: MaskStyle | None) -> list[Covered]:
    """Every ACE that an earlier one covers, with the earliest that does. Stops at one that takes every packet."""
    found: list[Covered] = []
    shapes: dict[tuple[bool, int, int], dict[_Key, _Bucket]] = {}
    for at, ace in enumerate(aces):
        entry = _entry(ace, style)
        covered = _covered(entry, shapes)
        if covered is not None:
            found.append(covered)
        if covered is None or covered.fragments_pass:
            # A line that is covered in full need not be remembered: whatever it covers, its coverer covers too.
            shape = (ace.number is None, entry.source_mask, entry.destination_mask)
            key = (ace.number, ace.source.base, ace.destination.base)
            shapes.setdefault(shape, {}).setdefault(key, _Bucket()).add(entry)
            if takes_everything(ace, type_):
                found += [Covered(later, ace) for later in aces[at + 1 :]]
                break
    return found


def takes_everything(ace: Ace, type_: AclType) -> bool:
    """True for `permit ip any any` and `deny ip any any`: no packet gets past them."""
    whole = any_mask(type_)
    open_to_all = ace.source.mask == whole and ace.destination.mask == whole
    return ace.number is None and open_to_all and not ace.has_layer4 and not ace.conditions


def _entry(ace: Ace, style: MaskStyle | None) -> _Entry:
    return _Entry(
        ace,
        open_mask(ace.source, style),
        open_mask(ace.destination, style),
        _intervals(ace.source_ports),
        _intervals(ace.destination_ports),
        ace.message,
        ace.conditions,
        ace.has_layer4,
    )


def _covered(entry: _Entry, shapes: dict[tuple[bool, int, int], dict[_Key, _Bucket]]) -> Covered | None:
    ace = entry.ace
    best: Covered | None = None
    for (every_protocol, source_mask, destination_mask), buckets in shapes.items():
        if entry.source_mask & ~source_mask or entry.destination_mask & ~destination_mask:
            continue
        protocol = None if every_protocol else ace.number
        bucket = buckets.get((protocol, ace.source.base & ~source_mask, ace.destination.base & ~destination_mask))
        for earlier in bucket.candidates(entry) if bucket is not None else ():
            if _covers(earlier, entry):
                passes = earlier.has_layer4 and not earlier.ace.permits  # fragments after the first go on from there
                if passes and _FRAGMENTS in entry.conditions:
                    continue
                found = Covered(ace, earlier.ace, passes and (ace.permits or not ace.has_layer4))
                if best is None or _rank(found) < _rank(best):
                    best = found
    return best


def _covers(earlier: _Entry, later: _Entry) -> bool:
    return (
        _all_ports(earlier.dports, later.dports)
        and _all_ports(earlier.sports, later.sports)
        and _all_messages(earlier.message, later.message)
        and earlier.conditions <= later.conditions
    )


def _rank(covered: Covered) -> tuple[bool, int]:
    return (covered.fragments_pass, covered.earlier.line)


def _all_ports(wide: Intervals | None, narrow: Intervals | None) -> bool:
    if wide is None:
        return True
    if narrow is None:
        return wide == _EVERY_PORT
    if wide[0][0] > narrow[0][0] or wide[-1][1] < narrow[-1][1]:
        return False  # most pairs end here
    at = 0
    for first, last in narrow:
        while wide[at][1] < first:
            at += 1
        if wide[at][0] > first or wide[at][1] < last:
            return False
    return True


def _all_messages(wide: Message | None, narrow: Message | None) -> bool:
    if wide is None:
        return True
    return narrow is not None and wide.type == narrow.type and wide.code in (None, narrow.code)


def _intervals(ports: Ports | None) -> Intervals | None:
    return None if ports is None else ports.intervals
