"""Whole ACEs, numbered through, and never more octets than RADIUS allows.

Sizes by RFC 2865: 20 for the header (section 3), 2 for an attribute's (5), 8 for a vendor's with Cisco's own (5.26);
Message-Authenticator has 18 (RFC 3579 section 3.2).
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freeradius_mdm.download.pages import Page, PageError, cut

LINE = "permit tcp any host 10.20.30.40 eq 12345 logs"  # 45 characters


def pages(entries: list[str], packet_size: int, state: int = 66, proxy: tuple[int, ...] = ()) -> list[Page]:
    found = [cut(entries, "ip:inacl", 0, packet_size, state, proxy)]
    while (offset := found[-1].next_offset) is not None:
        found.append(cut(entries, "ip:inacl", offset, packet_size, state, proxy))
    return found


def test_one_packet() -> None:
    # `ip:inacl#1=` has 11 octets: 20 + 18 + 2 * (8 + 11 + 45) = 166.
    assert pages([LINE, LINE], 1000) == [Page((f"ip:inacl#1={LINE}", f"ip:inacl#2={LINE}"), None, 166)]
    assert cut([LINE], "ipv6:inacl", 0, 1000, 66, ()).values == (f"ipv6:inacl#1={LINE}",)


def test_the_last_packet_needs_no_state() -> None:
    # Fifteen fit: 38 + 9 * 64 + 6 * 65 = 1004. With a State of 66 + 2 octets there is room for one less than two.
    assert [len(page.values) for page in pages([LINE] * 15, 1004)] == [15]
    assert [(len(page.values), page.size) for page in pages([LINE] * 15, 1003)] == [
        (13, 38 + 9 * 64 + 4 * 65 + 68),
        (2, 38 + 2 * 65),
    ]


def test_fifty_six_lines_of_45_characters() -> None:
    """ise.md section 5.4 names 56 for 3,800 octets."""
    # 38 + 68 for the State + 9 * 64 + 47 * 65 = 3737; a 57th would make it 3802.
    first = pages([LINE] * 2000, 3800)[0]
    assert (len(first.values), first.size) == (56, 3737)


def test_numbers_go_on() -> None:
    found = pages([LINE] * 200, 1000)
    numbers = [int(value.partition("#")[2].partition("=")[0]) for page in found for value in page.values]
    assert numbers == list(range(1, 201))


def test_what_goes_back_with_the_reply_takes_its_share() -> None:
    assert pages([LINE] * 2, 1000, proxy=(10, 253))[0].size == 166 + 12 + 255
    with pytest.raises(PageError, match="no room for line 1"):
        pages([LINE] * 20, 1000, proxy=(253, 253, 253, 200))


def test_a_line_too_long_is_never_cut() -> None:
    assert len(pages(["x" * 236], 1000)[0].values[0]) == 247
    with pytest.raises(PageError, match=r"line 2 of the ACL has 248 octets, at most 247"):
        pages([LINE, "x" * 237], 1000)
    # A number of two digits leaves one less; the first packet is refused too, for no part of an ACL is one.
    with pytest.raises(PageError, match="line 10 "):
        pages([LINE] * 9 + ["x" * 236], 4000)


@given(
    st.lists(st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=230), min_size=1),
    st.integers(1000, 4000),
    st.integers(40, 131),
    st.lists(st.integers(0, 50), max_size=4),
)
def test_nothing_is_lost_and_no_packet_is_too_long(
    entries: list[str], packet_size: int, state: int, proxy: list[int]
) -> None:
    found = pages(entries, packet_size, state, tuple(proxy))
    values = [value for page in found for value in page.values]
    assert values == [f"ip:inacl#{number}={entry}" for number, entry in enumerate(entries, 1)]
    for page in found:
        octets = 38 + sum(2 + each for each in proxy) + sum(8 + len(value) for value in page.values)
        octets += 0 if page is found[-1] else 2 + state
        assert page.size == octets <= packet_size
