"""The strict encoder against the rules of freeradius.md sections 2.3 to 2.5, written down here a second time."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freeradius_mdm.codes import MEANINGS
from freeradius_mdm.errors import ReplyError, ReplyTooLong
from freeradius_mdm.reply import List, Operator, Pair, encode, names, octets
from tests import reply_oracle


def assert_taken_as_it_is(given_back: Any) -> None:
    """Everything rlm_python3 wants of the dictionary it gets; what misses it is skipped, cut or zeroed silently."""
    reply_oracle.check(given_back)


any_text = st.one_of(
    st.text(st.characters(exclude_categories=()), max_size=300),
    st.sampled_from(["VLAN", "IEEE-802", "RADIUS-Request", "0x0304", "0x", "\\"]),
)
any_pair = st.builds(
    Pair,
    name=st.one_of(st.sampled_from(sorted(names())), st.text(max_size=20)),
    value=st.one_of(any_text, st.integers(), st.none(), st.booleans(), st.binary(max_size=4), st.floats()),
    operator=st.sampled_from(Operator),
    tag=st.one_of(st.none(), st.integers(-1, 40), st.booleans()),
)


@given(st.lists(any_pair, max_size=4), st.lists(any_pair, max_size=2))
def test_nothing_leaves_that_would_be_skipped_cut_or_zeroed(reply: list[Pair], control: list[Pair]) -> None:
    try:
        given_back = encode({List.REPLY: reply, List.CONTROL: control})
    except ReplyError:
        return
    assert_taken_as_it_is(given_back)
    assert sum(map(len, given_back.values())) == len(reply) + len(control)


@given(st.sampled_from(["Filter-Id", "Reply-Message", "MDM-Rule"]), st.text(st.characters(codec="utf-8"), max_size=260))
def test_text_arrives_as_it_was_meant(name: str, text: str) -> None:
    try:
        ((_, _, value),) = encode({List.REPLY: [Pair(name, text)]})["reply"]
    except ReplyError:
        return
    assert value.replace("\\\\", "\\") == text


@pytest.mark.parametrize(
    ("pair", "encoded"),
    [
        (Pair("Session-Timeout", 14400), ("Session-Timeout", ":=", "14400")),
        (Pair("Session-Timeout", 2**31 - 1), ("Session-Timeout", ":=", "2147483647")),
        (Pair("Termination-Action", "RADIUS-Request"), ("Termination-Action", ":=", "RADIUS-Request")),
        (Pair("Termination-Action", "Default"), ("Termination-Action", ":=", "Default")),
        (Pair("ASA-VLAN", 4094), ("ASA-VLAN", ":=", "4094")),
        # Tagged and untagged.
        (Pair("Tunnel-Type", "VLAN", tag=1), ("Tunnel-Type:1", ":=", "VLAN")),
        (Pair("Tunnel-Private-Group-Id", "20", tag=0), ("Tunnel-Private-Group-Id:0", ":=", "20")),
        (Pair("Tunnel-Medium-Type", "IEEE-802", tag=31), ("Tunnel-Medium-Type:31", ":=", "IEEE-802")),
        # Backslashes are doubled; `%{` is not expanded and stays.
        (Pair("Filter-Id", "a\\b\\"), ("Filter-Id", ":=", "a\\\\b\\\\")),
        (Pair("Filter-Id", '%{User-Name} "x"'), ("Filter-Id", ":=", '%{User-Name} "x"')),
        # At the limit, in bytes.
        (Pair("Filter-Id", "é" * 126), ("Filter-Id", ":=", "é" * 126)),
        (Pair("Cisco-AVPair", "x" * 247, Operator.ADD), ("Cisco-AVPair", "+=", "x" * 247)),
        (Pair("EAP-Message", "0x04050004"), ("EAP-Message", ":=", "0x04050004")),
        (Pair("EAP-Message", "", Operator.CLEAR), ("EAP-Message", "!*", "ANY")),
    ],
)
def test_encoded(pair: Pair, encoded: tuple[str, str, str]) -> None:
    assert encode({List.REPLY: [pair]}) == {"reply": (encoded,)}


class Name(StrEnum):
    FILTER = "Filter-Id"


class Text(str):
    pass


@pytest.mark.parametrize(
    "pair",
    [
        # Section 2.3, line by line.
        Pair("Session-Timeout", "14400"),
        Pair("Session-Timeout", 0),
        Pair("Session-Timeout", -1),
        Pair("Session-Timeout", 4294967296),
        Pair("Session-Timeout", True),
        Pair("MDM-Record-Age", -1),
        Pair("Tunnel-Type", "NOPE", tag=1),
        Pair("Tunnel-Type", "vlan", tag=1),
        Pair("Termination-Action", "default"),
        Pair("Termination-Action", "Manage-Resources"),
        Pair("Termination-Action", 1),
        Pair("Idle-Timeout", 0),
        Pair("ASA-VLAN", 0),
        Pair("ASA-VLAN", 4095),
        Pair("Egress-VLANID", 2**32),
        Pair("Response-Packet-Type", "Access-Request"),
        Pair("No-Such-Attribute", "x"),
        Pair("control:Reply-Message", "x"),
        Pair("Reply-Message:1", "x"),
        Pair("Filter-Id", "x", tag=1),
        Pair("Tunnel-Type", "VLAN", tag=32),
        Pair("Tunnel-Type", "VLAN", tag=-1),
        Pair("Tunnel-Type", "VLAN", tag=True),
        Pair("Filter-Id", 7),
        Pair("Filter-Id", b"x"),  # type: ignore[arg-type]
        Pair("Filter-Id", Text("x")),
        Pair(Name.FILTER, "x"),
        Pair("Filter-Id", "\udcff"),
        Pair("Filter-Id", "a\0b"),
        Pair("Filter-Id", "a\nb"),
        Pair("Filter-Id", "a\x7fb"),
        Pair("Filter-Id", ""),
        Pair("Filter-Id", "x" * 254),
        Pair("Filter-Id", "é" * 127),
        Pair("Cisco-AVPair", "x" * 248, Operator.ADD),
        Pair("Tunnel-Private-Group-Id", "x" * 253, tag=1),
        Pair("EAP-Message", "04050004"),
        Pair("EAP-Message", "0x0405000"),
        Pair("EAP-Message", "0x"),
        Pair("EAP-Message", "0x0405000G"),
        Pair("EAP-Message", "0x" + "00" * 254),
    ],
)
def test_refused(pair: Pair) -> None:
    with pytest.raises(ReplyError):
        encode({List.REPLY: [pair]})


def test_an_empty_list_is_left_out() -> None:
    assert encode({List.REPLY: [], List.CONTROL: [Pair("MDM-Wait-Kind", "mac")]}) == {
        "config": (("MDM-Wait-Kind", ":=", "mac"),)
    }


def test_what_does_not_fit_into_a_packet_is_refused() -> None:
    """RFC 2865 section 3: 4096 bytes. 20 of header and 18 of Message-Authenticator leave 4058.

    15 x (8 + 247) = 3825, and 233 left: 8 + 225 fit, one byte more does not.
    """
    pairs = [Pair("Cisco-AVPair", "x" * 247, Operator.ADD)] * 15
    fits = [*pairs, Pair("Cisco-AVPair", "y" * 225, Operator.ADD)]
    assert len(encode({List.REPLY: fits})["reply"]) == 16
    with pytest.raises(ReplyTooLong, match=r"the reply has 4059 bytes of attributes, 4058 fit into one packet"):
        encode({List.REPLY: [*pairs, Pair("Cisco-AVPair", "y" * 226, Operator.ADD)]})
    with pytest.raises(ReplyTooLong, match=r"the reply has 4058 bytes of attributes, 4057 fit"):
        encode({List.REPLY: fits}, room=4057)
    # Our own attributes are never sent, nor is control, nor what is cleared.
    own = [Pair(f"MDM-{name}", "x" * 253) for name in ("Rule", "Server-Name", "Decision-Id")]
    lists = {List.REPLY: [Pair("Filter-Id", "", Operator.CLEAR), *fits, *own], List.CONTROL: own}
    assert len(encode(lists)["reply"]) == 20


@pytest.mark.parametrize(
    "pairs",
    [
        # `:=` replaces the first of its name and ignores tags (section 2.4), so the first would be lost.
        [Pair("Filter-Id", "a"), Pair("Filter-Id", "b")],
        [Pair("Tunnel-Type", "VLAN", tag=1), Pair("Tunnel-Type", "VLAN", tag=2)],
        [Pair("Cisco-AVPair", "a", Operator.ADD), Pair("Cisco-AVPair", "b")],
        [Pair("Cisco-AVPair", "a", Operator.ADD), Pair("Cisco-AVPair", "", Operator.CLEAR)],
    ],
)
def test_nothing_may_take_another_ones_place(pairs: list[Pair]) -> None:
    with pytest.raises(ReplyError, match="stands in the reply list already and would be lost"):
        encode({List.REPLY: pairs})


def test_what_stands_beside_another() -> None:
    pairs = [
        Pair("Cisco-AVPair", "", Operator.CLEAR),
        Pair("Cisco-AVPair", "a"),
        Pair("Cisco-AVPair", "b", Operator.ADD),
        Pair("Tunnel-Type", "VLAN", tag=1),
        Pair("Tunnel-Type", "VLAN", Operator.ADD, tag=2),
    ]
    # In the order in which they were given: what matters first has to stand first.
    assert encode({List.REPLY: pairs})["reply"] == (
        ("Cisco-AVPair", "!*", "ANY"),
        ("Cisco-AVPair", ":=", "a"),
        ("Cisco-AVPair", "+=", "b"),
        ("Tunnel-Type:1", ":=", "VLAN"),
        ("Tunnel-Type:2", "+=", "VLAN"),
    )


def test_rules_that_end_where_an_attribute_does_are_refused() -> None:
    """RFC 4849 section 2 puts rules together with a zero byte between; 3.2.1 and 3.2.7 then send an empty attribute."""

    def rules(*lengths: int) -> list[Pair]:
        return [Pair("NAS-Filter-Rule", "r" * length, Operator.ADD) for length in lengths]

    for lengths in ((252,), (100, 151), (253, 253), (100, 100, 50)):
        assert len(encode({List.REPLY: rules(*lengths)})["reply"]) == len(lengths)
    for lengths in ((253,), (100, 152), (253, 252), (100, 100, 51)):
        with pytest.raises(ReplyError, match="end exactly where an attribute does"):
            encode({List.REPLY: rules(*lengths)})


def test_an_operator_that_is_none() -> None:
    with pytest.raises(ReplyError, match="the operator '=' is none of :=, "):
        encode({List.REPLY: [Pair("Filter-Id", "x", "=")]})  # type: ignore[arg-type]


def test_bytes() -> None:
    # ise.md section 5.8: a fixed prefix and an id. "mdm:" is 6d 64 6d 3a in ASCII.
    assert encode({List.REPLY: [Pair("Class", octets(b"mdm:0a"), Operator.ADD)]}) == {
        "reply": (("Class", "+=", "0x6d646d3a3061"),)
    }


def test_every_reason_a_user_may_be_told_fits_into_a_reply_message() -> None:
    for code, meaning in MEANINGS.items():
        assert len(f"{code} {meaning.text}".encode()) <= 253
