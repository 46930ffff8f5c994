"""The policy's rules in their order, with how often each has matched."""

from __future__ import annotations

from dataclasses import dataclass

from ...config.model import Config, Mode
from ...policy.model import Rule
from ...store.decision_log import DecisionLog
from ...store.query import RuleHits, StoreQueries


@dataclass(frozen=True, slots=True)
class RuleRow:
    """`number` counts from 1. `when`: all have to hold, and of `any`, if it has groups, all of at least one group.

    `hits`: since the store was made; `last_hit`: seconds since the epoch, None for never. `monitor`: the rule is
    recorded, not enforced.
    """

    number: int
    name: str
    when: tuple[str, ...]
    any: tuple[tuple[str, ...], ...]
    profile: str
    monitor: bool
    hits: int
    last_hit: float | None

    @property
    def conditions(self) -> str:
        """In one line."""
        groups = [" and ".join(group) for group in self.any]
        either = " or ".join(f"({group})" if len(groups) > 1 else group for group in groups)
        alternatives = f"({either})" if self.when and len(groups) > 1 else either
        return " and ".join(filter(None, (*self.when, alternatives)))


@dataclass(frozen=True, slots=True)
class DefaultRow:
    """What applies when no rule matches. `hits`: among the decisions that the store still has."""

    profile: str
    hits: int
    last_hit: float | None


@dataclass(frozen=True, slots=True)
class RuleList:
    """`former`: rules that have matched and are no longer in the policy. `mode`: of the policy as a whole."""

    rules: tuple[RuleRow, ...]
    default: DefaultRow
    former: tuple[RuleHits, ...]
    mode: Mode


def rules(config: Config) -> RuleList:
    """Raises StoreError."""
    file, policy = config.service.store_file, config.policy
    hits = {each.name: each for each in StoreQueries(file).rules()}
    rows = [
        _row(number, rule, hits.pop(rule.name, RuleHits(rule.name, 0, 0.0)))
        for number, rule in enumerate(policy.rules, start=1)
    ]
    count, last = DecisionLog(file).default_hits(policy.default_profile)
    default = DefaultRow(policy.default_profile, count, last or None)
    return RuleList(tuple(rows), default, tuple(hits.values()), policy.mode)


def _row(number: int, rule: Rule, hits: RuleHits) -> RuleRow:
    return RuleRow(
        number=number,
        name=rule.name,
        when=tuple(map(str, rule.when)),
        any=tuple(tuple(map(str, group)) for group in rule.any),
        profile=rule.profile,
        monitor=rule.monitor,
        hits=hits.hits,
        last_hit=hits.last_hit or None,
    )
