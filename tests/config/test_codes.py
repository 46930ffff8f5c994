"""The codes of configuration errors."""

from __future__ import annotations

import re

from freeradius_mdm.config.codes import MEANINGS, ConfigCode


def test_every_code_has_a_meaning_and_a_next_step() -> None:
    assert set(MEANINGS) == set(ConfigCode)
    assert all(meaning.text and meaning.advice for meaning in MEANINGS.values())
    assert all("\n" not in meaning.text + meaning.advice for meaning in MEANINGS.values())


def test_codes_are_of_their_family() -> None:
    assert all(re.fullmatch("M18(5|6)[0-9]", code) for code in ConfigCode)


def test_codes_are_stable() -> None:
    # Written down once; a code is never given another meaning.
    assert {code.name: code.value for code in ConfigCode} == {
        "UNREADABLE": "M1850",
        "SYNTAX": "M1851",
        "MISSING": "M1852",
        "WRONG_TYPE": "M1853",
        "DOES_NOT_FIT": "M1854",
        "OUT_OF_RANGE": "M1855",
        "UNKNOWN_KEY": "M1856",
        "UNKNOWN_VALUE": "M1857",
        "UNKNOWN_REFERENCE": "M1858",
        "DUPLICATE": "M1859",
        "CONTRADICTION": "M1860",
        "INCOMPLETE": "M1861",
        "NO_EFFECT": "M1862",
        "NOT_EXPRESSIBLE": "M1863",
        "DACL": "M1864",
        "EXPOSED_SECRET": "M1865",
        "RETIRED": "M1866",
        "POLICY_GAP": "M1867",
        "RADDB": "M1868",
    }
