"""Port operators of an ACE. Standard library only: radiusd imports this."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from .kinds import AclType, Refused
from .tables import DISPUTED_PORTS, PORTS
from .words import Words, number

OPERATORS = ("eq", "neq", "lt", "gt", "range")
# Cisco IOS, "Named ACL Support for Noncontiguous Ports on an Access Control Entry".
MOST_PORTS = 10
_LAST = 65535

Intervals = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Ports:
    """`words` as written behind the operator; `intervals`: first and last port, ascending and apart."""

    operator: str
    words: tuple[str, ...]
    intervals: Intervals


def parse_ports(words: Words, protocol: str, type_: AclType) -> Ports | None:
    """Take the ports of one side, None when it names none. Raises Refused."""
    operator = words.peek()
    if operator not in OPERATORS:
        return None
    words.skip()
    if protocol not in PORTS:
        raise Refused(f"names ports, which {protocol} has not", "ports with tcp, udp and sctp, written by name")
    names = PORTS[protocol]
    taken = [words.take(f"the port of {operator}", _allowed(protocol))]
    values = [_port(taken[0], protocol)]
    if operator == "range":
        taken.append(words.take("the last port of range", "range FIRST LAST"))
        values.append(_port(taken[1], protocol))
    elif operator in ("eq", "neq"):
        while words.peek() in names or words.peek() in DISPUTED_PORTS or words.peek().isdecimal():
            taken.append(words.take("a port"))
            values.append(_port(taken[-1], protocol))
    if len(values) > MOST_PORTS:
        raise Refused(f"names {len(values)} ports behind {operator}", f"at most {MOST_PORTS} ports in one ACE")
    if len(values) > 1 and operator != "range" and type_ is not AclType.IPV4:
        raise Refused(f"names several ports behind {operator}", "one port in an ACE for IPv6: one line for each port")
    return Ports(operator, tuple(taken), _intervals(operator, values))


def _port(word: str, protocol: str) -> int:
    value = PORTS[protocol].get(word)
    if value is None:
        value = number(word, _LAST)
    if value is None:
        if word in DISPUTED_PORTS:
            what = f"names the port {word}, by which Cisco's documents and devices mean different numbers"
            raise Refused(what, DISPUTED_PORTS[word])
        near = difflib.get_close_matches(word, PORTS[protocol], 1)
        meant = f" (did you mean {near[0]}?)" if near else ""
        raise Refused(f"{word!r} is no {protocol} port{meant}", _allowed(protocol))
    return value


def _allowed(protocol: str) -> str:
    names = f", or a name that IOS or ASA has for it like {', '.join(sorted(PORTS[protocol])[:3])}"
    return "a number from 0 to 65535" + (names if PORTS[protocol] else "")


def _intervals(operator: str, values: list[int]) -> Intervals:
    first = values[0]
    if operator == "range" and values[1] < first:
        raise Refused(f"range {first} {values[1]} runs backwards", f"range {values[1]} {first}")
    if (operator, first) in (("lt", 0), ("gt", _LAST)):
        raise Refused(f"{operator} {first} matches no port", "lt 1 to lt 65535, gt 0 to gt 65534")
    match operator:
        case "range":
            return ((first, values[1]),)
        case "lt":
            return ((0, first - 1),)
        case "gt":
            return ((first + 1, _LAST),)
    found: list[tuple[int, int]] = []
    for value in sorted(set(values)):
        if found and found[-1][1] == value - 1:
            found[-1] = (found[-1][0], value)
        else:
            found.append((value, value))
    return tuple(found) if operator == "eq" else _complement(found)


def _complement(intervals: list[tuple[int, int]]) -> Intervals:
    edges = [-1, *(edge for pair in intervals for edge in pair), _LAST + 1]
    gaps = zip(edges[::2], edges[1::2], strict=True)
    return tuple((before + 1, after - 1) for before, after in gaps if before + 1 <= after - 1)
