"""An ACL file's text: what stays here, what is dropped, and faults with their line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freeradius_mdm.dacl.kinds import AclType
from freeradius_mdm.dacl.text import check

IPV4 = AclType.IPV4


def entries(text: str, type_: AclType = IPV4) -> list[str]:
    checked = check(text, type_)
    assert checked.faults == ()
    return [ace.text for ace in checked.aces]


def faults(text: str, type_: AclType = IPV4) -> list[str]:
    return [f"{fault.line}: {fault}" for fault in check(text, type_).faults]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("permit ip any any", ["permit ip any any"]),
        # Comments, remarks and empty lines do not go out (ise.md section 5.6); one blank between words.
        (
            "! for employees\n# also\nremark web\n  REMARK mail\n\npermit  tcp any\tany eq 443 \ndeny ip any any\n",
            ["permit tcp any any eq 443", "deny ip any any"],
        ),
        # Windows' line ends, and the mark that its editors put before the text.
        (
            "\ufeffpermit ip any host 10.1.1.1\r\ndeny ip any any\r\n",
            ["permit ip any host 10.1.1.1", "deny ip any any"],
        ),
        # A remark may be in any language.
        ("! café\nremark für Gäste\npermit ip any any", ["permit ip any any"]),
        # IOS prints sequence numbers (`show access-lists`), newer releases `sequence N` for IPv6.
        (
            "10 permit tcp any any eq 80\n20 remark web\n30 deny ip any any",
            ["permit tcp any any eq 80", "deny ip any any"],
        ),
        ("sequence 10 permit ip any any", ["permit ip any any"]),
    ],
)
def test_what_is_sent(text: str, expected: list[str]) -> None:
    assert entries(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["1: holds no access control entry; allowed: one ACE a line, at least one"]),
        ("! only\nremark words\n", ["1: holds no access control entry; allowed: one ACE a line, at least one"]),
        # Every fault is told, with its line as an editor counts it.
        (
            "permit ip any any\n\n! x\npermit foo any any\r\ndeny ip any",
            [
                "4: 'foo' is no protocol; allowed: a number from 0 to 255, or ah, ahp, eigrp, esp, gre, icmp, igmp, "
                "igrp, ip, ipinip, ipsec, nos, ospf, pcp, pim, pptp, sctp, snp, tcp, udp",
                "5: ends before the destination; allowed: an ACE is: permit|deny PROTOCOL SOURCE [PORTS] DESTINATION "
                "[PORTS] [OPTIONS]",
            ],
        ),
        # In the order of the lines, whatever found them.
        (
            "permit ip any 10.0.0.1 0.0.0.255\npermit tcp any any gt 65535",
            [
                "1: 10.0.0.1 has bits set that its wildcard 0.0.0.255 leaves open; allowed: 10.0.0.0 0.0.0.255, or "
                "host 10.0.0.1",
                "2: gt 65535 matches no port; allowed: lt 1 to lt 65535, gt 0 to gt 65534",
            ],
        ),
        # What a word processor leaves: a no-break space, a form feed, a dash that is none.
        ("permit ip any\xa0any", ["1: holds '\\xa0' (U+00A0); allowed: printable ASCII, blanks and tabs"]),
        ("permit ip any any\x0c", ["1: holds '\\x0c' (U+000C); allowed: printable ASCII, blanks and tabs"]),
        ("permit ip any any \u2013", ["1: holds '\\u2013' (U+2013); allowed: printable ASCII, blanks and tabs"]),
        # A lone carriage return is no line end for an editor on Unix, and must not hide an ACE.
        ("! x\rpermit ip any any", ["1: holds no access control entry; allowed: one ACE a line, at least one"]),
        # On the device the numbers would decide the order, here the lines do.
        (
            "20 permit ip any any\n10 deny ip any any",
            [
                "2: has the sequence number 10 after 20; allowed: ascending numbers from 1, or none: the order of the "
                "lines counts"
            ],
        ),
        # A whole configuration, pasted.
        (
            "ip access-list extended X\n permit ip any any",
            ["1: begins with 'ip', the device's command around an ACE; allowed: the ACE alone, from permit or deny"],
        ),
        (
            "access-list ACL_IN extended permit ip any any",
            [
                "1: begins with 'access-list', the device's command around an ACE; allowed: the ACE alone, from permit "
                "or deny"
            ],
        ),
        # 233 bytes fit behind `ip:inacl#1000=` (ise.md section 5.4): 36 and a name of 198 are one more.
        ("permit ip any any log time-range " + "x" * 201, ["1: has 234 characters; allowed: at most 233 in one ACE"]),
    ],
)
def test_refused(text: str, expected: list[str]) -> None:
    assert faults(text) == expected


def test_the_longest_ace() -> None:
    longest = "permit ip any any log time-range " + "x" * 200
    assert (len(longest), entries(longest)) == (233, [longest])
    # `ipv6:inacl#1000=` is two bytes longer, and an agnostic ACL may go out under it.
    shorter = "permit tcp any any log time-range " + "x" * 197
    for type_ in (AclType.IPV6, AclType.AGNOSTIC):
        assert entries(shorter, type_) == [shorter]
        assert faults(shorter + "x", type_) == ["1: has 232 characters; allowed: at most 231 in one ACE"]


def test_the_most_entries() -> None:
    assert faults("permit ip any any\n" * 9999) == []
    assert faults("permit ip any any\n" * 10000) == ["10000: has 10000 entries; allowed: at most 9999"]


@given(st.text(max_size=200), st.sampled_from(AclType))
def test_whatever_stands_there_is_read_or_refused(text: str, type_: AclType) -> None:
    checked = check(text, type_)
    assert checked.faults or checked.aces
    assert all(ace.text.isascii() and ace.text.isprintable() for ace in checked.aces)


WORDS = (
    "permit deny ip tcp icmp any host 10.0.0.1 10.0.0.0 0.0.0.255 255.255.255.0 eq range neq 80 443 www echo log "
    "established fragments dscp ef time-range X 2001:db8::/32 10 remark object-group"
)


@given(
    st.lists(st.lists(st.sampled_from(WORDS.split()), max_size=12).map(" ".join), max_size=4), st.sampled_from(AclType)
)
def test_what_is_accepted_reads_the_same_again(lines: list[str], type_: AclType) -> None:
    checked = check("\n".join(lines), type_)
    if not checked.faults:
        again = check("\n".join(ace.text for ace in checked.aces), type_)
        assert [ace.text for ace in again.aces] == [ace.text for ace in checked.aces]
        assert (again.style, again.faults) == (checked.style, ())
