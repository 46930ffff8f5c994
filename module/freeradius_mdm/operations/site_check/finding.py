"""What a check of the site finds, and the report that it makes up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ..codes import OperationCode


class State(StrEnum):
    """What a check came to."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"
    SKIPPED = "skipped"


class Subject(StrEnum):
    """What checks are grouped by, in the order in which they are made; the part of a check's name before the dot."""

    CONFIGURATION = "configuration"
    RELEASE = "release"
    RADDB = "raddb"
    SYNTAX = "syntax"
    PERMISSIONS = "permissions"
    MDMD = "mdmd"
    LOOPBACK = "loopback"
    COA = "coa"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report.

    `check`: `SUBJECT.NAME`, stable. `text`: what was found, a sentence without its end. `where`: FILE:LINE or FILE, ""
    where there is none. `advice` (the next step) and `code` are set for warnings and errors alone.
    """

    check: str
    state: State
    text: str
    where: str = ""
    advice: str = ""
    code: str = ""

    @property
    def subject(self) -> Subject:
        """What it is about."""
        return Subject(self.check.partition(".")[0])


@dataclass(frozen=True, slots=True)
class CheckReport:
    """Everything that was found, in the order of the checks. `seconds`: how long all of it took."""

    findings: tuple[Finding, ...]
    seconds: float

    def count(self, state: State) -> int:
        """How many findings are of that state."""
        return sum(finding.state is state for finding in self.findings)

    @property
    def passed(self) -> bool:
        """True without an error; warnings and what was skipped do not count."""
        return not self.count(State.ERROR)


# Told of each stage before it begins: a few words.
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Findings:
    """Makes the findings of one check: `Findings("raddb.links", SITE_RADDB).error(...)`."""

    check: str
    code: OperationCode

    def ok(self, text: str, where: str = "") -> Finding:
        """Nothing to do."""
        return Finding(self.check, State.OK, text, where)

    def skipped(self, text: str, advice: str = "") -> Finding:
        """It could not be looked at, and why."""
        return Finding(self.check, State.SKIPPED, text, advice=advice)

    def warning(self, text: str, advice: str, where: str = "") -> Finding:
        """Works, and does probably not what is wanted."""
        return Finding(self.check, State.WARNING, text, where, advice, self.code.value)

    def error(self, text: str, advice: str, where: str = "") -> Finding:
        """Devices are refused, or let in otherwise than meant, until it is mended."""
        return Finding(self.check, State.ERROR, text, where, advice, self.code.value)


def few(names: Sequence[str], most: int = 6) -> str:
    """`a, b and 3 more`."""
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most} more"
