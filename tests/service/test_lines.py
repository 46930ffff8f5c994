"""Lines that a device's own text can't forge."""

from __future__ import annotations

import pytest
from freeradius_mdm.decision import Outcome
from freeradius_mdm.service.lines import decision_line, moment, pair

from tests.store.samples import decision


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


def test_decision_line() -> None:
    rejected = decision(
        1, outcome=Outcome.REJECT, user="eve\nmdm", compliance="NonCompliant", record_age=12, total_ms=3.25, rule="",
        profile="", reason="rule \"quarantine\"", identity_kind="intune", server="intune",
    )  # fmt: skip
    assert decision_line(rejected) == (
        'time=2023-11-14T22:13:20.000Z outcome=reject user="eve?mdm" mac=0011223344AA '
        "identity=00000000-0000-0000-0000-000000000001 kind=intune proven=no server=intune compliant=NonCompliant "
        r'age=12s reason="rule \"quarantine\"" ms=3.2 id=000000000000000000000001'
    )
