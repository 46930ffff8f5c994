"""ACEs in the words of IOS and of ASA.

By hand, from the two families' documents: Cisco IOS Security Command Reference, permit (IP) and permit (IPv6); ASA
CLI guide, Extended Access List, and Addresses, Protocols, and Ports.
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freeradius_mdm.dacl.dialect import lacks, render
from freeradius_mdm.dacl.kinds import AclType, MaskStyle
from freeradius_mdm.dacl.text import check
from tests.dacl.oracle import reader
from tests.dacl.strategies import PACKETS, aces

IPV4, IPV6, AGNOSTIC = AclType.IPV4, AclType.IPV6, AclType.AGNOSTIC
IOS, ASA = MaskStyle.WILDCARD, MaskStyle.NETMASK


def rendered(text: str, style: MaskStyle, type_: AclType = IPV4, as_type: AclType | None = None) -> list[str]:
    checked = check(text, type_)
    assert checked.faults == ()
    assert [lacks(ace, checked.style, style) for ace in checked.aces] == [""] * len(checked.aces)
    return [render(ace, checked.style, style, as_type or type_) for ace in checked.aces]


@pytest.mark.parametrize(
    ("ios", "asa"),
    [
        # Masks.
        ("permit ip any 10.0.0.0 0.0.0.255", "permit ip any 10.0.0.0 255.255.255.0"),
        ("permit ip 10.0.0.0 0.255.255.255 10.0.0.4 0.0.0.3", "permit ip 10.0.0.0 255.0.0.0 10.0.0.4 255.255.255.252"),
        (
            "deny tcp 192.168.1.0 0.0.0.255 209.165.201.0 0.0.0.31",
            "deny tcp 192.168.1.0 255.255.255.0 209.165.201.0 255.255.255.224",
        ),
        # What both know in one way.
        ("permit tcp any host 209.165.201.29 eq www", "permit tcp any host 209.165.201.29 eq www"),
        ("permit udp any gt 1023 any range 33434 33534 log", "permit udp any gt 1023 any range 33434 33534 log"),
        ("permit icmp any any echo", "permit icmp any any echo"),
        ("permit icmp any any 3 4", "permit icmp any any 3 4"),
        ("permit ip any any time-range WORK", "permit ip any any time-range WORK"),
        # Protocol 51 has another name in each.
        ("permit ahp any host 10.1.1.1", "permit ah any host 10.1.1.1"),
    ],
)
def test_there_and_back(ios: str, asa: str) -> None:
    assert rendered(ios, ASA) == [asa]
    assert rendered(asa, IOS) == [ios]
    assert rendered(ios, IOS) == [ios]
    assert rendered(asa, ASA) == [asa]


def test_masks_that_could_be_either_are_turned_with_the_others() -> None:
    ios = ["permit ip any 10.1.1.1 0.0.0.0", "permit ip 0.0.0.0 255.255.255.255 10.0.0.0 0.255.255.255"]
    asa = ["permit ip any 10.1.1.1 255.255.255.255", "permit ip 0.0.0.0 0.0.0.0 10.0.0.0 255.0.0.0"]
    assert rendered("\n".join(ios), ASA) == asa
    assert rendered("\n".join(asa), IOS) == ios


@pytest.mark.parametrize(
    ("written", "style", "sent"),
    [
        # Names of one family alone go to the other as numbers.
        ("permit tcp any any eq https", IOS, "permit tcp any any eq 443"),
        ("permit tcp any any eq https", ASA, "permit tcp any any eq https"),
        ("permit tcp any any range ldap https", IOS, "permit tcp any any range 389 443"),
        ("permit udp any any eq non500-isakmp", ASA, "permit udp any any eq 4500"),
        ("permit udp any any eq netbios-ss", ASA, "permit udp any any eq 139"),
        ("permit tcp any eq drip any", IOS, "permit tcp any eq 3949 any"),
        ("permit tcp any any eq time", ASA, "permit tcp any any eq 37"),
        ("permit udp any any eq time", ASA, "permit udp any any eq time"),
        ("permit ipsec any any", IOS, "permit esp any any"),
        ("permit pptp any any", IOS, "permit gre any any"),
        ("permit snp any any", IOS, "permit 109 any any"),
        ("permit icmp any any port-unreachable", ASA, "permit icmp any any 3 3"),
        ("permit icmp any any administratively-prohibited log", ASA, "permit icmp any any 3 13 log"),
        # ASA's words for the two versions of any.
        ("permit ip any4 any4", IOS, "permit ip any any"),
        ("permit ip any4 any4", ASA, "permit ip any4 any4"),
    ],
)
def test_names_of_one_family(written: str, style: MaskStyle, sent: str) -> None:
    assert rendered(written, style) == [sent]


@pytest.mark.parametrize(
    ("written", "style", "sent"),
    [
        ("permit ipv6 any 2001:db8::/32", IOS, "permit ipv6 any 2001:db8::/32"),
        ("permit ipv6 any 2001:db8::/32", ASA, "permit ip any 2001:db8::/32"),
        ("permit ip any6 host 2001:db8::1", IOS, "permit ipv6 any host 2001:db8::1"),
        ("permit icmp any any", ASA, "permit icmp6 any any"),
        ("permit icmp6 any any", IOS, "permit icmp any any"),
        ("permit icmp any any echo-request", ASA, "permit icmp6 any any 128"),
        ("permit icmp6 any any neighbor-solicitation", IOS, "permit icmp any any 135"),
        ("permit icmp any any packet-too-big", ASA, "permit icmp6 any any packet-too-big"),
        # permit (IPv6) has fewer names of protocols than permit (IP).
        ("permit gre any any", IOS, "permit 47 any any"),
        ("permit esp any any", IOS, "permit esp any any"),
    ],
)
def test_ipv6(written: str, style: MaskStyle, sent: str) -> None:
    assert rendered(written, style, IPV6) == [sent]


def test_agnostic() -> None:
    text = "permit udp any any eq domain\npermit icmp any any\ndeny ip any any"
    entries = ["permit udp any any eq domain", "permit icmp any any", "deny ip any any"]
    assert rendered(text, IOS, AGNOSTIC, IPV4) == entries
    assert rendered(text, IOS, AGNOSTIC, IPV6) == [*entries[:2], "deny ipv6 any any"]
    assert rendered(text, ASA, AGNOSTIC, IPV4) == entries
    assert rendered(text, ASA, AGNOSTIC, IPV6) == [entries[0], "permit icmp6 any any", entries[2]]


@pytest.mark.parametrize(
    ("written", "style", "why"),
    [
        ("deny ip any 10.0.1.0 0.255.0.255", ASA, "the wildcard 0.255.0.255 has gaps, so no netmask says the same"),
        ("permit tcp any any established", ASA, "ASA has no established"),
        ("permit tcp any any syn", ASA, "ASA has no syn"),
        ("permit tcp any any match-all +ack -syn", ASA, "ASA has no match-all +ack -syn"),
        ("deny ip any any log-input", ASA, "ASA has no log-input"),
        ("permit ip any any dscp ef", ASA, "ASA has no dscp ef"),
        ("permit ip any any precedence 5 tos 4", ASA, "ASA has no precedence 5"),
        ("deny ip any any fragments", ASA, "ASA has no fragments"),
        ("deny ip any any option any-options", ASA, "ASA has no option any-options"),
        ("deny ip any any ttl lt 2", ASA, "ASA has no ttl lt 2"),
        ("permit igmp any any pim", ASA, "ASA has no pim"),
        ("permit tcp any any eq 80 443", ASA, "ASA takes one port behind eq: write one line for each port"),
        ("permit tcp any neq 80 443 any", ASA, "ASA takes one port behind neq: write one line for each port"),
        ("deny ip any any log 7 interval 600", IOS, "IOS has no log 7 interval 600"),
        ("deny ip any any log disable", IOS, "IOS has no log disable"),
    ],
)
def test_what_a_dialect_lacks(written: str, style: MaskStyle, why: str) -> None:
    checked = check(written, IPV4)
    assert checked.faults == ()
    other = ASA if style is IOS else IOS
    assert [lacks(checked.aces[0], checked.style, each) for each in (style, other)] == [why, ""]


@settings(max_examples=80, deadline=None)
@given(st.lists(aces(translatable=True), min_size=1, max_size=4))
def test_translation_matches_the_same_packets_and_comes_back(lines: list[str]) -> None:
    # A range that tells the style, so that 0.0.0.0 and the like have one.
    lines = [*lines, "deny ip 10.0.0.0 0.0.0.255 any"]
    asa = rendered("\n".join(lines), ASA)
    assert check("\n".join(asa), IPV4).style is ASA
    assert rendered("\n".join(asa), IOS) == lines
    for line, translated in zip(lines, asa, strict=True):
        here, there = reader(line), reader(translated, netmasks=True)
        assert all(here(packet) == there(packet) for packet in PACKETS)
