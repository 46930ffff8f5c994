"""EAP-TLS framing: the octets of RFC 5216 section 3, by hand."""

from __future__ import annotations

import pytest

from freeradius_mdm.lab.radius import fragments
from freeradius_mdm.lab.radius.errors import EapError
from freeradius_mdm.lab.radius.fragments import LARGEST_MESSAGE, Flags, Fragment, Reassembly

TYPE_DATA = [
    # acknowledgement, Start, a whole flight without and with its length
    ("00", Fragment()),
    ("20", Fragment(Flags.START)),
    ("00 160301", Fragment(data=b"\x16\x03\x01")),
    ("80 00000003 160301", Fragment(Flags.LENGTH, b"\x16\x03\x01", 3)),
    # first, middle and last of three fragments
    ("c0 00000007 161616", Fragment(Flags.LENGTH | Flags.MORE, b"\x16\x16\x16", 7)),
    ("40 171717", Fragment(Flags.MORE, b"\x17\x17\x17")),
    ("00 18", Fragment(data=b"\x18")),
]


@pytest.mark.parametrize(("octets", "fragment"), TYPE_DATA)
def test_both_ways(octets: str, fragment: Fragment) -> None:
    assert fragment.encode() == bytes.fromhex(octets)
    assert fragments.decode(bytes.fromhex(octets)) == fragment


def test_reserved_bits_are_ignored() -> None:
    assert fragments.decode(b"\x1f") == Fragment()


@pytest.mark.parametrize("octets", ["", "80", "c0 000000"])
def test_malformed(octets: str) -> None:
    with pytest.raises(EapError):
        fragments.decode(bytes.fromhex(octets))


@pytest.mark.parametrize(
    ("message", "size", "expected"),
    [
        (b"", 3, ["00"]),
        (b"abc", 3, ["00 616263"]),
        (b"abcd", 3, ["c0 00000004 616263", "00 64"]),
        (b"abcdef", 3, ["c0 00000006 616263", "00 646566"]),
        (b"abcdefg", 3, ["c0 00000007 616263", "40 646566", "00 67"]),
    ],
)
def test_split(message: bytes, size: int, expected: list[str]) -> None:
    parts = fragments.split(message, size)
    assert [part.encode() for part in parts] == [bytes.fromhex(octets) for octets in expected]


@pytest.mark.parametrize("size", [1, 16, 200, 1300, 5000])
def test_what_is_split_comes_together(size: int) -> None:
    message = bytes(range(256)) * 18
    reassembly = Reassembly()
    *some, last = fragments.split(message, size)
    assert [reassembly.add(part) for part in some] == [None] * len(some)
    assert reassembly.add(last) == message
    # and it is ready for the next flight
    assert reassembly.add(Fragment(data=b"next")) == b"next"


def test_length_repeated_in_every_fragment_is_fine() -> None:
    reassembly = Reassembly()
    assert reassembly.add(Fragment(Flags.LENGTH | Flags.MORE, b"ab", 3)) is None
    assert reassembly.add(Fragment(Flags.LENGTH, b"c", 3)) == b"abc"


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ([Fragment(Flags.LENGTH, b"abc", 4)], "says 4, 3 octets came"),
        ([Fragment(Flags.LENGTH | Flags.MORE, b"ab", 3), Fragment(data=b"cd")], "says 3, 4 octets came"),
        ([Fragment(Flags.LENGTH | Flags.MORE, b"ab", 3), Fragment(Flags.LENGTH, b"c", 5)], "from 3 to 5"),
        ([Fragment(Flags.MORE)], "empty"),
        ([Fragment(Flags.LENGTH | Flags.MORE, b"a", LARGEST_MESSAGE + 1)], "more than"),
        ([Fragment(Flags.MORE, bytes(LARGEST_MESSAGE)), Fragment(Flags.MORE, b"a")], "more than"),
    ],
)
def test_reassembly_refuses(parts: list[Fragment], why: str) -> None:
    reassembly = Reassembly()
    *good, last = parts
    for part in good:
        reassembly.add(part)
    with pytest.raises(EapError, match=why):
        reassembly.add(last)
