"""The strict encoder against the rules of freeradius.md sections 2.3 to 2.5, written down here a second time."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freeradius_mdm.codes import MEANINGS
from freeradius_mdm.errors import ReplyError
from freeradius_mdm.reply import List, Operator, Pair, encode, names

# The dictionaries' word for what we send: RFC 2865, 2868, 3579, Cisco and Microsoft VSAs. Whatever is not here is
# one of our own text attributes, which stay inside the server.
NUMBERS = {"Session-Timeout", "MDM-Record-Age"}
NAMED = {"Tunnel-Type": {"VLAN"}, "Tunnel-Medium-Type": {"IEEE-802"}, "Termination-Action": {"RADIUS-Request"}}
OCTETS = {"EAP-Message", "MS-MPPE-Recv-Key", "MS-MPPE-Send-Key"}
TAGGED = {"Tunnel-Type", "Tunnel-Medium-Type", "Tunnel-Private-Group-Id"}
LONGEST = {"Cisco-AVPair": 247, "Tunnel-Private-Group-Id": 252}


def assert_taken_as_it_is(given_back: Any) -> None:
    """Everything rlm_python3 wants of the dictionary it gets; what misses it is skipped, cut or zeroed silently."""
    assert type(given_back) is dict  # exact types only
    for name, pairs in given_back.items():
        assert type(name) is str
        assert name in {"reply", "config"}  # an unknown key is ignored
        assert type(pairs) is tuple  # with a list the whole list is skipped
        for pair in pairs:
            assert type(pair) is tuple
            assert len(pair) == 3  # without an operator a second Cisco-AVPair vanishes
            assert all(type(part) is str for part in pair)
            assert pair[1] in {":=", "+=", "!*"}  # `=`, `==`, `-=` and unknown ones do something else
            assert_value_is_taken(*pair)


def assert_value_is_taken(full_name: str, operator: str, value: str) -> None:
    name, colon, tag = full_name.partition(":")
    assert name in set(names())  # an unknown name is skipped
    if colon:  # a list prefix is ignored, a tag goes on tunnel attributes alone
        assert name in TAGGED
        assert re.fullmatch("[0-9]|[12][0-9]|3[01]", tag)
    if operator == "!*":
        return
    if name in NUMBERS:  # text becomes 0, larger numbers wrap, and 0 means "no limit" to some devices
        assert re.fullmatch("0|[1-9][0-9]{0,9}", value)
        assert int(value) < 2**32
        assert name != "Session-Timeout" or int(value) > 0
    elif name in NAMED:  # an unknown value name becomes 0
        assert value in NAMED[name]
    elif name in OCTETS:
        assert re.fullmatch("0x([0-9a-f]{2})+", value)
    else:
        assert_text_is_taken(value, LONGEST.get(name, 253))


def assert_text_is_taken(value: str, longest: int) -> None:
    value.encode("utf-8", "strict")  # a lone surrogate is dropped
    assert not re.search("[\x00-\x1f\x7f]", value)  # cut at NUL
    # Read as a double-quoted string: every backslash starts an escape, and one at the end drops the value.
    undone = re.sub(r"\\\\", "\x00", value)
    assert "\\" not in undone
    sent = undone.replace("\x00", "\\")
    assert 1 <= len(sent.encode()) <= longest  # cut on the wire


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
        Pair("Termination-Action", "Default"),
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
    """freeradius.md section 8: 40 AV pairs of 200 bytes... the rest is lost. Here 13 x (8 + 247) = 3315 bytes fit."""
    pair = Pair("Cisco-AVPair", "x" * 247, Operator.ADD)
    assert len(encode({List.REPLY: [pair] * 13})["reply"]) == 13
    with pytest.raises(ReplyError, match=r"the reply has 3570 bytes of attributes, 3400 fit into one packet"):
        encode({List.REPLY: [pair] * 14})
    # Our own attributes are never sent, and control isn't either.
    own = Pair("MDM-Rule", "x" * 253)
    assert len(encode({List.REPLY: [pair] * 13 + [own] * 20})["reply"]) == 33


def test_every_reason_a_user_may_be_told_fits_into_a_reply_message() -> None:
    for code, meaning in MEANINGS.items():
        assert len(f"{code} {meaning.text}".encode()) <= 253
