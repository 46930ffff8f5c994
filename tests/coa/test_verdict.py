"""Results become codes and advice."""

from __future__ import annotations

import pytest

from freeradius_mdm.coa.error_cause import CAUSES, Advice
from freeradius_mdm.coa.sender import Outcome, Result
from freeradius_mdm.coa.verdict import Verdict, judge
from freeradius_mdm.codes import MEANINGS, Code


@pytest.mark.parametrize(
    ("result", "disconnect", "expected"),
    [
        (Result(Outcome.ACK, ""), False, Verdict(Code.COA_ACKNOWLEDGED, Advice.DONE)),
        (Result(Outcome.NAK, "", 503), True, Verdict(Code.COA_SESSION_GONE, Advice.GONE)),
        (Result(Outcome.NAK, "", 407), False, Verdict(Code.COA_TEMPLATE_WRONG, Advice.TEMPLATE)),
        (Result(Outcome.NAK, "", 501), False, Verdict(Code.COA_FORBIDDEN, Advice.DEVICE)),
        (Result(Outcome.NAK, "", 406), False, Verdict(Code.COA_UNSUPPORTED, Advice.FALL_BACK)),
        (Result(Outcome.NAK, "", 508), False, Verdict(Code.COA_SEVERAL_SESSIONS, Advice.NARROWER)),
        (Result(Outcome.NAK, "", 507), False, Verdict(Code.COA_ACKNOWLEDGED, Advice.DONE)),
        (Result(Outcome.NAK, ""), False, Verdict(Code.COA_UNSUPPORTED, Advice.FALL_BACK)),
        (Result(Outcome.NAK, ""), True, Verdict(Code.COA_REFUSED, Advice.RETRY)),
        (Result(Outcome.TIMEOUT, ""), False, Verdict(Code.COA_NO_ANSWER, Advice.RETRY)),
        (Result(Outcome.TIMEOUT, "", discarded=("x",)), False, Verdict(Code.COA_ANSWER_INVALID, Advice.RETRY)),
        (Result(Outcome.UNREACHABLE, ""), False, Verdict(Code.COA_UNREACHABLE, Advice.RETRY)),
        (Result(Outcome.NOT_SENT, ""), False, Verdict(Code.COA_NOT_SENT, Advice.RETRY)),
    ],
)
def test_results(result: Result, disconnect: bool, expected: Verdict) -> None:
    assert judge(result, disconnect=disconnect) == expected


def test_every_code_has_a_meaning() -> None:
    assert {code for code in Code if code.value.startswith("M16")} <= set(MEANINGS)
    for cause in CAUSES:
        assert judge(Result(Outcome.NAK, "", cause), disconnect=False).code in MEANINGS
