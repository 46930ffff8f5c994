"""What a connection test gives: the result of each step, and the report."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from ...errors import SourceError


class StepState(StrEnum):
    """How a step ended. The walk stops at the first that failed; those behind it were not reached."""

    OK = "ok"
    WARNING = "warning"  # it works, and something is not as it should be
    FAILED = "failed"
    SKIPPED = "skipped"  # there was nothing to look at; the text says why
    NOT_REACHED = "not reached"


@dataclass(frozen=True, slots=True)
class StepResult:
    """One step. `name` is stable, `title` is for people.

    `text`: what was seen, the first line in short. `seconds`: how long it took. `code` (M...) and `advice`, the next
    step, are "" where there is nothing to do. Nothing here holds a token, a secret, a key or an assertion.
    """

    name: str
    title: str
    state: StepState
    text: tuple[str, ...] = ()
    seconds: float = 0.0
    code: str = ""
    advice: str = ""


@dataclass(frozen=True, slots=True)
class TestReport:
    """Every step of one test, in the order of the walk. `started_at`: seconds since the epoch."""

    __test__: ClassVar[bool] = False  # pytest takes what is called Test... for a test

    server: str
    started_at: float
    seconds: float
    steps: tuple[StepResult, ...]

    @property
    def passed(self) -> bool:
        """True when every step was reached and none failed; warnings are allowed."""
        return all(step.state not in (StepState.FAILED, StepState.NOT_REACHED) for step in self.steps)

    @property
    def failed_step(self) -> StepResult | None:
        """The step at which the walk stopped."""
        return next((step for step in self.steps if step.state is StepState.FAILED), None)

    @property
    def warnings(self) -> int:
        """How many steps want to be looked at although they passed."""
        return sum(step.state is StepState.WARNING for step in self.steps)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a step that did not fail has seen; fields as in StepResult."""

    text: tuple[str, ...]
    state: StepState = StepState.OK
    advice: str = ""
    code: str = ""


def skipped(why: str) -> Outcome:
    """There was nothing to look at."""
    return Outcome((why,), StepState.SKIPPED)


class StepFailed(Exception):
    """What a step that failed has seen."""

    def __init__(self, code: str, text: tuple[str, ...], advice: str) -> None:
        self.code = code
        self.text = text
        self.advice = advice
        super().__init__(code)

    @classmethod
    def of(cls, error: SourceError, *more: str, advice: str = "") -> StepFailed:
        """From what the client raised, with lines added, and with a more precise next step where there is one."""
        return cls(str(error.code), (error.detail, *more), advice or error.advice)
