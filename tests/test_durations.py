"""Durations as an operator writes them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freeradius_mdm import durations


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        # Each unit.
        ("250ms", 0.25),
        ("90s", 90),
        ("10m", 600),
        ("4h", 14400),
        ("2d", 172800),
        # ise.md section 2.3: three ways to write the same.
        ("240m", 14400),
        ("14400s", 14400),
        # Zero is "off" for some settings.
        ("0s", 0),
    ],
)
def test_parse(text: str, seconds: float) -> None:
    assert durations.parse(text) == seconds


@pytest.mark.parametrize(
    ("value", "message"),
    [
        # A bare number is minutes in ISE and seconds in RADIUS.
        (240, "a bare number, 240: is it minutes or seconds?"),
        (1.5, "a bare number, 1.5: is it minutes or seconds?"),
        ("240", "'240' is no duration"),
        # No unit, no number, several, a fraction, a sign, blanks, another case.
        ("h", "'h' is no duration"),
        ("1h30m", "'1h30m' is no duration"),
        ("1.5h", "'1.5h' is no duration"),
        ("-1h", "'-1h' is no duration"),
        ("1 h", "'1 h' is no duration"),
        ("1H", "'1H' is no duration"),
        ("1h\n", "'1h\\n' is no duration"),
        ("", "'' is no duration"),
        # Digits that aren't ASCII, and more of them than any clock has.
        ("٤h", "'٤h' is no duration"),
        ("1" + "0" * 400 + "h", "'1" + "0" * 400 + "h' is no duration"),
        # Other TOML types.
        (True, "True is no duration"),
        (None, "None is no duration"),
        (["1h"], "['1h'] is no duration"),
    ],
)
def test_refused(value: object, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message) + r"\Z"):
        durations.parse(value)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(14400, "4h"), (5400, "90m"), (90, "90s"), (86400, "1d"), (0.25, "250ms"), (1.5, "1500ms"), (0, "0s")],
)
def test_show(seconds: float, text: str) -> None:
    assert durations.show(seconds) == text


@given(st.integers(0, 10**9), st.sampled_from(["ms", "s", "m", "h", "d"]))
def test_what_is_shown_reads_as_the_same(number: int, unit: str) -> None:
    seconds = durations.parse(f"{number}{unit}")
    assert durations.parse(durations.show(seconds)) == pytest.approx(seconds, abs=1e-6)
