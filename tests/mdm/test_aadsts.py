"""The advice, against the rows of intune.md section 2.5."""

import pytest

from freeradius_mdm.mdm.aadsts import ADVICE, advice_for

# Every number of the table, and a word its advice can't do without.
ROWS = [
    (700027, "upload this certificate"),
    (700024, "NTP"),
    (50012, "tenant"),
    (50027, "defect"),
    (50032, "2048"),
    (5002738, 'assertion_mode = "rs256"'),
    (5002730, 'assertion_mode = "rs256"'),
    (500133, "clock"),
    (7000215, "VALUE"),
    (7000222, "expired"),
    (7000218, "client_secret_file"),
    (700016, "client_id"),
    (7000229, "admin consent"),
    (7000112, "enable"),
    (90002, "tenant"),
    (500011, "licence"),
    (500014, "licence"),
    (70011, "//.default"),
    (65001, "admin consent"),
    (53003, "Conditional Access"),
    (50049, "login_host"),
]


@pytest.mark.parametrize(("code", "word"), ROWS)
def test_each_row(code: int, word: str) -> None:
    assert word in advice_for((code,), "anything")


def test_the_table_holds_nothing_else() -> None:
    assert set(ADVICE) == {code for code, _ in ROWS}


def test_the_first_known_code_decides() -> None:
    assert advice_for((1, 90002, 700016), "") == ADVICE[90002]


def test_an_unknown_code_falls_back_to_the_error() -> None:
    assert "credential" in advice_for((999999,), "invalid_client")


def test_nothing_known_gives_no_advice() -> None:
    assert advice_for((999999,), "some_error") == ""
