"""Typed reading of one TOML table that collects every problem instead of stopping at the first.

A getter that finds a problem notes it and returns a harmless value of the right type, so that reading goes on.
Standard library only: radiusd imports this.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from .. import durations
from ..errors import Problem
from .lines import line_of

E = TypeVar("E", bound=StrEnum)


@dataclass(slots=True)
class Findings:
    """Every problem and warning found in one file."""

    file: Path
    lines: dict[str, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def where(self, path: str) -> str:
        """`FILE:LINE: key.path`."""
        line = line_of(self.lines, path)
        place = f"{self.file}:{line}" if line else str(self.file)
        return f"{place}: {path}" if path else place

    def problem(self, path: str, what: str, allowed: str, hint: str = "") -> None:
        """Note a problem at a key path."""
        self.problems.append(Problem(self.where(path), what, allowed, hint))

    def warn(self, path: str, what: str) -> None:
        """Note something that is allowed and probably not meant."""
        self.warnings.append(f"{self.where(path)}: {what}")


class Table:
    """One table of the file. Keys that were never asked for are a problem when `finish` is called."""

    def __init__(self, data: object, path: str, findings: Findings) -> None:
        self.path = path
        self.findings = findings
        self._asked: list[str] = []
        self._data: dict[str, Any] = {}
        if isinstance(data, dict):
            self._data = data
        else:
            findings.problem(path, f"is {_kind(data)}, not a table", "a table of keys and values")

    def __contains__(self, key: str) -> bool:
        return key in self._data

    def __iter__(self) -> Iterator[str]:
        """Every key there is, in the order of the file."""
        return iter(list(self._data))

    def at(self, key: str) -> str:
        """The key's full path."""
        return f"{self.path}.{key}" if self.path else key

    def problem(self, key: str, what: str, allowed: str, hint: str = "") -> None:
        """Note a problem at one of this table's keys."""
        self.findings.problem(self.at(key), what, allowed, hint)

    def raw(self, key: str) -> Any:
        """The value as TOML has it, None when absent."""
        if key not in self._asked:
            self._asked.append(key)
        return self._data.get(key)

    def text(self, key: str, default: str | None = None, *, allowed: str = "text in quotes") -> str:
        """Text that is not empty; without a default the key has to be there."""
        value = self.raw(key)
        if value is None and default is not None:
            return default
        if value is None:
            self.problem(key, "is missing", allowed)
        elif not isinstance(value, str):
            self.problem(key, f"is {_kind(value)}, not text", allowed)
        elif not value.strip() or re.search(r"[\x00-\x1f\x7f]", value):
            self.problem(key, "is empty or holds control characters", allowed)
        else:
            return value
        return default or ""

    def matching(self, key: str, pattern: str, allowed: str, default: str | None = None, hint: str = "") -> str:
        """Text that matches a pattern as a whole, case not considered."""
        value = self.text(key, default, allowed=allowed)
        if value and value != default and not re.fullmatch(pattern, value, re.IGNORECASE | re.ASCII):
            self.problem(key, f"{value!r} does not fit", allowed, hint)
        return value

    def flag(self, key: str, default: bool) -> bool:
        """true or false."""
        value = self.raw(key)
        if value is not None and not isinstance(value, bool):
            self.problem(key, f"is {_kind(value)}", "true or false, without quotes")
        return value if isinstance(value, bool) else default

    def integer(self, key: str, default: int, low: int, high: int) -> int:
        """A whole number in a range."""
        value = self.raw(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.problem(key, f"{value!r} does not fit", f"a whole number from {low} to {high}")
            return default
        return value

    def number(self, key: str, default: float, low: float, high: float, *, zero: bool = False) -> float:
        """A number in a range, whole or not. `zero`: 0 is allowed too and means off."""
        value = self.raw(key)
        if value is None:
            return default
        fits = isinstance(value, int | float) and (low <= value <= high or (zero and value == 0))
        if isinstance(value, bool) or not fits:
            self.problem(
                key, f"{value!r} does not fit", f"a number from {low:g} to {high:g}{', or 0 for off' if zero else ''}"
            )
            return default
        return float(value)

    def duration(self, key: str, default: float, low: float, high: float, *, zero: bool = False) -> float:
        """Seconds, from a duration with its unit. `zero`: 0 with a unit is allowed too and means off."""
        value = self.raw(key)
        if value is None:
            return default
        bounds = f"{durations.ALLOWED}; from {durations.show(low)} to {durations.show(high)}"
        try:
            seconds = durations.parse(value)
        except ValueError as error:
            self.problem(key, str(error), bounds, "write the unit" if isinstance(value, int | float) else "")
            return default
        if not (low <= seconds <= high or (zero and seconds == 0)):
            self.problem(key, f"{value} is out of range", bounds + (", or 0s for off" if zero else ""))
            return default
        return seconds

    def choice(self, key: str, kind: type[E], default: E) -> E:
        """One of an enumeration's values."""
        value = self.raw(key)
        if value is None:
            return default
        try:
            return kind(value)
        except ValueError:
            self.problem(key, f"{value!r} is not known", " or ".join(member.value for member in kind))
            return default

    def path_of(self, key: str) -> Path | None:
        """A path, relative ones taken from the configuration file's directory; None when absent."""
        if self.raw(key) is None:
            return None
        value = self.text(key, allowed="a path in quotes")
        return self.findings.file.parent / value if value else None

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts, empty when absent."""
        value = self.raw(key)
        if value is None:
            return ()
        if isinstance(value, list) and all(isinstance(item, str) and item.strip() for item in value):
            return tuple(value)
        self.problem(key, "is no list of texts", 'a list like ["one", "two"]')
        return ()

    def table(self, key: str) -> Table:
        """The table below that key; an empty one when absent."""
        value = self.raw(key)
        return Table({} if value is None else value, self.at(key), self.findings)

    def tables(self, key: str) -> list[Table]:
        """The tables of a `[[key]]` list, or of an inline list; empty when absent."""
        value = self.raw(key)
        if value is None:
            return []
        if not isinstance(value, list):
            self.problem(key, f"is {_kind(value)}, not a list of tables", f"[[{self.at(key)}]], once per entry")
            return []
        return [Table(item, f"{self.at(key)}[{number}]", self.findings) for number, item in enumerate(value, 1)]

    def finish(self) -> None:
        """Note every key that nobody asked for: a misspelt setting must not be passed over."""
        for key in self._data:
            if key not in self._asked:
                close = difflib.get_close_matches(key, self._asked, 1)
                hint = f"did you mean {close[0]}?" if close else ""
                self.problem(key, "is not a setting", ", ".join(sorted(self._asked)), hint)


def unique(tables: Sequence[Table], name_of: Callable[[Table], str], what: str) -> None:
    """Note every name that an earlier table has already."""
    seen: set[str] = set()
    for table in tables:
        name = name_of(table)
        if name and name.lower() in seen:
            table.problem("name", f"{name!r} stands here a second time", f"each {what} has a name of its own")
        seen.add(name.lower())


def _kind(value: object) -> str:
    names = {bool: "true or false", int: "a number", float: "a number", str: "text", list: "a list", dict: "a table"}
    return names.get(type(value), type(value).__name__)
