"""Lines that a device's own text can't forge."""

from __future__ import annotations

import pytest

from freeradius_mdm.service.lines import moment, pair


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("plain-Value_1.2:3/4@x", "k=plain-Value_1.2:3/4@x"),
        ("two words", 'k="two words"'),
        ("", 'k=""'),
        (1.25, "k=1.2"),
        # Forgery: the end of a line, a quote, another pair, a terminal's escape.
        ("x\noutcome=accept", 'k="x?outcome=accept"'),
        ('x" outcome="accept', r'k="x\" outcome=\"accept"'),
        ("x outcome=accept", 'k="x outcome=accept"'),
        ("\x1b[2J\x7f\x85\u2028", 'k="?[2J???"'),
        ("x" * 500, "k=" + "x" * 400 + "..."),
    ],
)
def test_pair(value: object, expected: str) -> None:
    assert pair("k", value) == expected


def test_moment() -> None:
    assert moment(1_700_000_000.0456) == "2023-11-14T22:13:20.046Z"
