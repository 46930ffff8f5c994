"""One ACE: what is accepted, in its canonical form, and what is refused, with the exact message."""

from __future__ import annotations

import pytest

from freeradius_mdm.dacl.ace import Message, parse
from freeradius_mdm.dacl.kinds import AclType, Refused

IPV4, IPV6, AGNOSTIC = AclType.IPV4, AclType.IPV6, AclType.AGNOSTIC

ACCEPTED = [
    # ASA CLI Configuration Guide, Extended Access List, its own examples (behind `access-list ACL_IN extended`).
    (IPV4, "permit ip any any"),
    (IPV4, "deny tcp 192.168.1.0 255.255.255.0 209.165.201.0 255.255.255.224"),
    (IPV4, "permit ip 192.168.1.0 255.255.255.0 209.165.201.0 255.255.255.224"),
    (IPV4, "deny tcp any host 209.165.201.29 eq www"),
    (IPV4, "permit tcp host 10.1.1.14 host 209.165.200.225 eq www"),
    # The same guide, arguments of log, time-range, any4.
    (IPV4, "deny tcp any any log 7 interval 600"),
    (IPV4, "deny tcp any any log disable"),
    (IPV4, "deny tcp any any log warnings"),
    (IPV4, "permit ip any4 any4 time-range Office"),
    # Cisco IOS Security Command Reference, permit (IP): protocols by name and number, host, wildcard, gaps in it.
    (IPV4, "permit tcp any 10.20.0.0 0.0.255.255 established"),
    (IPV4, "permit ospf any any"),
    (IPV4, "permit 0 any any"),
    (IPV4, "permit 255 any any"),
    (IPV4, "permit ahp any host 192.0.2.1"),
    (IPV4, "permit esp any host 192.0.2.1"),
    (IPV4, "deny ip any 10.0.1.0 0.255.0.255"),
    # The same, port operators; a source port; names of IOS.
    (IPV4, "permit tcp any gt 1023 host 10.1.1.1 eq telnet"),
    (IPV4, "permit udp any any neq bootps"),
    (IPV4, "permit udp any lt 1024 any range 33434 33534"),
    (IPV4, "permit sctp any any eq 2905"),
    # Cisco IOS, Named ACL Support for Noncontiguous Ports: up to 10 ports.
    (IPV4, "permit tcp any eq telnet ftp any eq 450 679"),
    (IPV4, "permit tcp any any eq 1 2 3 4 5 6 7 8 9 10"),
    # ICMP by name, type, type and code; IGMP types.
    (IPV4, "permit icmp any any echo"),
    (IPV4, "permit icmp any any administratively-prohibited log"),
    (IPV4, "permit icmp any any 3 4"),
    (IPV4, "permit icmp any any 8"),
    (IPV4, "permit igmp any any host-query"),
    (IPV4, "permit igmp any any 2 log"),
    # permit (IP): precedence, tos, dscp, option, ttl, flags, fragments.
    (IPV4, "deny ip any any precedence critical tos min-delay log-input"),
    (IPV4, "deny udp any any eq domain dscp af41"),
    (IPV4, "deny ip any any option any-options"),
    (IPV4, "deny ip any any option 148"),
    (IPV4, "deny ip any any ttl lt 2"),
    (IPV4, "deny ip any any ttl range 0 1"),
    (IPV4, "permit tcp any any match-all +ack -syn"),
    (IPV4, "deny tcp any any syn fin"),
    (IPV4, "deny ip any 10.0.0.0 0.0.0.255 fragments"),
    # Cisco IE 4000 guide, Configuring IPv6 ACLs; deny (IPv6 access-list configuration).
    (IPV6, "permit ipv6 any any"),
    (IPV6, "permit tcp any 2001:db8:300:201::/64 eq telnet"),
    (IPV6, "permit udp host 2001:db8::1 any range 3680 3690"),
    (IPV6, "permit icmp any any nd-na"),
    (IPV6, "deny icmp any any 1 3"),
    (IPV6, "deny ipv6 any any flow-label 1048575 routing dscp ef"),
    (IPV6, "permit ipv6 ::/0 2001:db8::/128 log"),
    # ASA: one syntax for both versions.
    (IPV6, "permit ip any6 2001:db8::/32"),
    (IPV6, "permit icmp6 any any neighbor-solicitation"),
    # No address: for both.
    (AGNOSTIC, "permit tcp any any eq 443"),
    (AGNOSTIC, "permit icmp any any"),
    (AGNOSTIC, "deny ip any any log"),
]


