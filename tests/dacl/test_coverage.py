"""ACEs that an earlier one covers: by hand, and against a packet matcher of the tests' own."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from freeradius_mdm.dacl.coverage import Covered, find_covered
from freeradius_mdm.dacl.kinds import AclType
from freeradius_mdm.dacl.text import check
from tests.dacl.oracle import reader
from tests.dacl.strategies import PACKETS, aces, pairs

IPV4 = AclType.IPV4


def covered(*lines: str, type_: AclType = IPV4) -> list[Covered]:
    checked = check("\n".join(lines), type_)
    assert checked.faults == ()
    return find_covered(checked.aces, type_, checked.style)


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        # The same, and the opposite.
        ("permit tcp any any eq 80", "permit tcp any any eq 80"),
        ("permit tcp any any eq 80", "deny tcp any any eq www"),
        # Protocol: ip is all of them; a number and its name are one.
        ("permit ip any any", "deny ospf any any"),
        ("permit gre any any", "deny 47 any any"),
        ("permit ah any any", "permit ahp any any"),
        # Addresses.
        ("deny ip any 10.0.0.0 0.255.255.255", "permit ip any 10.1.0.0 0.0.255.255"),
        ("deny ip any 10.0.0.0 255.0.0.0", "permit ip any host 10.1.1.1"),
        ("deny ip 10.0.0.0 0.0.255.255 any", "permit ip 10.0.4.0 0.0.0.255 10.0.0.0 0.0.0.255"),
        ("deny ip any 10.0.1.0 0.255.0.255", "permit ip any host 10.9.1.7"),
        ("deny ip any 10.0.0.0 0.0.0.3", "permit ip any 10.0.0.1 0.0.0.2"),
        # Ports.
        ("permit tcp any any", "permit tcp any any eq 80 443"),
        ("permit tcp any any range 20 25", "permit tcp any any eq telnet smtp"),
        ("permit tcp any any eq 25 23 80", "permit tcp any any eq smtp telnet"),
        ("permit tcp any any gt 1023", "permit tcp any any range 5000 5010"),
        ("permit tcp any any neq 22", "permit tcp any any lt 22"),
        ("permit tcp any any neq 22", "permit tcp any any neq 22 23"),
        ("permit tcp any range 0 65535 any", "permit tcp any any eq 80"),
        ("permit tcp any gt 1023 any eq 80", "permit tcp any eq 5000 any eq 80"),
        # Messages.
        ("permit icmp any any", "permit icmp any any echo"),
        ("permit icmp any any unreachable", "permit icmp any any port-unreachable"),
        ("permit icmp any any 3 4", "permit icmp any any packet-too-big"),
        # Options that only log, and conditions that the later line has too.
        ("permit tcp any any eq 80 log", "permit tcp any any eq 80"),
        ("permit tcp any any established", "permit tcp any any eq 80 established log"),
        ("permit ip any any dscp ef", "permit tcp any any dscp 46 established"),
        ("permit ip any any time-range WORK", "permit tcp any any time-range WORK"),
        ("permit tcp any any eq 80", "permit tcp any host 10.1.1.1 eq 80 dscp cs1"),
        # A permit with ports takes later fragments by their addresses.
        ("permit tcp any any range 0 65535", "deny tcp any any fragments"),
    ],
)
def test_covered(earlier: str, later: str) -> None:
    found = covered(earlier, "permit icmp any host 192.0.2.1 timestamp-request", later)
    assert [(one.later.line, one.earlier.line, one.fragments_pass) for one in found if one.later.line == 3] == [
        (3, 1, False)
    ]


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("permit tcp any any", "permit ip any any"),
        ("permit tcp any any", "permit udp any any"),
        ("permit 6 any any", "permit 7 any any"),
        ("permit ip any 10.1.0.0 0.0.255.255", "permit ip any 10.0.0.0 0.255.255.255"),
        ("permit ip any 10.0.0.0 255.255.0.0", "permit ip any 10.1.0.0 255.255.0.0"),
        ("permit ip host 10.0.0.0 any", "permit ip 10.0.0.0 0.0.0.3 any"),
        ("permit ip any host 10.0.0.0", "permit ip any 10.0.0.0 0.0.0.3"),
        ("permit ip any 10.0.1.0 0.255.0.255", "permit ip any 10.0.0.0 0.255.255.255"),
        ("permit ip any 10.0.0.0 0.0.0.2", "permit ip any 10.0.0.0 0.0.0.1"),
        ("permit tcp any any eq 80", "permit tcp any any"),
        ("permit tcp any eq 80 any", "permit tcp any any eq 80"),
        ("permit tcp any any range 20 25", "permit tcp any any range 20 26"),
        ("permit tcp any any eq 80 443", "permit tcp any any eq 443 444"),
        ("permit tcp any any neq 22", "permit tcp any any range 21 23"),
        ("permit tcp any any eq 53", "permit udp any any eq 53"),
        ("permit icmp any any echo", "permit icmp any any echo-reply"),
        ("permit icmp any any echo", "permit icmp any any"),
        ("permit icmp any any port-unreachable", "permit icmp any any unreachable"),
        ("permit tcp any any established", "permit tcp any any"),
        ("permit ip any any dscp ef", "permit ip any any dscp 10"),
        ("permit ip any any time-range WORK", "permit ip any any"),
        ("permit ip any any fragments", "permit ip any any"),
        ("permit tcp any any syn", "permit tcp any any established"),
        # Two lines together may cover a third; that is not said.
        ("permit ip any 0.0.0.0 127.255.255.255", "permit ip any any"),
        # ASA's any is IPv6 too.
        ("deny ip any4 any4", "permit ip any any"),
        # A deny with ports lets later fragments by, so this line is all theirs.
        ("deny tcp any any range 0 65535", "permit tcp any any fragments"),
    ],
)
def test_not_covered(earlier: str, later: str) -> None:
    assert covered(earlier, later) == []


def test_what_fragments_may_still_reach() -> None:
    # Cisco IOS IP Configuration Guide, Specifying IP Extended Access Lists with Fragment Control.
    def passes(earlier: str, later: str) -> list[bool]:
        return [one.fragments_pass for one in covered(earlier, later)]

    assert passes("deny tcp any any eq 80", "permit tcp any any eq 80") == [True]
    assert passes("deny tcp any any range 0 65535", "deny tcp any any") == [True]
    assert passes("deny tcp any any eq 80", "deny tcp any any eq 80") == [False]
    assert passes("permit tcp any any eq 80", "deny tcp any any eq 80") == [False]


def test_a_line_left_with_fragments_still_covers() -> None:
    found = covered(*["deny tcp any any eq 80", "permit tcp any any eq 80", "permit tcp any any eq 80 log"])
    assert [(one.later.line, one.earlier.line, one.fragments_pass) for one in found] == [(2, 1, True), (3, 2, False)]


def test_the_earliest_line_is_named() -> None:
    found = covered("permit tcp any any eq 80", "permit tcp any any range 1 100", "permit tcp any any eq 80")
    assert [(one.later.line, one.earlier.line) for one in found] == [(3, 1)]


def test_nothing_gets_past_a_line_that_takes_everything() -> None:
    found = covered("permit udp any any", "deny ip any any log", "permit tcp any any", "permit udp any any")
    assert [(one.later.line, one.earlier.line) for one in found] == [(3, 2), (4, 2)]
    found = covered("permit ipv6 any any", "deny icmp any any", type_=AclType.IPV6)
    assert [(one.later.line, one.earlier.line) for one in found] == [(2, 1)]


def test_ipv6_and_agnostic() -> None:
    found = covered("deny tcp any 2001:db8::/32", "permit tcp any host 2001:db8::1 eq 443", type_=AclType.IPV6)
    assert [(one.later.line, one.earlier.line) for one in found] == [(2, 1)]
    assert covered("permit 58 any any", "permit icmpv6 any any nd-ns", type_=AclType.IPV6) != []
    # ICMP is protocol 1 in IPv4 and 58 in IPv6, so an agnostic ACL has lines for each.
    assert covered("permit 58 any any", "permit icmp any any", type_=AclType.AGNOSTIC) == []
    assert covered("permit 1 any any", "permit icmp any any", type_=AclType.AGNOSTIC) == []


@settings(max_examples=300, deadline=None)
@given(pairs() | st.lists(aces(), min_size=2, max_size=2))
@example(["permit tcp any neq 80 any", "permit tcp any lt 80 any"])
@example(["deny tcp any any eq 80", "deny tcp any any eq 80 established"])
def test_two_lines_against_every_packet(lines: list[str]) -> None:
    """Said exactly when every packet of the later line is one of the earlier's: the world is small enough to know.

    One case is not looked for: a permit with ports takes every later fragment, and with it a line of fragments alone.
    """
    found = covered(*lines)
    earlier, later = (reader(line) for line in lines)
    left = [packet for packet in PACKETS if later(packet) and not earlier(packet)]
    if not found:
        assert left or not any(later(packet) for packet in PACKETS) or "fragments" in lines[1]
    elif found[0].fragments_pass:
        assert left
        assert all(packet.fragment for packet in left)
    else:
        assert left == []


@settings(max_examples=80, deadline=None)
@given(st.lists(aces(), min_size=3, max_size=8))
def test_several_lines_against_every_packet(lines: list[str]) -> None:
    """What is said is true: a covered line decides over no packet, whatever stands around it."""
    found = covered(*lines)
    tests = [reader(line) for line in lines]
    deciding: dict[int, bool] = {}  # line, and whether fragments after the first are all it decides over
    for packet in PACKETS:
        line = next((at for at, test in enumerate(tests, 1) if test(packet)), None)
        if line is not None:
            deciding[line] = deciding.get(line, True) and packet.fragment
    for one in found:
        assert one.later.line not in deciding or (one.fragments_pass and deciding[one.later.line])
    assert len({one.later.line for one in found}) == len(found)
