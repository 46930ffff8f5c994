"""The names that Cisco IOS-XE and ASA give protocols, ports and ICMP messages, as data.

A name that only one of them knows is sent to the other as its number. Sources: Cisco IOS Security Command Reference,
permit (IP) and permit (IPv6), and the help of IOS-XE 16.9 (`permit tcp any any eq ?`); ASA General Operations CLI
guide, Addresses, Protocols, and Ports, and the names that ASA 9.12 prints; RFC 792, 4443, 2894 and 6275 for ICMP.
Standard library only: radiusd imports this.
"""

from __future__ import annotations

from collections.abc import Mapping

from .kinds import AclType, MaskStyle

IOS, ASA = MaskStyle.WILDCARD, MaskStyle.NETMASK


def _numbers(text: str) -> dict[str, int]:
    return {name: int(number) for name, number in (pair.split("=") for pair in text.split())}


# Protocols; `ip` and `ipv6` are every protocol and stand in no table of numbers.
EVERY_PROTOCOL = {AclType.IPV4: ("ip",), AclType.IPV6: ("ipv6", "ip"), AclType.AGNOSTIC: ("ip",)}
_BOTH_PROTOCOLS = "tcp=6 udp=17 sctp=132 igmp=2 gre=47 esp=50 ospf=89 eigrp=88 pim=103 ipinip=4 nos=94 pcp=108 "
PROTOCOLS: Mapping[str, int] = _numbers(_BOTH_PROTOCOLS + "ahp=51 ah=51 ipsec=50 pptp=47 igrp=9 snp=109")
# What is ICMP's number depends on the ACL's type (ace.py).
ICMP_WORDS = {AclType.IPV4: ("icmp",), AclType.IPV6: ("icmp", "icmp6", "icmpv6"), AclType.AGNOSTIC: ("icmp",)}
_ASA_PROTOCOLS = frozenset(_numbers(_BOTH_PROTOCOLS + "ah=51 ipsec=50 pptp=47 igrp=9 snp=109"))
PROTOCOLS_OF: Mapping[tuple[MaskStyle, AclType], frozenset[str]] = {
    (IOS, AclType.IPV4): frozenset(_numbers(_BOTH_PROTOCOLS + "ahp=51")),
    (IOS, AclType.IPV6): frozenset({"tcp", "udp", "sctp", "esp", "ahp", "pcp"}),
    (ASA, AclType.IPV4): _ASA_PROTOCOLS,
    (ASA, AclType.IPV6): _ASA_PROTOCOLS,
}

# Ports.
_BOTH_TCP = (
    "bgp=179 chargen=19 cmd=514 daytime=13 discard=9 domain=53 echo=7 exec=512 finger=79 ftp=21 ftp-data=20 gopher=70 "
    "hostname=101 ident=113 irc=194 klogin=543 kshell=544 login=513 lpd=515 nntp=119 pim-auto-rp=496 pop2=109 "
    "pop3=110 smtp=25 sunrpc=111 tacacs=49 talk=517 telnet=23 uucp=540 whois=43 www=80 "
)
_BOTH_UDP = (
    "biff=512 bootpc=68 bootps=67 discard=9 domain=53 echo=7 isakmp=500 mobile-ip=434 nameserver=42 netbios-dgm=138 "
    "netbios-ns=137 ntp=123 pim-auto-rp=496 rip=520 snmp=161 snmptrap=162 sunrpc=111 syslog=514 tacacs=49 talk=517 "
    "tftp=69 time=37 who=513 xdmcp=177 "
)
PORTS_OF: Mapping[tuple[MaskStyle, str], Mapping[str, int]] = {
    (IOS, "tcp"): _numbers(_BOTH_TCP + "time=37 msrpc=135 syslog=514 onep-plain=15001 onep-tls=15002"),
    (ASA, "tcp"): _numbers(
        _BOTH_TCP + "aol=5190 cifs=3020 citrix-ica=1494 ctiqbe=2748 h323=1720 http=80 https=443 imap4=143 ldap=389 "
        "ldaps=636 lotusnotes=1352 netbios-ssn=139 nfs=2049 pcanywhere-data=5631 pptp=1723 rsh=514 rtsp=554 sip=5060 "
        "sqlnet=1521 ssh=22"
    ),
    (IOS, "udp"): _numbers(_BOTH_UDP + "netbios-ss=139 non500-isakmp=4500 ripv6=521"),
    (ASA, "udp"): _numbers(
        _BOTH_UDP + "cifs=3020 http=80 nfs=2049 pcanywhere-status=5632 radius=1645 radius-acct=1646 "
        "secureid-udp=5510 sip=5060 vxlan=4789 www=80"
    ),
    (IOS, "sctp"): {},
    (ASA, "sctp"): {},
}
PORTS: Mapping[str, Mapping[str, int]] = {
    "tcp": {**PORTS_OF[ASA, "tcp"], **PORTS_OF[IOS, "tcp"], "drip": 3949},  # older IOS's name, sent as its number
    "udp": {**PORTS_OF[ASA, "udp"], **PORTS_OF[IOS, "udp"]},
    "sctp": {},
}
# Names whose number Cisco's documents and devices disagree about, with what to write instead.
DISPUTED_PORTS = {
    "kerberos": "88 (Kerberos today) or 750 (what ASA means by the name)",
    "dnsix": "195 (IOS) or 90 (older lists)",
}

