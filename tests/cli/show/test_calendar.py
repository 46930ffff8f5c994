"""Far times as people say them."""

from __future__ import annotations

import pytest

from freeradius_mdm.cli.show.calendar import about

HOUR, DAY, NOW = 3600.0, 86400.0, 1_800_000_000.0


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        # Counted on a calendar's average: a month has 30.44 days, a year 365.25.
        (730 * DAY, "in 2 years"),
        (365 * DAY, "in 1 year"),
        (550 * DAY, "in 18 months"),
        (152 * DAY, "in 5 months"),
        (61 * DAY, "in 2 months"),
        (59 * DAY, "in 59 days"),
        (2 * DAY, "in 2 days"),
        (47 * HOUR, "in 47 hours"),
        (HOUR, "in 1 hour"),
        (3599, "within the hour"),
        (-3599, "within the hour"),
        (-HOUR, "1 hour ago"),
        (-3 * DAY, "3 days ago"),
        (-3650 * DAY, "10 years ago"),
    ],
)
def test_about(seconds: float, said: str) -> None:
    assert about(NOW + seconds, NOW) == said
