"""Typed reading of one TOML table that collects every problem instead of stopping at the first.

A getter that finds a problem notes it and returns a harmless value of the right type, so that reading goes on.
Standard library only: radiusd imports this.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from .. import durations
from ..errors import Problem
from .codes import ConfigCode
from .lines import line_of
from .suggest import meant
from .toml_text import shown

E = TypeVar("E", bound=StrEnum)


@dataclass(slots=True)
class Findings:
    """Every problem and warning found in one file."""

    file: Path
    lines: dict[str, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def where(self, path: str) -> str:
        """`FILE:LINE`; what stands nowhere is missing from line 1."""
        return f"{self.file}:{line_of(self.lines, path) or 1}"

    def problem(self, code: ConfigCode, path: str, what: str, allowed: str, hint: str = "") -> None:
        """Note a problem at a key path."""
        self.problems.append(Problem(code, self.where(path), what, allowed, hint, path))

    def warn(self, path: str, what: str) -> None:
        """Note something that is allowed and probably not meant."""
        self.warnings.append(f"{self.where(path)}: {path}: {what}")


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
            what = f"is {_kind(data)}, not a table"
            findings.problem(ConfigCode.WRONG_TYPE, path, what, "a table of keys and values", f"begin it with [{path}]")

    def __contains__(self, key: str) -> bool:
        return key in self._data

    def __iter__(self) -> Iterator[str]:
        """Every key there is, in the order of the file."""
        return iter(list(self._data))

    def at(self, key: str) -> str:
        """The key's full path."""
        return f"{self.path}.{key}" if self.path else key

    def problem(self, code: ConfigCode, key: str, what: str, allowed: str, hint: str = "") -> None:
        """Note a problem at one of this table's keys. `hint`: the next step, "" for the usual one of the code."""
        self.findings.problem(code, self.at(key), what, allowed, hint)

    def raw(self, key: str) -> Any:
        """The value as TOML has it, None when absent."""
        if key not in self._asked:
            self._asked.append(key)
        return self._data.get(key)

    def text(self, key: str, default: str | None = None, *, allowed: str = "text in quotes", hint: str = "") -> str:
        """Text that is not empty; without a default the key has to be there. `hint`: how to come by a missing one."""
        value = self.raw(key)
        if value is None and default is not None:
            return default
        if value is None:
            self.problem(ConfigCode.MISSING, key, "is missing", allowed, hint)
        elif not isinstance(value, str):
            self.problem(ConfigCode.WRONG_TYPE, key, f"is {_kind(value)}, not text", allowed)
        elif not value.strip():
            self.problem(ConfigCode.DOES_NOT_FIT, key, "is empty", allowed, hint)
        elif re.search(r"[\x00-\x1f\x7f]", value):
            self.problem(ConfigCode.DOES_NOT_FIT, key, f"{shown(value)} holds control characters", allowed)
        else:
            return value
        return default or ""

    def matching(self, key: str, pattern: str, allowed: str, default: str | None = None, hint: str = "") -> str:
        """Text that matches a pattern as a whole, case not considered."""
        value = self.text(key, default, allowed=allowed, hint=hint)
        if value and value != default and not re.fullmatch(pattern, value, re.IGNORECASE | re.ASCII):
            self.problem(ConfigCode.DOES_NOT_FIT, key, f"{shown(value)} does not fit", allowed, hint)
        return value

    def flag(self, key: str, default: bool) -> bool:
        """true or false."""
        value = self.raw(key)
        if value is not None and not isinstance(value, bool):
            self.problem(ConfigCode.WRONG_TYPE, key, f"is {_kind(value)}", "true or false, without quotes")
        return value if isinstance(value, bool) else default

    def integer(self, key: str, default: int, low: int, high: int) -> int:
        """A whole number in a range."""
        value = self.raw(key)
        if value is None:
            return default
        allowed = f"a whole number from {low} to {high}"
        if isinstance(value, bool) or not isinstance(value, int):
            hint = "write it without a point" if isinstance(value, float) else ""
            self.problem(ConfigCode.WRONG_TYPE, key, f"is {_kind(value)}, {shown(value)}", allowed, hint)
            return default
        if not low <= value <= high:
            self.problem(ConfigCode.OUT_OF_RANGE, key, f"{value} is out of range", allowed)
            return default
        return value

    def number(self, key: str, default: float, low: float, high: float, *, zero: bool = False) -> float:
        """A number in a range, whole or not. `zero`: 0 is allowed too and means off."""
        value = self.raw(key)
        if value is None:
            return default
        allowed = f"a number from {low:g} to {high:g}{', or 0 for off' if zero else ''}"
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.problem(ConfigCode.WRONG_TYPE, key, f"is {_kind(value)}, {shown(value)}", allowed)
            return default
        if not (low <= value <= high or (zero and value == 0)):
            self.problem(ConfigCode.OUT_OF_RANGE, key, f"{value} is out of range", allowed)
            return default
        return float(value)

    def duration(self, key: str, default: float, low: float, high: float, *, zero: bool = False) -> float:
        """Seconds, from a duration with its unit. `zero`: 0 with a unit is allowed too and means off."""
        value = self.raw(key)
        if value is None:
            return default
        bounds = f"{durations.ALLOWED}; from {durations.show(low)} to {durations.show(high)}"
        bounds += ", or 0s for off" if zero else ""
        seconds = self.seconds(key, value, bounds)
        if seconds is None:
            return default
        if not (low <= seconds <= high or (zero and seconds == 0)):
            self.problem(ConfigCode.OUT_OF_RANGE, key, f"{value} is out of range", bounds)
            return default
        return seconds

    def seconds(self, key: str, value: object, allowed: str) -> float | None:
        """A duration's seconds; None, and a problem, when it is none."""
        try:
            return durations.parse(value)
        except ValueError as error:
            if isinstance(value, int | float) and not isinstance(value, bool):
                hint = f'write the unit, in quotes: "{value:g}s" or "{value:g}m"'
                self.problem(ConfigCode.WRONG_TYPE, key, str(error), allowed, hint)
            else:
                is_text = isinstance(value, str)
                code = ConfigCode.DOES_NOT_FIT if is_text else ConfigCode.WRONG_TYPE
                self.problem(code, key, str(error) if is_text else f"is {_kind(value)}, not a duration", allowed)
            return None

    def choice(self, key: str, kind: type[E], default: E) -> E:
        """One of an enumeration's values."""
        value = self.raw(key)
        if value is None:
            return default
        try:
            return kind(value)
        except ValueError:
            known = [member.value for member in kind]
            self.problem(
                ConfigCode.UNKNOWN_VALUE, key, f"{shown(value)} is not known", " or ".join(known), meant(value, known)
            )
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
        hint = "put it into brackets" if isinstance(value, str) else ""
        self.problem(ConfigCode.WRONG_TYPE, key, "is no list of texts", 'a list like ["one", "two"]', hint)
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
            what, allowed = f"is {_kind(value)}, not a list of tables", f"[[{self.at(key)}]], once per entry"
            hint = f"write [[{self.at(key)}]] in place of [{self.at(key)}]" if isinstance(value, dict) else ""
            self.problem(ConfigCode.WRONG_TYPE, key, what, allowed, hint)
            return []
        return [Table(item, f"{self.at(key)}[{number}]", self.findings) for number, item in enumerate(value, 1)]

    def unasked(self) -> dict[str, Any]:
        """The keys, and their values, that nobody has asked for."""
        return {key: value for key, value in self._data.items() if key not in self._asked}

    def finish(self) -> None:
        """Note every key that nobody asked for: a misspelt setting must not be passed over."""
        for key in self.unasked():
            allowed, hint = ", ".join(sorted(self._asked)), meant(key, self._asked)
            self.problem(ConfigCode.UNKNOWN_KEY, key, "is not a setting", allowed, hint)


def unique(tables: Sequence[Table], name_of: Callable[[Table], str], what: str) -> None:
    """Note every name that an earlier table has already."""
    seen: set[str] = set()
    for table in tables:
        name = name_of(table)
        if name and name.lower() in seen:
            allowed = f"each {what} has a name of its own, upper and lower case alike"
            table.problem(ConfigCode.DUPLICATE, "name", f"{name!r} stands here a second time", allowed)
        seen.add(name.lower())


def _kind(value: object) -> str:
    names = {bool: "true or false", int: "a number", float: "a number", str: "text", list: "a list", dict: "a table"}
    return names.get(type(value), type(value).__name__)
