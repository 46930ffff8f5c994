"""A check of the site in the terminal: grouped by subject, one line for each finding, below it what to do."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from ...operations.site_check.finding import CheckReport, Finding, State, Subject
from . import colours
from .table import safe
from .times import duration

_TITLES = {
    Subject.CONFIGURATION: "mdm.toml and downloadable ACLs",
    Subject.RELEASE: "Release of FreeRADIUS",
    Subject.RADDB: "FreeRADIUS's configuration",
    Subject.SYNTAX: "radiusd -C",
    Subject.PERMISSIONS: "Permissions",
    Subject.MDMD: "mdmd",
    Subject.LOOPBACK: "Loopback request",
    Subject.COA: "Change of authorization",
}
_MARKS = {
    State.OK: ("ok", colours.GOOD),
    State.WARNING: ("warning", colours.WARNING),
    State.ERROR: ("ERROR", colours.BAD),
    State.SKIPPED: ("skipped", colours.DIM),
}
_MARK = 9  # columns
_INDENT = " " * (2 + _MARK)


def show_report(console: Console, report: CheckReport) -> None:
    """All of it, and the verdict at the end."""
    for subject in Subject:
        found = [finding for finding in report.findings if finding.subject is subject]
        if found:
            console.print(Text(_TITLES[subject], style=colours.HEAD))
        for finding in found:
            _show(console, finding)
    errors, warnings = report.count(State.ERROR), report.count(State.WARNING)
    style = colours.BAD if errors else colours.WARNING if warnings else colours.GOOD
    parts = (_count(errors, "error"), _count(warnings, "warning"), f"{report.count(State.SKIPPED)} skipped")
    console.print(Text(f"{', '.join(parts)}, {duration(report.seconds)}", style=style))


def _show(console: Console, finding: Finding) -> None:
    mark, colour = _MARKS[finding.state]
    line = Text(f"  {mark:<{_MARK}}", style=colour)
    code = f"{finding.code} " if finding.code else ""
    line.append(code + safe(finding.text), style="default")
    console.print(line)
    told = finding.state in (State.WARNING, State.ERROR)
    for name, text in (("where", finding.where if told else ""), ("next", finding.advice)):
        if text:
            console.print(Text(f"{_INDENT}{name}: {safe(text)}", style="" if told else colours.DIM))


def _count(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'' if number == 1 else 's'}"