@pytest.mark.parametrize(("type_", "text"), ACCEPTED)
def test_accepted_as_it_is_written(type_: AclType, text: str) -> None:
    assert parse(text, type_).text == text


def test_keywords_become_lower_case_and_blanks_single() -> None:
    assert parse("PERMIT  Tcp ANY\tHost 10.1.1.1 EQ Www", IPV4).text == "permit tcp any host 10.1.1.1 eq www"
    assert parse("permit ipv6 any 2001:DB8::/32", IPV6).text == "permit ipv6 any 2001:db8::/32"
    # A time range's name is the operator's, and IOS tells upper case from lower.
    assert parse("permit ip any any TIME-RANGE Work-Hours", IPV4).text == "permit ip any any time-range Work-Hours"


@pytest.mark.parametrize(
    ("type_", "text", "number"),
    [
        # IANA Protocol Numbers.
        (IPV4, "permit ip any any", None),
        (IPV4, "permit icmp any any", 1),
        (IPV4, "permit igmp any any", 2),
        (IPV4, "permit tcp any any", 6),
        (IPV4, "permit udp any any", 17),
        (IPV4, "permit gre any any", 47),
        (IPV4, "permit esp any any", 50),
        (IPV4, "permit ah any any", 51),
        (IPV4, "permit eigrp any any", 88),
        (IPV4, "permit ospf any any", 89),
        (IPV4, "permit pim any any", 103),
        (IPV4, "permit sctp any any", 132),
        (IPV4, "permit 89 any any", 89),
        (IPV6, "permit icmp any any", 58),
        (IPV6, "permit icmpv6 any any", 58),
        (IPV6, "permit ipv6 any any", None),
    ],
)
def test_protocol_numbers(type_: AclType, text: str, number: int | None) -> None:
    assert parse(text, type_).number == number


@pytest.mark.parametrize(
    ("ports", "intervals"),
    [
        ("eq 443", ((443, 443),)),
        ("eq www domain 54", ((53, 54), (80, 80))),
        ("neq 0", ((1, 65535),)),
        ("neq 80", ((0, 79), (81, 65535))),
        ("neq 65535 0", ((1, 65534),)),
        ("lt 1024", ((0, 1023),)),
        ("gt 1023", ((1024, 65535),)),
        ("range 20 21", ((20, 21),)),
        # Names that one family alone has: ASA's (ASA CLI guide, TCP and UDP Ports) and older IOS's.
        ("eq https", ((443, 443),)),
        ("eq ldaps", ((636, 636),)),
        ("eq drip", ((3949, 3949),)),
    ],
)
def test_ports(ports: str, intervals: tuple[tuple[int, int], ...]) -> None:
    found = parse(f"permit tcp any any {ports}", IPV4).destination_ports
    assert found is not None
    assert found.intervals == intervals


@pytest.mark.parametrize(
    ("type_", "words", "message"),
    [
        # RFC 792.
        (IPV4, "echo", (8, None)),
        (IPV4, "echo-reply", (0, None)),
        (IPV4, "port-unreachable", (3, 3)),
        (IPV4, "packet-too-big", (3, 4)),
        (IPV4, "ttl-exceeded", (11, 0)),
        # RFC 4443 section 2.1, RFC 4861 section 4, RFC 2710 section 3.
        (IPV6, "packet-too-big", (2, None)),
        (IPV6, "echo-request", (128, None)),
        (IPV6, "mld-query", (130, None)),
        (IPV6, "router-advertisement", (134, None)),
        (IPV6, "nd-ns", (135, None)),
        (IPV6, "port-unreachable", (1, 4)),
    ],
)
def test_messages(type_: AclType, words: str, message: tuple[int, int | None]) -> None:
    assert parse(f"permit icmp any any {words}", type_).message == Message((words,), *message)


_SHAPE = "an ACE is: permit|deny PROTOCOL SOURCE [PORTS] DESTINATION [PORTS] [OPTIONS]"
_OPTIONS = "dscp, fragments, log, log-input, option, precedence, time-range, tos, ttl"
_PORT = "a number from 0 to 65535, or a name that IOS or ASA has for it like aol, bgp, chargen"
_V4 = "any, host ADDRESS, or ADDRESS MASK"
_V6 = "any, host ADDRESS, or PREFIX/LENGTH"

