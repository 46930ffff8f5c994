"""Which modules and policies a section calls, through the site's own policies too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ...raddb.tree import Pair, Section

_KEYWORD = re.compile(r"(?:if|elsif|else|switch|case|foreach|group|redundant|load-balance|redundant-load-balance)\b")
_CONDITION = re.compile(r"(?:if|elsif|else|switch|case)\b")
_NO_CALL = re.compile(r"(?:update|map|actions)\b|\S*-Type$")
_DEEPEST = 16  # policies that call each other


@dataclass(frozen=True, slots=True)
class Call:
    """`under`: the condition around it, "" for none. `number`: its place among the section's own statements."""

    name: str
    where: str
    under: str
    number: int


def calls(section: Section, component: str, top: Section) -> list[Call]:
    """Every call of a section of policy language, in order.

    `component`: what the section is for, like `post-auth`: a policy `mdm.post-auth` is meant by `mdm` there. A policy
    is listed itself, and then what it calls.
    """
    return list(_calls(section, component, top, "", None, 0))


def _calls(
    section: Section, component: str, top: Section, under: str, number: int | None, depth: int
) -> Iterator[Call]:
    for place, statement in enumerate(section.statements):
        own = place if number is None else number
        name = _name(statement)
        if isinstance(statement, Section) and _KEYWORD.match(name):
            condition = f"{statement.name1} {statement.name2}".strip() if _CONDITION.match(name) else ""
            yield from _calls(statement, component, top, under or condition, own, depth)
        elif not _NO_CALL.match(name) and (isinstance(statement, Section) or statement.value is None):
            name = name.lstrip("-")
            yield Call(name, statement.where, under, own)
            policy = _policy(name, component, top) if depth < _DEEPEST else None
            if policy is not None:
                yield from _calls(policy, component, top, under, own, depth + 1)


def _name(statement: Pair | Section) -> str:
    return statement.name1 if isinstance(statement, Section) else statement.name


def _policy(name: str, component: str, top: Section) -> Section | None:
    for policies in top.all("policy"):
        found = policies.find(f"{name}.{component}") or policies.find(name)
        if found is not None:
            return found
    return None
