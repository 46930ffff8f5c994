"""What a spike saw: one printed line per finding, and whether the design may go on relying on it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Findings:
    """Collects the findings of one run against one version of FreeRADIUS."""

    version: str
    spike: str = ""
    broken: list[str] = field(default_factory=list)

    def note(self, question: str, seen: object) -> None:
        """Print something worth knowing that the design does not rely on."""
        print(f"{self.spike} / {question} / {self.version} / {seen}", flush=True)

    def rely(self, question: str, holds: bool, seen: object) -> None:
        """Print something the design relies on; a run in which it does not hold ends with exit status 1."""
        self.note(question, f"{seen}" if holds else f"NOT SO: {seen}")
        if not holds:
            self.broken.append(f"{self.spike} / {question}")
