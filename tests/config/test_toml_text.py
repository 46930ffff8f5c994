"""Values as TOML writes them (toml.io, v1.0.0: String, Boolean, Array, Inline Table)."""

from __future__ import annotations

import datetime

import pytest

from freeradius_mdm.config.toml_text import shown


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (False, "false"),
        (5, "5"),
        (2.5, "2.5"),
        ("a b", "'a b'"),
        (["x", 1, []], "['x', 1, []]"),
        ({}, "{}"),
        ({"suffix": "x", "MDM:Managed": True}, "{ suffix = 'x', 'MDM:Managed' = true }"),
        (datetime.date(2026, 11, 23), "2026-11-23"),
        # 200 characters are shown, three of them dots.
        ("x" * 300, "'" + "x" * 196 + "..."),
    ],
)
def test_shown(value: object, text: str) -> None:
    assert shown(value) == text
