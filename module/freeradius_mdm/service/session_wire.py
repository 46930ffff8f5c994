"""A session as nodes tell it each other: JSON with the fields of Session, and the decision in force.

A node that takes a session over needs the decision's request to decide again, which only the node that made it has.
"""

from __future__ import annotations

import json
from dataclasses import MISSING, asdict, fields
from typing import Any

from ..decision import Decision
from ..sessions.model import Session, SessionState

_DECISION = "decision"
_TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "float": (int, float),
    "float | None": (int, float, type(None)),
    "int | None": (int, type(None)),
}
_LISTS = frozenset({"tuple[str, ...]"})


def encode(session: Session, decision: Decision | None) -> str:
    """`node` stands at the top, where the cluster looks for it."""
    values = asdict(session)
    if decision is not None:
        values[_DECISION] = decision.to_json()
    return json.dumps(values, separators=(",", ":"))


def decode(text: str) -> tuple[Session, Decision | None]:
    """The reverse. What a later version has added is passed over. Raises ValueError."""
    values = json.loads(text)
    if not isinstance(values, dict):
        raise ValueError(f"no session: {text[:80]!r}")
    found = {each.name: _value(each.name, str(each.type), values[each.name]) for each in fields(Session)
             if each.name in values}  # fmt: skip
    missing = [each.name for each in fields(Session) if each.default is MISSING and each.name not in found]
    if missing:
        raise ValueError(f"a session without {', '.join(missing)}")
    decision = values.get(_DECISION)
    if decision is not None and not isinstance(decision, str):
        raise ValueError("a decision that is no text")
    return Session(**found), None if decision is None else _decision(decision)


def _decision(text: str) -> Decision:
    """Decision.from_json takes nothing that it does not know: what it can't store has to stay in the journal."""
    values = json.loads(text)
    if isinstance(values, dict):
        known = {each.name for each in fields(Decision)}
        values = {name: value for name, value in values.items() if name in known}
    return Decision.from_json(json.dumps(values))


def _value(name: str, kind: str, value: Any) -> Any:
    if kind == "SessionState":
        return SessionState(value)
    if kind in _LISTS:
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise ValueError(f"{name} is no list of texts: {value!r:.80}")
        return tuple(value)
    if not isinstance(value, _TYPES[kind]) or isinstance(value, bool):
        raise ValueError(f"{name} can't be {value!r:.80}")
    return value
