"""Finding the rule that matches, with why every rule before it did not.

Standard library only: radiusd imports this.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .model import Condition, Rule

Values = Mapping[str, Sequence[str]]  # by the dictionary's own spelling; absent attributes are missing or empty


@dataclass(frozen=True, slots=True)
class RuleResult:
    """One rule that was looked at. `why`: the first condition that failed, or that everything held."""

    rule: Rule
    matched: bool
    why: str


def evaluate(rules: Sequence[Rule], values: Values) -> tuple[RuleResult, ...]:
    """Every rule from the top down to the first that matches, which then is the last of the results."""
    results: list[RuleResult] = []
    for rule in rules:
        failed = _failed(rule, values)
        results.append(RuleResult(rule, not failed, failed or "every condition holds"))
        if not failed:
            break
    return tuple(results)


def _failed(rule: Rule, values: Values) -> str:
    for condition in rule.when:
        if not condition.holds(values.get(condition.attribute, ())):
            return explain(condition, values)
    if rule.any and not any(all(c.holds(values.get(c.attribute, ())) for c in group) for group in rule.any):
        return f"none of the {len(rule.any)} groups of `any` holds"
    return ""


def explain(condition: Condition, values: Values) -> str:
    """What was seen and what was wanted, for a condition that does not hold."""
    seen = values.get(condition.attribute, ())
    found = ", ".join(value[:80] for value in seen) if seen else "absent"
    return f"{condition.attribute} is {found}, wanted {str(condition)[len(condition.attribute) + 1 :]}"
