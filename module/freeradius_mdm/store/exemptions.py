"""Exemptions of the store, for tools and the API; read only, so that mdmd need not run."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from ..exemption import Exemption
from .asking import rows
from .exemptions_table import COLUMNS, exemption_from


class ExemptionState(StrEnum):
    """What has become of an exemption."""

    IN_FORCE = "in force"
    EXPIRED = "expired"
    ENDED = "ended"  # by an operator
    REPLACED = "replaced"  # a later one of the same endpoint counts


@dataclass(frozen=True, slots=True)
class ListedExemption:
    """An exemption and its state at the moment of the question."""

    exemption: Exemption
    state: ExemptionState


class ExemptionQueries:
    """Thread safe: each question opens the file anew, about 0.2 ms. Raise StoreError."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def exemptions(self, now: float, *, every: bool = False) -> list[ListedExemption]:
        """Those in force, the one that is over first in front; with `every` the others behind, the latest first."""
        statement = f"SELECT {COLUMNS} FROM exemptions ORDER BY made_at, id"  # noqa: S608 names are ours
        found = [exemption_from(row) for row in rows(self._file, statement)]
        latest = {each.key: each.id for each in found}
        listed = [ListedExemption(each, _state(each, latest[each.key], now)) for each in found]
        in_force = [each for each in listed if each.state is ExemptionState.IN_FORCE]
        in_force.sort(key=lambda each: each.exemption.until)
        others = [each for each in reversed(listed) if each.state is not ExemptionState.IN_FORCE]
        return in_force + (others if every else [])

    def exemption(self, identifier: str) -> Exemption | None:
        """The one of that id."""
        found = rows(self._file, f"SELECT {COLUMNS} FROM exemptions WHERE id = ?", [identifier])  # noqa: S608
        return exemption_from(found[0]) if found else None


def exemption_values(exemption: Exemption, state: str) -> dict[str, Any]:
    """As tools show it: every field, and the state; times in seconds since the epoch."""
    return {
        "id": exemption.id,
        "server": exemption.key.server,
        "kind": exemption.key.kind.value,
        "value": exemption.key.value,
        "profile": exemption.profile,
        "author": exemption.author,
        "reason": exemption.reason,
        "made_at": exemption.made_at,
        "until": exemption.until,
        "ended_at": exemption.ended_at,
        "ended_by": exemption.ended_by,
        "end_reason": exemption.end_reason,
        "state": state,
    }


def _state(exemption: Exemption, latest: str, now: float) -> ExemptionState:
    if exemption.ended_at is not None:
        return ExemptionState.ENDED
    if now >= exemption.until:
        return ExemptionState.EXPIRED
    return ExemptionState.IN_FORCE if exemption.id == latest else ExemptionState.REPLACED
