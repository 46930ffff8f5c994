"""Rules and conditions as values. Standard library only: radiusd imports this."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Operator(StrEnum):
    """How a condition compares; `regex` has to match the whole value."""

    EQUALS = "equals"
    PREFIX = "prefix"
    CIDR = "cidr"
    REGEX = "regex"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison: true when any value of the attribute matches any operand.

    Negated: true when the attribute is there and none of its values matches. An absent attribute makes the
    condition false, negated too, so a rule has to name what it relies on (ise.md section 2.2).
    """

    attribute: str
    operator: Operator
    operands: tuple[str, ...]
    negated: bool = False
    networks: tuple[Network, ...] = ()
    expressions: tuple[re.Pattern[str], ...] = ()
    numbers: tuple[float, ...] = ()

    def holds(self, values: Sequence[str]) -> bool:
        """`values`: all values of the attribute, empty when it is absent."""
        if not values:
            return False
        return any(self._matches(value) for value in values) is not self.negated

    def _matches(self, value: str) -> bool:
        match self.operator:
            case Operator.EQUALS:
                return value in self.operands
            case Operator.PREFIX:
                return value.startswith(self.operands)
            case Operator.REGEX:
                return any(expression.fullmatch(value) for expression in self.expressions)
            case Operator.CIDR:
                return self._in_network(value)
            case Operator.AT_LEAST:
                return _number(value) is not None and any(float(value) >= limit for limit in self.numbers)
            case Operator.AT_MOST:
                return _number(value) is not None and any(float(value) <= limit for limit in self.numbers)

    def _in_network(self, value: str) -> bool:
        try:
            address = ipaddress.ip_address(value)
        except ValueError:
            return False
        return any(address in network for network in self.networks)

    def __str__(self) -> str:
        operands = " or ".join(self.operands)
        return f"{self.attribute} {'not ' if self.negated else ''}{self.operator.value} {operands}"


def _number(value: str) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Rule:
    """One `[[rules]]` entry: every condition of `when` holds and, if `any` has groups, all of at least one group.

    `monitor`: the rule is evaluated and recorded, and the device is let in with the policy's monitor profile.
    """

    name: str
    when: tuple[Condition, ...]
    profile: str
    any: tuple[tuple[Condition, ...], ...] = field(default=())
    monitor: bool = False

    def conditions(self) -> tuple[Condition, ...]:
        """All of them, of `when` and of every group of `any`."""
        return self.when + tuple(condition for group in self.any for condition in group)
