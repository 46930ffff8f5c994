"""A decision goes round through its line of JSON."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freeradius_mdm.decision import Decision, Outcome, Step

DECISION = Decision(
    id="0123456789abcdef01234567",
    at=1_700_000_000.25,
    outcome=Outcome.REJECT,
    user='ev"il\nuser \u2028 é',
    record_age=7,
    attributes=(("Tunnel-Private-Group-Id:1", "20"), ("Cisco-AVPair", "a=b"), ("Cisco-AVPair", "c=d")),
    steps=(Step("M1001", "request received", 0.0), Step("M1101", "é", 1.25)),
    total_ms=2.5,
)


def test_one_line_of_plain_ascii() -> None:
    text = DECISION.to_json()
    assert text.isascii()
    assert "\n" not in text
    assert json.loads(text)["outcome"] == "reject"
    assert json.loads(text)["steps"][1] == {"code": "M1101", "text": "é", "at_ms": 1.25}


def test_goes_round() -> None:
    assert Decision.from_json(DECISION.to_json()) == DECISION
    plain = Decision("0" * 24, 0.0, Outcome.ACCEPT)
    assert Decision.from_json(plain.to_json()) == plain
    # Types too: an enum, and tuples that can't be changed.
    again = Decision.from_json(DECISION.to_json())
    assert type(again.outcome) is Outcome
    assert type(again.attributes) is tuple
    assert hash(again) == hash(DECISION)


@given(st.builds(Decision, id=st.text(), at=st.floats(0, 2e9), outcome=st.sampled_from(Outcome), user=st.text()))
def test_any_text_goes_round(decision: Decision) -> None:
    assert "\n" not in decision.to_json()
    assert Decision.from_json(decision.to_json()) == decision


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        '{"id":"x","at":1,"outcome":"maybe","attributes":[],"steps":[]}',
        '{"id":"x","at":1,"outcome":"accept","attributes":[],"steps":[],"unknown":1}',
        '{"id":"x","at":1,"outcome":"accept","attributes":[["one"]],"steps":[]}',
        '{"id":"x","at":1,"outcome":"accept","attributes":[],"steps":[{"code":"M1"}]}',
        '{"id":"x","at":1,"outcome":"accept","attributes":null,"steps":[]}',
    ],
)
def test_anything_else_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Decision.from_json(text)
