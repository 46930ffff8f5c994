"""Moments as people write them, at 2026-11-23 15:00 in Berlin (UTC + 1 h; in summer + 2 h)."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from freeradius_mdm.cli import moments
from freeradius_mdm.operations.errors import OperationError

NOW = 1_795_442_400.0  # 2026-11-23 14:00:00 UTC
HOUR = 3600.0


@pytest.fixture(autouse=True)
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "Europe/Berlin")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", NOW - 90),
        ("10m", NOW - 600),
        ("2h", NOW - 2 * HOUR),
        ("3d", NOW - 72 * HOUR),
        ("14:00", NOW - HOUR),
        ("15:00", NOW),
        ("15:01", NOW - 24 * HOUR + 60),  # not yet today, so yesterday
        ("14:00:30", NOW - HOUR + 30),
        ("2026-11-23", NOW - 15 * HOUR),
        ("2026-11-22 15:00", NOW - 24 * HOUR),
        ("2026-11-22T15:00:01", NOW - 24 * HOUR + 1),
        ("2026-07-01 12:00", 1_782_900_000.0),  # 10:00 UTC
        (" 10m ", NOW - 600),
    ],
)
def test_moments(text: str, expected: float) -> None:
    assert moments.parse(text, NOW) == expected


@pytest.mark.parametrize("text", ["", "10", "now", "25:00", "2026-13-01", "10 m", "-5m", "23.11.2026"])
def test_what_is_none(text: str) -> None:
    with pytest.raises(OperationError, match="is no moment"):
        moments.parse(text, NOW)