REFUSED = [
    # The shape.
    (IPV4, "permit", "ends before the protocol", _SHAPE),
    (IPV4, "permit ip any", "ends before the destination", _SHAPE),
    (IPV4, "allow ip any any", "begins with 'allow'", f"{_SHAPE}; remarks begin with !, # or remark"),
    # Protocols.
    (
        IPV4,
        "permit tpc any any",
        "'tpc' is no protocol (did you mean tcp?)",
        "a number from 0 to 255, or ah, ahp, eigrp, esp, gre, icmp, igmp, igrp, ip, ipinip, ipsec, nos, ospf, pcp, "
        "pim, pptp, sctp, snp, tcp, udp",
    ),
    (IPV4, "permit ipv6 any any", "the protocol is ipv6 in an ACL of type ip", "ip; IPv6 in NAME.ipv6.acl"),
    # Addresses.
    (
        IPV4,
        "permit ip any 10.0.0.1 eq 80",
        "10.0.0.1 is followed by 'eq', which is no mask",
        "host 10.0.0.1, or 10.0.0.1 MASK",
    ),
    (IPV4, "permit ip any 10.0.0.1", "ends before the mask of 10.0.0.1", "host 10.0.0.1, or 10.0.0.1 MASK"),
    (
        IPV4,
        "permit ip 10.0.0.0/8 any",
        "the source is 10.0.0.0/8: IOS and ASA know no prefix lengths in an IPv4 ACE",
        "10.0.0.0 0.255.255.255 (wildcard, IOS) or 10.0.0.0 255.0.0.0 (netmask, ASA)",
    ),
    (IPV4, "permit ip any host 010.0.0.1", "the destination is '010.0.0.1'", f"{_V4}; {_SHAPE}"),
    (IPV4, "permit ip any host intranet", "the destination is 'intranet'", f"{_V4}; {_SHAPE}"),
    (
        IPV4,
        "permit ip any host 2001:db8::1",
        "the destination is 2001:db8::1, an IPv6 address",
        f"{_V4}; IPv6 stands in a file NAME.ipv6.acl",
    ),
    (IPV4, "permit ip any any6", "the destination is 'any6'", _V4),
    (
        IPV6,
        "permit ipv6 any host 10.1.1.1",
        "the destination is 10.1.1.1, an IPv4 address",
        f"{_V6}; IPv4 stands in a file NAME.acl",
    ),
    (
        IPV6,
        "permit ipv6 any 2001:db8::1/64",
        "the destination is 2001:db8::1/64, whose address has bits set behind the prefix",
        "2001:db8::/64, or host 2001:db8::1",
    ),
    (
        IPV6,
        "permit ipv6 any 2001:db8::",
        "the destination is 2001:db8:: without a prefix length",
        "host 2001:db8::, or 2001:db8::/LENGTH",
    ),
    (IPV6, "permit ipv6 any ::/129", "the destination is ::/129: '129' is no prefix length", "a length from 0 to 128"),
    (IPV6, "permit ipv6 any host fe80::1%eth0", "the destination is 'fe80::1%eth0'", f"{_V6}; {_SHAPE}"),
    (
        AGNOSTIC,
        "permit ip any 10.0.0.0 0.0.0.255",
        "the destination is '10.0.0.0'",
        "any: an agnostic ACL serves IPv4 and IPv6 and names no address",
    ),
    # Things of the device.
    (
        IPV4,
        "permit ip any object-group SERVERS",
        "the destination is object-group, which only the device's own configuration knows",
        _V4,
    ),
    (IPV4, "permit ip any any reflect X", "reflect names a list that only exists on the device", _OPTIONS),
    # Ports.
    (IPV4, "permit ip any any eq 80", "names ports, which ip has not", "ports with tcp, udp and sctp, written by name"),
    (IPV4, "permit 6 any any eq 80", "names ports, which 6 has not", "ports with tcp, udp and sctp, written by name"),
    (IPV4, "permit tcp any any eq", "ends before the port of eq", _PORT),
    (IPV4, "permit tcp any any eq 65536", "'65536' is no tcp port", _PORT),
    (IPV4, "permit tcp any any eq htps", "'htps' is no tcp port (did you mean https?)", _PORT),
    (
        IPV4,
        "permit udp any any eq https",
        "'https' is no udp port (did you mean http?)",
        _PORT.replace("aol, bgp, chargen", "biff, bootpc, bootps"),
    ),
    (IPV4, "permit tcp any any range 25", "ends before the last port of range", "range FIRST LAST"),
    (IPV4, "permit tcp any any range 25 20", "range 25 20 runs backwards", "range 20 25"),
    (IPV4, "permit tcp any any lt 0", "lt 0 matches no port", "lt 1 to lt 65535, gt 0 to gt 65534"),
    (IPV4, "permit tcp any any gt 65535", "gt 65535 matches no port", "lt 1 to lt 65535, gt 0 to gt 65534"),
    (IPV4, "permit tcp any any eq 1 2 3 4 5 6 7 8 9 10 11", "names 11 ports behind eq", "at most 10 ports in one ACE"),
    (
        IPV6,
        "permit tcp any any eq 80 443",
        "names several ports behind eq",
        "one port in an ACE for IPv6: one line for each port",
    ),
    # Names that mean different numbers: ASA 9.12 prints 750 as kerberos, later documents have 88.
    (
        IPV4,
        "permit tcp any any eq kerberos",
        "names the port kerberos, by which Cisco's documents and devices mean different numbers",
        "88 (Kerberos today) or 750 (what ASA means by the name)",
    ),
    # ICMP.
    (
        IPV4,
        "permit icmp any any ehco",
        "'ehco' is no message or option (did you mean echo?)",
        f"an ICMP type and code, or a message like echo-reply; {_OPTIONS}",
    ),
    (IPV4, "permit icmp any any 256", "ICMP type and code 256 do not fit", "each from 0 to 255"),
    (IPV4, "permit icmp any any 3 256", "ICMP type and code 3 256 do not fit", "each from 0 to 255"),
    (
        IPV4,
        "permit tcp any any echo",
        "'echo' is no option",
        "ack, dscp, established, fin, fragments, log, log-input, match-all, match-any, option, precedence, psh, rst, "
        "syn, time-range, tos, ttl, urg",
    ),
    (
        AGNOSTIC,
        "permit icmp any any echo",
        "names the ICMP message echo, which is another in IPv4 than in IPv6",
        "icmp without a message, or an ACL each: NAME.acl and OTHER.ipv6.acl",
    ),
    (
        IPV4,
        "permit igmp any any 16",
        "IGMP type 16 does not fit",
        "0 to 15, or dvmrp, host-query, host-report, pim, trace",
    ),
    # Options.
    (IPV4, "permit ip any any fragment", "'fragment' is no option (did you mean fragments?)", _OPTIONS),
    (IPV4, "permit udp any any established", "established stands with udp", "established with tcp only"),
    (IPV4, "permit ip any any log log", "says log twice", "each option once"),
    (IPV4, "permit ip any any log cookie", "'cookie' is no option", _OPTIONS),
    (IPV4, "permit ip any any log interval 601", "interval 601 is out of range", "1 to 600 seconds"),
    (IPV4, "permit ip any any inactive", "is inactive and would do nothing", "an ACE in use, or none"),
    (
        IPV4,
        "permit ip any any dscp 10 tos 2",
        "dscp stands beside precedence or tos, which are the same bits",
        "dscp alone, or precedence and tos",
    ),
    (
        IPV4,
        "permit ip any any precedence 8",
        "precedence '8' does not fit",
        "precedence with a number from 0 to 7, or routine, priority, immediate, flash, flash-override, critical, "
        "internet, network",
    ),
    (
        IPV4,
        "permit ip any any ttl eq 256",
        "ttl eq 256 does not fit",
        "ttl eq|neq|lt|gt 0 to 255, or ttl range FIRST LAST",
    ),
    (
        IPV4,
        "permit tcp any any match-any",
        "match-any names no flag",
        "match-any with + or - before ack, fin, psh, rst, syn, urg, like +syn -ack",
    ),
    (IPV4, "permit ip any any time-range", "ends before the name of time-range", _SHAPE),
    (
        IPV6,
        "permit ipv6 any any ttl eq 1",
        "ttl is not for an ACL of type ipv6",
        "dscp, flow-label, fragments, log, log-input, routing, time-range",
    ),
    (
        IPV4,
        "permit tcp any any eq 80 fragments",
        "fragments stands with ports, flags or a message type, which a fragment after the first has not",
        "fragments with protocol and addresses only",
    ),
]


@pytest.mark.parametrize(("type_", "text", "what", "allowed"), REFUSED)
def test_refused(type_: AclType, text: str, what: str, allowed: str) -> None:
    with pytest.raises(Refused) as caught:
        parse(text, type_)
    assert (caught.value.what, caught.value.allowed) == (what, allowed)
