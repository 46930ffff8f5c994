"""How the steps of a connection test look."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from freeradius_mdm.cli.show.steps import show_end, show_step
from freeradius_mdm.operations.connection import StepResult, StepState, TestReport

W, F, OK = StepState.WARNING, StepState.FAILED, StepState.OK


def shown(step: StepResult, width: int = 80) -> list[str]:
    console = Console(file=io.StringIO(), width=width, soft_wrap=True, highlight=False, markup=False)
    show_step(console, step)
    return console.file.getvalue().splitlines()  # type: ignore[attr-defined,no-any-return]


def ended(*steps: StepResult, seconds: float = 1.0) -> str:
    console = Console(file=io.StringIO(), width=80, soft_wrap=True, highlight=False, markup=False)
    show_end(console, TestReport("Intune", 0.0, seconds, steps))
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


@pytest.mark.parametrize(
    ("step", "lines"),
    [
        (
            StepResult("clock", "Clock", OK, ("right",), 0.012),
            ["ok           Clock                     right                                12 ms"],
        ),
        (
            StepResult("clock", "Clock", W, ("90 s ahead", "more"), 2.0, advice="NTP"),
            [
                "warning      Clock                     90 s ahead                             2 s",
                "             more",
                "             next: NTP",
            ],
        ),
        (
            StepResult("clock", "Clock", F, ("400 s ahead", "more"), 0.5, "M1810", "NTP"),
            [
                "FAILED       Clock                                                         500 ms",
                "             M1810 400 s ahead",
                "             more",
                "             next: NTP",
            ],
        ),
        (
            StepResult("look-up", "Look-up", StepState.SKIPPED, ("no device",)),
            ["skipped      Look-up                   no device"],
        ),
        (StepResult("look-up", "Look-up", StepState.NOT_REACHED), ["not reached  Look-up"]),
    ],
)
def test_a_step(step: StepResult, lines: list[str]) -> None:
    assert shown(step, 81) == lines


def test_nothing_is_cut_off_and_the_time_stays() -> None:
    (line,) = shown(StepResult("x", "Title", OK, ("a" * 100,), 0.25), 60)
    assert line.endswith("a" * 100 + "  250 ms")


def test_markup_and_control_characters_are_printed_as_they_are() -> None:
    (line,) = shown(StepResult("x", "Title", OK, ("[red]x\x1b[31m",), 0.25))
    assert "[red]x\\x1b[31m" in line


@pytest.mark.parametrize(
    ("steps", "text"),
    [
        ((StepResult("a", "A", OK),), "Intune passed in 1 s\n"),
        ((StepResult("a", "A", W),), "Intune passed in 1 s, 1 warning\n"),
        ((StepResult("a", "A", W), StepResult("b", "B", W)), "Intune passed in 1 s, 2 warnings\n"),
        (
            (StepResult("a", "A", F, code="M1203"), StepResult("b", "B", StepState.NOT_REACHED)),
            "Intune FAILED at A: M1203\n",
        ),
    ],
)
def test_the_end(steps: tuple[StepResult, ...], text: str) -> None:
    assert ended(*steps) == text
