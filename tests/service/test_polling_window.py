"""The hour in four (intune.md section 6): from our own calls, from refusals, over restarts and clock steps."""

from __future__ import annotations

from pathlib import Path

import pytest

from freeradius_mdm.service.polling_window import PollingWindow, WindowFile, WindowState

AT = 1_700_000_000.0
HOUR = 3600.0
OPEN = PollingWindow(AT)
OVER = AT + 4 * HOUR + 60  # a minute for the way to Microsoft and for two clocks


@pytest.mark.parametrize(
    ("window", "now", "needs", "expected", "state"),
    [
        (PollingWindow(), AT, 60, AT, WindowState.UNKNOWN),
        (OPEN, AT + 600, 60, AT + 600, WindowState.OPEN),
        # All pages have to come inside the hour.
        (OPEN, AT + HOUR - 59, 60, OVER, WindowState.OPEN),
        (OPEN, AT + HOUR, 0, OVER, WindowState.CLOSED),
        (OPEN, AT + 4 * HOUR, 60, OVER, WindowState.CLOSED),
        (OPEN, OVER, 60, OVER, WindowState.UNKNOWN),
        (PollingWindow(0, AT + 1800), AT, 60, AT + 1800, WindowState.CLOSED),
        (PollingWindow(AT, AT + 1800), AT + 60, 60, AT + 1800, WindowState.CLOSED),
        # A clock that was set back: what was remembered is from the future.
        (OPEN, AT - 600, 60, AT - 600, WindowState.UNKNOWN),
        (PollingWindow(0, AT + 9 * HOUR), AT, 60, AT, WindowState.UNKNOWN),
    ],
)
def test_next_call(window: PollingWindow, now: float, needs: float, expected: float, state: WindowState) -> None:
    assert window.next_call(now, needs) == expected
    assert window.state(now) is state


def test_the_first_call_begins_a_window_and_the_first_one_after_it_the_next() -> None:
    window = PollingWindow().called(AT)
    assert window.called(AT + 1800) == window == OPEN
    assert window.called(OVER) == PollingWindow(OVER)
    # It was answered when it should not have been: the window is another one than we thought.
    assert window.called(AT + 2 * HOUR) == PollingWindow(AT + 2 * HOUR)


@pytest.mark.parametrize(
    ("window", "now", "retry_after", "again"),
    [
        (PollingWindow(), AT, None, AT + 1800),  # who knows when it began: every 30 minutes
        (OPEN, AT + 600, None, AT + 600 + 1800),  # somebody else had begun it
        (OPEN, AT + 2 * HOUR, None, OVER),
        (PollingWindow(), AT, 7200.0, AT + 7200),
        (PollingWindow(), AT, 900_000.0, AT + 4 * HOUR),  # not longer than a window
    ],
)
def test_after_a_refusal(window: PollingWindow, now: float, retry_after: float | None, again: float) -> None:
    refused = window.refused(now, retry_after)
    assert refused.next_call(now, 60) == again
    assert refused.state(now) is WindowState.CLOSED
    assert refused.next_call(again + 1, 60) == again + 1


def test_it_outlives_a_restart(tmp_path: Path) -> None:
    file = WindowFile(tmp_path, "../Intune")
    assert file.read() == PollingWindow()
    file.write(PollingWindow(AT, AT + 5))
    assert WindowFile(tmp_path, "../Intune").read() == PollingWindow(AT, AT + 5)
    assert [entry.parent for entry in tmp_path.iterdir()] == [tmp_path]
    for broken in ("", "[]", "{}", '{"began": "x", "closed_until": 0}'):
        file.path.write_text(broken)
        assert file.read() == PollingWindow()


@pytest.mark.parametrize("told", [0.0, 1.0, -30.0])
def test_a_refusal_is_never_answered_by_the_next_call_at_once(told: float) -> None:
    """`Retry-After: 0`, or a date that is over: the list stays closed for hours all the same."""
    refused = PollingWindow().refused(AT, told)
    assert refused.next_call(AT, 60) == AT + 300
