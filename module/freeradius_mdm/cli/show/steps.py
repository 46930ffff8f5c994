"""A connection test in the terminal: one line per step, its time on the right, what to do below a step that failed."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from ...operations.connection import StepResult, StepState, TestReport
from . import colours
from .table import safe
from .times import duration, in_zone

_MARKS = {
    StepState.OK: ("ok", colours.GOOD),
    StepState.WARNING: ("warning", colours.WARNING),
    StepState.FAILED: ("FAILED", colours.BAD),
    StepState.SKIPPED: ("skipped", colours.DIM),
    StepState.NOT_REACHED: ("not reached", colours.DIM),
}
_MARK, _TITLE = 13, 26  # columns
_INDENT = " " * _MARK


def show_step(console: Console, step: StepResult) -> None:
    """Mark, title, what was seen, time; below it the rest, nothing cut off."""
    word, colour = _MARKS[step.state]
    failed = step.state is StepState.FAILED
    first = "" if failed or not step.text else step.text[0]
    line = Text(f"{word:<{_MARK}}", style=colour)
    line.append(f"{step.title:<{_TITLE}}" if first else step.title, style="default" if not failed else colour)
    line.append(safe(first), style="default")
    if step.state not in (StepState.NOT_REACHED, StepState.SKIPPED):
        time = duration(step.seconds)
        # A line longer than the window keeps its time, behind two blanks.
        line.append(" " * max(console.width - line.cell_len - len(time), 2) + time, style=colours.DIM)
    console.print(line)
    for text in _below(step, failed):
        console.print(Text(f"{_INDENT}{in_zone(safe(text))}"))
    if step.advice:
        console.print(Text(f"{_INDENT}next: {safe(step.advice)}", style=colours.HEAD))


def show_end(console: Console, report: TestReport) -> None:
    """The verdict in one line."""
    time = duration(report.seconds)
    if report.passed:
        count = report.warnings
        more = f", {count} warning{'s' if count > 1 else ''}" if count else ""
        console.print(Text(f"{report.server} passed in {time}{more}", style=colours.GOOD))
    else:
        step = report.failed_step
        what = f" at {step.title}: {step.code}" if step else ""
        console.print(Text(f"{report.server} FAILED{what}", style=colours.BAD))


def _below(step: StepResult, failed: bool) -> tuple[str, ...]:
    if not failed:
        return step.text[1:]
    first, *more = step.text or ("",)
    return (f"{step.code} {first}".strip(), *more)
