"""A FreeRADIUS configuration as a tree of sections and pairs, and references into it.

A statement of policy language that is no setting, such as a module's call, is a pair without value.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .text import Quote

Stamp = tuple[int, int, int]
# Directly below the top. Below a server everything but what _NO_POLICY names is policy language.
_MODULES = {"modules", "policy", "instantiate"}
_NO_POLICY = {"client", "clients", "listen"}


class ReferenceFault(ValueError):
    """A `${...}` that leads nowhere, or can't be followed here."""


@dataclass(slots=True)
class Pair:
    """`name = value`; it may be a secret, so it is not shown. `fault`: why the value is not known, "" when it is."""

    name: str
    value: str | None = field(repr=False)
    quote: Quote
    where: str
    fault: str = ""


@dataclass(slots=True, eq=False)
class Section:
    """`name1 name2 { ... }`, `name2` "" without one. `where`: FILE:LINE."""

    name1: str
    name2: str
    where: str
    parent: Section | None = field(default=None, repr=False)
    pairs: list[Pair] = field(default_factory=list, repr=False)
    sections: list[Section] = field(default_factory=list, repr=False)
    template: Section | None = field(default=None, repr=False)
    statements: list[Pair | Section] = field(default_factory=list, repr=False)  # both, in the order of the file

    def add(self, statement: Pair | Section) -> None:
        """Put one at the end."""
        self.statements.append(statement)
        if isinstance(statement, Section):
            self.sections.append(statement)
        else:
            self.pairs.append(statement)

    def pair(self, name: str) -> Pair | None:
        """The first of that name, which is the one that counts."""
        return next((pair for pair in self.pairs if pair.name == name), None)

    def find(self, name1: str, name2: str | None = None) -> Section | None:
        """The first section of that name; without `name2` whatever its second name is."""
        return next(self.all(name1, name2), None)

    def all(self, name1: str, name2: str | None = None) -> Iterator[Section]:
        """Every section of that name, in order."""
        return (each for each in self.sections if each.name1 == name1 and name2 in (None, each.name2))

    @property
    def top(self) -> Section:
        """The file's outermost level."""
        section = self
        while section.parent is not None:
            section = section.parent
        return section

    def merge(self, template: Section) -> None:
        """Take over from a template what this section does not say itself."""
        self.pairs += [pair for pair in template.pairs if self.pair(pair.name) is None]
        for section in template.sections:
            own = self.find(section.name1, section.name2)
            if own is None:
                self.sections.append(section)
            else:
                own.merge(section)


@dataclass(slots=True)
class Raddb:
    """What was read. `files`: every file and directory looked at, with its stamp, to notice changes by."""

    top: Section
    files: dict[Path, Stamp | None] = field(default_factory=dict)


def begins_policy(section: Section) -> bool:
    """Whether modules or policy language begin with this section."""
    above = section.parent
    if above is None:
        return False
    at_top = above.parent is None
    return (at_top and section.name1 in _MODULES) or (above.name1 == "server" and section.name1 not in _NO_POLICY)


def holds_policy(section: Section) -> bool:
    """Whether a section holds modules or policy language, or stands in one that does."""
    at: Section | None = section
    while at is not None:
        if begins_policy(at):
            return True
        at = at.parent
    return False


def stamp(path: Path) -> Stamp | None:
    """Changes whenever a file is edited or replaced, or a directory's entries change; None while it is not there."""
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_mtime_ns, state.st_size, state.st_ino


def expand(text: str, section: Section, environment: Mapping[str, str]) -> str:
    """Fill in `${name}` and `$ENV{NAME}`. Raises ReferenceFault.

    `${name}` is of the section itself or else of the top, `${.name}` of the section, `${..name}` of the one around it,
    `${one.two.name}` goes down from the top, and `one[two]` is section `one two`. An environment variable that is not
    set is empty.
    """
    out, at = "", 0
    while at < len(text):
        if text.startswith("${", at):
            end = _end(text, at)
            out += _value(text[at + 2 : end], section)
            at = end + 1
        elif text.startswith("$ENV{", at):
            end = _end(text, at)
            out += os.fsencode(environment.get(text[at + 5 : end], "")).decode("latin-1")
            at = end + 1
        else:
            out += text[at]
            at += 1
    return out


def _end(text: str, at: int) -> int:
    end = text.find("}", at)
    if end < 0:
        raise ReferenceFault("a ${ or $ENV{ has no closing brace")
    return end


def _value(reference: str, section: Section) -> str:
    name, _, prop = reference.partition(":")
    found = look_up(name, section)
    if prop:
        if not isinstance(found, Section) or prop not in ("name", "instance"):
            raise ReferenceFault(f"${{{reference}}} asks for what only a section has: name or instance")
        return found.name1 if prop == "name" else found.name2 or found.name1
    if isinstance(found, Section):
        raise ReferenceFault(f"${{{reference}}} stands for a whole section, which is not followed here")
    if found is None:
        raise ReferenceFault(f"${{{reference}}} is not found")
    if found.fault:
        raise ReferenceFault(f"${{{reference}}}, at {found.where}, is not known: {found.fault}")
    return found.value or ""


def look_up(name: str, section: Section) -> Pair | Section | None:
    """What a reference means, seen from a section."""
    at, rest, local = section, name, False
    if name.startswith("."):
        rest = name[1:]
        while rest.startswith("."):
            at, rest = at.parent or at, rest[1:]
        if not rest:
            return at
    elif "." in name:
        at = section.top
    else:
        local = True
    while True:
        step, bracket, tail = _step(rest)
        if not step:
            break
        below = at.find(step, bracket)
        if below is None:
            break
        at, rest = below, tail
        if not rest:
            return at
    found: Pair | Section | None = at.pair(rest) or at.find(rest)
    if found is None and local:
        found = section.top.pair(rest) or section.top.find(rest)
    return found


def _step(rest: str) -> tuple[str, str | None, str]:
    """`one.two` is ("one", None, "two"), `one[x].two` ("one", "x", "two"); a last name is ("", None, ...)."""
    dot, bracket = rest.find("."), rest.find("[")
    if bracket >= 0 and (dot < 0 or bracket < dot):
        name, _, tail = rest.partition("[")
        inner, closing, tail = tail.partition("]")
        return (name, inner, tail.removeprefix(".")) if closing else ("", None, rest)
    return (rest[:dot], None, rest[dot + 1 :]) if dot >= 0 else ("", None, rest)
