"""ACEs over a world that is small enough to look at every packet: four addresses, a few ports."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from itertools import product

from hypothesis import strategies as st

from tests.dacl.oracle import Packet

_BASE = int(ipaddress.IPv4Address("10.0.0.0"))
# The four addresses that the ACEs can tell apart by their masks, and one that only `any` has.
ADDRESSES = (*range(_BASE, _BASE + 4), int(ipaddress.IPv4Address("192.0.2.1")))
_NAMED_PORTS = ("80", "81")
# Every port that an operator over these two can tell from another.
PORTS = (79, 80, 81, 82)


@st.composite
def _address(draw: st.DrawFn, gaps: bool) -> str:
    kind = draw(st.sampled_from(("any", "any", "host", "range", "range")))
    if kind == "any":
        return "any"
    low = draw(st.integers(0, 3))
    if kind == "host":
        return f"host {ipaddress.IPv4Address(_BASE + low)}"
    wildcard = draw(st.sampled_from((1, 2, 3) if gaps else (1, 3)))
    return f"{ipaddress.IPv4Address((_BASE + low) & ~wildcard)} {ipaddress.IPv4Address(wildcard)}"


@st.composite
def _ports(draw: st.DrawFn, several: bool) -> str:
    operator = draw(st.sampled_from(("", "", "eq", "neq", "lt", "gt", "range", "all")))
    if operator == "":
        return ""
    if operator == "all":
        return "range 0 65535"
    if operator == "range":
        first, last = sorted(draw(st.tuples(st.sampled_from(_NAMED_PORTS), st.sampled_from(_NAMED_PORTS))))
        return f"range {first} {last}"
    most = 2 if several and operator in ("eq", "neq") else 1
    return f"{operator} {' '.join(draw(st.lists(st.sampled_from(_NAMED_PORTS), min_size=1, max_size=most)))}"


@st.composite
def _parts(draw: st.DrawFn, protocol: str, translatable: bool) -> tuple[str, ...]:
    """Action, source, its ports, destination, its ports, and options, any of them but action and addresses empty."""
    source, destination = draw(_address(not translatable)), draw(_address(not translatable))
    has_ports = protocol in ("tcp", "udp")
    source_ports, destination_ports = (draw(_ports(not translatable)) if has_ports else "" for _ in range(2))
    message = draw(st.sampled_from(("", "3", "3 1", "3 4", "8"))) if protocol == "icmp" else ""
    dscp, established, fragments = "", "", ""
    if not translatable:
        dscp = draw(st.sampled_from(("", "", "", "dscp 10", "dscp 46")))
        established = draw(st.sampled_from(("", "", "established"))) if protocol == "tcp" else ""
        fragments = draw(st.sampled_from(("", "", "fragments")))
    log = draw(st.sampled_from(("", "log")))
    action = draw(st.sampled_from(("permit", "deny")))
    return (action, source, source_ports, destination, destination_ports, message, dscp, established, fragments, log)


def _text(protocol: str, parts: tuple[str, ...]) -> str:
    action, source, source_ports, destination, destination_ports, message, dscp, established, fragments, log = parts
    if source_ports or destination_ports or message or established:
        fragments = ""  # not together in one ACE
    options = (message, dscp, established, fragments, log)
    words = (action, protocol, source, source_ports, destination, destination_ports, *options)
    return " ".join(word for word in words if word)


_PROTOCOLS = st.sampled_from(("ip", "tcp", "tcp", "udp", "icmp"))


@st.composite
def aces(draw: st.DrawFn, translatable: bool = False) -> str:
    """One ACE with wildcards; `translatable`: nothing that ASA lacks."""
    protocol = draw(_PROTOCOLS)
    return _text(protocol, draw(_parts(protocol, translatable)))


@st.composite
def pairs(draw: st.DrawFn) -> list[str]:
    """Two ACEs of one protocol that differ in a few parts, so that one often covers the other."""
    protocol = draw(_PROTOCOLS)
    one, other = draw(_parts(protocol, False)), draw(_parts(protocol, False))
    taken = draw(st.sets(st.integers(0, len(one) - 1), max_size=3))
    second = tuple(new if at in taken else old for at, (old, new) in enumerate(zip(one, other, strict=True)))
    return [_text(protocol, one), _text(protocol, second)]


def _packets() -> Iterator[Packet]:
    for source, destination, dscp in product(ADDRESSES, ADDRESSES, (0, 10, 46)):
        for protocol in (6, 17, 1, 47):
            yield Packet(protocol, source, destination, dscp=dscp, fragment=True)
        yield Packet(47, source, destination, dscp=dscp)
        for message in ((3, 0), (3, 1), (3, 4), (8, 0)):
            yield Packet(1, source, destination, message=message, dscp=dscp)
        for one, other in product(PORTS, PORTS):
            yield Packet(17, source, destination, one, other, dscp=dscp)
            for established in (False, True):
                yield Packet(6, source, destination, one, other, established=established, dscp=dscp)


# Every packet that two of these ACEs could tell apart.
PACKETS = tuple(_packets())
