"""One `key=value` line per decision, which no value can forge."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from freeradius_mdm.decision import Decision, Outcome
from freeradius_mdm.log_line import decision_line, quote


def test_line() -> None:
    decision = Decision(
        id="0" * 24,
        at=0.0,
        outcome=Outcome.REJECT,
        method="EAP-TLS",
        user="host/laptop",
        identity="6c2f1a4e-9b3d-4e57-8a10-5f7c3b2d9e81",
        record_age=0,
        rule="Not compliant",
        reason='said "no"\nthen left',
        nas_port="Gi1/0/1",
        total_ms=1.5,
    )
    # Empty fields are left out, an age of 0 is not empty.
    assert decision_line(decision) == (
        "mdm decision id=000000000000000000000000 outcome=reject method=EAP-TLS user=host/laptop "
        'identity=6c2f1a4e-9b3d-4e57-8a10-5f7c3b2d9e81 record_age=0 rule="Not compliant" '
        'reason="said \\"no\\"?then left" nas_port=Gi1/0/1 total_ms=1.5'
    )


@given(st.text(max_size=60))
def test_no_value_forges_a_pair_or_a_line(text: str) -> None:
    written = quote(text)
    assert written.isprintable()
    assert re.fullmatch(r'[A-Za-z0-9_.:/@+-]+|"(?:[^"\\]|\\["\\])*"', written)


@given(st.text(max_size=60))
def test_a_users_name_is_one_field(user: str) -> None:
    line = decision_line(Decision(id="0" * 24, at=0.0, outcome=Outcome.ACCEPT, user=user))
    fields = re.findall(r'(?:^| )([a-z_]+)=(?:[A-Za-z0-9_.:/@+-]+|"(?:[^"\\]|\\["\\])*")', line)
    assert fields == ["id", "outcome", *(["user"] if user else []), "total_ms"]
