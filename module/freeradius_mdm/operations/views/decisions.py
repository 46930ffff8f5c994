"""Decisions, newest first."""

from __future__ import annotations

from dataclasses import dataclass

from ...config.model import Config
from ...store.decision_log import DecisionLog
from ...store.query import DecisionFilter, StoredDecision


@dataclass(frozen=True, slots=True)
class DecisionList:
    """The newest comes first, by the time of the decision. `more`: there are others."""

    decisions: tuple[StoredDecision, ...]
    more: bool


def decisions(config: Config, chosen: DecisionFilter, limit: int) -> DecisionList:
    """Raises StoreError."""
    found = DecisionLog(config.service.store_file).newest(chosen, limit + 1)
    return DecisionList(tuple(found[:limit]), len(found) > limit)