# ICMP messages: type, and code or None for every code.
_Messages = Mapping[str, tuple[int, int | None]]


def _messages(text: str) -> dict[str, tuple[int, int | None]]:
    found: dict[str, tuple[int, int | None]] = {}
    for name, _, numbers in (pair.partition("=") for pair in text.split()):
        type_, _, code = numbers.partition("/")
        found[name] = (int(type_), int(code) if code else None)
    return found


_ICMP_TYPES = (
    "echo-reply=0 unreachable=3 source-quench=4 redirect=5 alternate-address=6 echo=8 router-advertisement=9 "
    "router-solicitation=10 time-exceeded=11 parameter-problem=12 timestamp-request=13 timestamp-reply=14 "
    "information-request=15 information-reply=16 mask-request=17 mask-reply=18 traceroute=30 conversion-error=31 "
    "mobile-redirect=32 "
)
_ICMP6_BOTH = (
    "unreachable=1 packet-too-big=2 time-exceeded=3 parameter-problem=4 echo-reply=129 router-solicitation=133 "
    "router-advertisement=134 router-renumbering=138 "
)
MESSAGES_OF: Mapping[tuple[MaskStyle, AclType], _Messages] = {
    (IOS, AclType.IPV4): _messages(
        _ICMP_TYPES + "net-unreachable=3/0 host-unreachable=3/1 protocol-unreachable=3/2 port-unreachable=3/3 "
        "packet-too-big=3/4 source-route-failed=3/5 network-unknown=3/6 host-unknown=3/7 host-isolated=3/8 "
        "dod-net-prohibited=3/9 dod-host-prohibited=3/10 net-tos-unreachable=3/11 host-tos-unreachable=3/12 "
        "administratively-prohibited=3/13 host-precedence-unreachable=3/14 net-redirect=5/0 host-redirect=5/1 "
        "net-tos-redirect=5/2 host-tos-redirect=5/3 ttl-exceeded=11/0 reassembly-timeout=11/1 "
        "general-parameter-problem=12/0 option-missing=12/1 no-room-for-option=12/2"
    ),
    (ASA, AclType.IPV4): _messages(_ICMP_TYPES),
    (IOS, AclType.IPV6): _messages(
        _ICMP6_BOTH + "no-route=1/0 no-admin=1/1 beyond-scope=1/2 port-unreachable=1/4 hop-limit=3/0 "
        "reassembly-timeout=3/1 header=4/0 next-header=4/1 parameter-option=4/2 echo-request=128 mld-query=130 "
        "mld-report=131 mld-reduction=132 nd-ns=135 nd-na=136 redirect=137 renum-command=138/0 renum-result=138/1 "
        "renum-seq-number=138/255 dhaad-request=144 dhaad-reply=145 mpd-solicitation=146 mpd-advertisement=147"
    ),
    (ASA, AclType.IPV6): _messages(
        _ICMP6_BOTH + "echo=128 membership-query=130 membership-report=131 membership-reduction=132 "
        "neighbor-solicitation=135 neighbor-advertisement=136 neighbor-redirect=137"
    ),
}
MESSAGES: Mapping[AclType, _Messages] = {
    type_: {**MESSAGES_OF[ASA, type_], **MESSAGES_OF[IOS, type_]} for type_ in (AclType.IPV4, AclType.IPV6)
}
DISPUTED_MESSAGES = {
    "precedence-unreachable": "3 15 (RFC 1812) or 3 14 (what IOS was seen to match)",
    "destination-unreachable": "unreachable (every code) or 1 3 (address unreachable)",
}

# Values of the options (Cisco IOS Security Command Reference, permit (IP)).
DSCP = _numbers(
    "default=0 cs1=8 af11=10 af12=12 af13=14 cs2=16 af21=18 af22=20 af23=22 cs3=24 af31=26 af32=28 af33=30 cs4=32 "
    "af41=34 af42=36 af43=38 cs5=40 ef=46 cs6=48 cs7=56"
)
PRECEDENCE = _numbers("routine=0 priority=1 immediate=2 flash=3 flash-override=4 critical=5 internet=6 network=7")
TOS = _numbers("normal=0 min-monetary-cost=1 max-reliability=2 max-throughput=4 min-delay=8")
# Option numbers: the registry "IP Option Numbers", RFC 2780 section 5.3; any-options is every one.
IP_OPTIONS = _numbers(
    "eool=0 no-op=1 record-route=7 zsu=10 mtup=11 mtur=12 encode=15 timestamp=68 traceroute=82 security=130 lsr=131 "
    "ext-security=133 com-security=134 stream-id=136 ssr=137 visa=142 imitd=144 ext-ip=145 add-ext=147 "
    "router-alert=148 sdb=149 nsapa=150 dps=151 ump=152 finn=205"
)
IGMP_TYPES = ("dvmrp", "host-query", "host-report", "pim", "trace")
TCP_FLAGS = ("ack", "fin", "psh", "rst", "syn", "urg")
# ASA CLI guide, Extended ACLs: `log LEVEL`, a number or a name of RFC 5424 section 6.2.1.
ASA_LOG_LEVELS = _numbers(
    "emergencies=0 alerts=1 critical=2 errors=3 warnings=4 notifications=5 informational=6 debugging=7"
)
