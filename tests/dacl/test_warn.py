"""What is served and still deserves a look."""

from __future__ import annotations

import pytest

from freeradius_mdm.dacl.kinds import AclType
from freeradius_mdm.dacl.text import check

IPV4, IPV6, AGNOSTIC = AclType.IPV4, AclType.IPV6, AclType.AGNOSTIC
_CLIENT = "a network device puts the client's address for any and nothing else in its place"


@pytest.mark.parametrize(
    ("type_", "lines", "warnings"),
    [
        # Nothing to say: an implicit deny at the end is what an ACL of permits means.
        (IPV4, ["permit tcp any any eq 443"], []),
        (IPV4, ["deny ip any 10.0.0.0 0.255.255.255", "permit ip any any"], []),
        (IPV4, ["permit udp any any eq domain", "deny ip any any"], []),
        # Covered, and by what.
        (
            IPV4,
            ["permit tcp any any", "deny tcp any any eq telnet", "permit tcp any any eq 80"],
            [
                "2: deny tcp any any eq telnet: can never match: line 1 (permit tcp any any) covers it and does the "
                "opposite",
                "3: permit tcp any any eq 80: can never match: line 1 (permit tcp any any) covers it and does the same",
            ],
        ),
        (
            IPV4,
            ["deny tcp any any range 1 1023", "permit tcp any any eq 80"],
            [
                "2: permit tcp any any eq 80: can only match fragments after the first: line 1 "
                "(deny tcp any any range 1 1023) covers it and does the opposite"
            ],
        ),
        # Everything behind a line for all packets, in one warning.
        (
            IPV4,
            ["permit udp any any", "deny ip any any", "permit tcp any any", "! x", "permit icmp any any"],
            ["3: lines 3 to 5 can never match: line 2 (deny ip any any) takes every packet"],
        ),
        # An ACL that lets nothing through.
        (
            IPV4,
            ["deny tcp any any eq telnet", "deny udp any any"],
            ["2: permits nothing, and every ACL ends with an implicit deny: the session is cut off"],
        ),
        # A source that is no client (ise.md section 5.6: source `any` is replaced by the client's address).
        (IPV4, ["permit ip 10.0.0.0 0.0.0.255 any"], [f"1: the source is 10.0.0.0 0.0.0.255: {_CLIENT}"]),
        (
            IPV4,
            ["permit ip any4 any4", "permit tcp host 10.1.1.1 any4", "permit udp host 10.1.1.2 any"],
            [
                f"2: the source is host 10.1.1.1 (2 lines in all): {_CLIENT}",
                "2: permit tcp host 10.1.1.1 any4: can never match: line 1 (permit ip any4 any4) covers it and does "
                "the same",
            ],
        ),
        # A name that every device must know.
        (
            IPV4,
            ["permit ip any host 10.1.1.1 time-range WORK", "permit ip any host 10.1.1.2 time-range WORK"],
            ["1: time-range WORK must be configured on every device"],
        ),
        # IOS lets neighbour discovery through before its implicit deny, not before an explicit one (Catalyst 3750
        # Metro command reference, deny (IPv6 access-list configuration)).
        (IPV6, ["permit tcp any any eq 443"], []),
        (IPV6, ["permit icmp any any nd-ns", "permit icmp any any nd-na", "deny ipv6 any any"], []),
        (IPV6, ["permit icmp any any", "deny ipv6 any any"], []),
        (IPV6, ["deny tcp any any eq telnet", "permit ipv6 any any"], []),
        (
            IPV6,
            ["permit tcp any any eq 443", "permit icmp any any nd-ns", "deny ipv6 any any log"],
            [
                "3: deny ipv6 any any log also stops neighbour discovery, without which IPv6 does not work: put permit "
                "icmp any any nd-ns and nd-na before it, or leave it to the implicit deny"
            ],
        ),
        (
            AGNOSTIC,
            ["permit tcp any any eq 443", "deny ip any any"],
            [
                "2: deny ip any any also stops neighbour discovery, without which IPv6 does not work: put permit icmp "
                "any any before it, or leave it to the implicit deny"
            ],
        ),
    ],
)
def test_warnings(type_: AclType, lines: list[str], warnings: list[str]) -> None:
    checked = check("\n".join(lines), type_)
    assert checked.faults == ()
    assert sorted(f"{warning.line}: {warning.text}" for warning in checked.warnings) == sorted(warnings)


def test_many_covered_lines_are_counted() -> None:
    lines = ["permit tcp any any", *(f"permit tcp any any eq {port}" for port in range(1, 31))]
    warnings = check("\n".join(lines), IPV4).warnings
    assert len(warnings) == 21
    assert (warnings[-1].line, warnings[-1].text) == (22, "10 more lines can't match because of an earlier one")


def test_an_acl_with_faults_has_no_warnings() -> None:
    checked = check("deny ip any any\npermit ip any any\npermit foo any any", IPV4)
    assert (len(checked.faults), checked.warnings) == (1, ())
