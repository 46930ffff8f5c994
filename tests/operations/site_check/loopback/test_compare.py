"""What is told of a reply that is not as it was meant."""

from __future__ import annotations

import pytest

from freeradius_mdm.operations.site_check.loopback.compare import decision_id, differences, wrong_code
from freeradius_mdm.operations.site_check.loopback.exchange import AccessCode, Reply
from freeradius_mdm.operations.site_check.loopback.wire import Shown

TIMER = Shown(27, b"\0\0\x38\x40", "Session-Timeout", "14400")
FIRST = Shown(26, b"\0\0\0\x09\1\5a=b", "Cisco-AVPair", "a=b")
SECOND = Shown(26, b"\0\0\0\x09\1\5c=d", "Cisco-AVPair", "c=d")
FILTER = Shown(11, b"x", "Filter-Id", "x")


@pytest.mark.parametrize(
    ("came", "expected"),
    [
        ([TIMER, FIRST, SECOND], []),
        # 3.2.9 sends values that are zero or empty (freeradius.md section 14)
        (
            [Shown(27, bytes(4), "Session-Timeout", "0"), FIRST, SECOND],
            ["Session-Timeout is 0, meant was 14400"],
        ),
        ([FIRST, SECOND], ["Session-Timeout is missing, meant was 14400"]),
        ([TIMER, FIRST], ["Cisco-AVPair is a=b, meant was a=b, c=d"]),
        ([TIMER, SECOND, FIRST], ["Cisco-AVPair is c=d, a=b, meant was a=b, c=d"]),
        ([TIMER, FIRST, SECOND, SECOND], ["Cisco-AVPair is a=b, c=d, c=d, meant was a=b, c=d"]),
        ([TIMER, FIRST, SECOND, FILTER], ["Filter-Id = x was added"]),
        (
            [FIRST, SECOND, TIMER],
            ["the order is Cisco-AVPair, Cisco-AVPair, Session-Timeout, meant was Session-Timeout, Cisco-AVPair, "
             "Cisco-AVPair"],
        ),
        (
            [Shown(27, b"", "Session-Timeout", "0"), Shown(26, b"\0\0\0\x09\1\2", "Cisco-AVPair", "")],
            ["Session-Timeout is 0, meant was 14400", "Cisco-AVPair is empty, meant was a=b, c=d"],
        ),
    ],
)  # fmt: skip
def test_each_difference(came: list[Shown], expected: list[str]) -> None:
    assert differences([TIMER, FIRST, SECOND], came, signed=True) == expected


def test_a_reply_without_signature() -> None:
    assert differences([TIMER], [TIMER], signed=False) == ["Message-Authenticator is missing"]


def test_a_value_that_only_looks_the_same() -> None:
    """The tag 0 of RFC 2868 is an octet of its own: as text both are VLAN 20."""
    name = "Tunnel-Private-Group-Id"
    untagged, tagged = Shown(81, b"20", name, "20"), Shown(81, b"\x0020", name, "20")
    assert len(differences([untagged], [tagged], signed=True)) == 1


def test_long_values_are_cut() -> None:
    (text,) = differences([Shown(11, b"x" * 200, "Filter-Id", "x" * 200)], [], signed=True)
    assert len(text) < 200


@pytest.mark.parametrize(
    ("accept", "code", "expected"),
    [
        (True, AccessCode.ACCEPT, ""),
        (False, AccessCode.REJECT, ""),
        (True, AccessCode.REJECT, "Access-Reject came, meant was Access-Accept"),
        (False, AccessCode.ACCEPT, "Access-Accept came, meant was Access-Reject (why)"),
        (True, AccessCode.CHALLENGE, "Access-Challenge came, meant was Access-Accept"),
    ],
)
def test_the_kind_of_answer(accept: bool, code: AccessCode, expected: str) -> None:
    assert wrong_code(accept, Reply(code, (), True), "" if accept else "why") == expected


@pytest.mark.parametrize(
    ("classes", "expected"),
    [
        ([], ""),
        ([b"group"], ""),
        ([b"group", b"mdm:" + b"0a" * 12], "0a" * 12),
        ([b"mdm:" + b"0A" * 12], ""),
        ([b"mdm:" + b"0a" * 13], ""),
    ],
)
def test_the_decisions_id(classes: list[bytes], expected: str) -> None:
    assert decision_id(Reply(AccessCode.ACCEPT, tuple((25, octets) for octets in classes), True)) == expected
