"""A stored decision as it is shown: its steps with what each code means, and the sessions it opened."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from ...codes import MEANINGS, Code
from ...decision import Decision
from ...errors import StoreError
from ...sessions.model import Session
from ...store.lookup import StoreLookup


@dataclass(frozen=True, slots=True)
class ShownStep:
    """A step. `at_ms`: milliseconds since the request came; `took_ms`: until the next one, None for the last."""

    number: int
    code: str
    text: str
    at_ms: float
    took_ms: float | None
    meaning: str
    advice: str


@dataclass(frozen=True, slots=True)
class ShownDecision:
    """`advice`: what to do about a reject; `sessions`: those it opened or is in force for."""

    decision: Decision
    steps: tuple[ShownStep, ...]
    meaning: str
    advice: str
    sessions: tuple[Session, ...]

    def to_values(self) -> dict[str, Any]:
        """What json.dumps takes: the decision as mdmd's API gives it, and the rest beside it."""
        return asdict(self.decision) | {
            "steps": [asdict(step) for step in self.steps],
            "meaning": self.meaning,
            "advice": self.advice,
            "sessions": [asdict(session) for session in self.sessions],
        }


def shown(made: Decision, store: StoreLookup) -> ShownDecision:
    """The decision with all that belongs to it. The sessions are left out when the store can't say."""
    try:
        sessions = tuple(store.sessions_of(made.id))
    except StoreError:
        sessions = ()
    after = [*(step.at_ms for step in made.steps[1:]), None][: len(made.steps)]
    steps = []
    for number, (step, next_at) in enumerate(zip(made.steps, after, strict=True), 1):
        meaning, advice = _meaning(step.code)
        took = None if next_at is None else round(next_at - step.at_ms, 3)
        steps.append(ShownStep(number, step.code, step.text, step.at_ms, took, meaning, advice))
    meaning, advice = _meaning(made.reason_code)
    return ShownDecision(made, tuple(steps), meaning, advice, sessions)


def _meaning(code: str) -> tuple[str, str]:
    """Empty for a code that another version wrote."""
    known = MEANINGS.get(Code(code)) if code in tuple(Code) else None
    return (known.text, known.advice) if known else ("", "")
