"""What a refusal asks for: ise.md section 6.3, numbers and names from RFC 5176 section 3.5."""

from __future__ import annotations

import pytest

from freeradius_mdm.coa.error_cause import CAUSES, Advice, advise, name


@pytest.mark.parametrize(
    ("causes", "advice"),
    [
        ((503,), Advice.GONE),
        ((401, 402, 404, 407), Advice.TEMPLATE),
        ((403, 501, 502), Advice.DEVICE),
        ((405, 406), Advice.FALL_BACK),
        ((504, 505, 506), Advice.RETRY),
        ((508,), Advice.NARROWER),
        ((201, 202, 507), Advice.DONE),
    ],
)
def test_each_cause(causes: tuple[int, ...], advice: Advice) -> None:
    assert {advise(cause, disconnect=False) for cause in causes} == {advice}


def test_the_table_is_the_rfc_s() -> None:
    assert sorted(CAUSES) == [201, 202, *range(401, 408), *range(501, 509)]


def test_nothing_is_behind_a_disconnect() -> None:
    assert advise(406, disconnect=True) is Advice.DEVICE
    assert advise(503, disconnect=True) is Advice.GONE


def test_a_nak_without_a_cause_and_unknown_numbers() -> None:
    assert advise(None, disconnect=False) is Advice.FALL_BACK
    assert advise(None, disconnect=True) is Advice.RETRY
    assert advise(499, disconnect=False) is Advice.TEMPLATE
    assert advise(599, disconnect=False) is Advice.RETRY


def test_names() -> None:
    assert name(503) == "503 Session Context Not Found"
    assert name(599) == "599 (unknown Error-Cause)"
    assert name(None) == "no Error-Cause"
