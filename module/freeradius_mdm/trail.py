"""The numbered steps of one authentication. Standard library only: radiusd imports this."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from .codes import Code
from .decision import Step

Clock = Callable[[], float]


@dataclass(slots=True)
class Trail:
    """The numbered steps of one authentication, over every call of the hooks that worked on it."""

    id: str
    started: float
    clock: Clock
    steps: list[Step] = field(default_factory=list)

    def add(self, code: Code, text: str) -> None:
        """Record a step now."""
        self.steps.append(Step(code.value, text, round((self.clock() - self.started) * 1000, 3)))
