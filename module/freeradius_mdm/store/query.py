"""Questions that tools, the API and the web page put to the store; read only, so that mdmd need not run."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from ..compliance import ComplianceRecord, EndpointKey, IdKind
from ..decision import Decision
from ..download.record import Download
from ..errors import StoreError
from .asking import rows
from .read import RECORD_COLUMNS, record_from

MAXIMUM_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class DecisionFilter:
    """Which decisions to show; what is None does not restrict. Text has to be equal as a whole, but for `reason_code`,

    which can be the beginning of a code.

    `since` (included) and `until` (excluded) are seconds since the epoch. `before` is the `seq` of a decision
    shown already: the next page holds older ones. `nas`: the client's address, its short name or its NAS-IP-Address.
    """

    outcome: str | None = None
    user: str | None = None
    mac: str | None = None
    identity: str | None = None
    nas_address: str | None = None
    server: str | None = None
    rule: str | None = None
    profile: str | None = None
    reason_code: str | None = None
    since: float | None = None
    until: float | None = None
    before: int | None = None
    nas: str | None = None

    def condition(self) -> tuple[str, list[Any]]:
        """What stands behind WHERE, and its values."""
        given = [(each.name, getattr(self, each.name)) for each in fields(self)]
        given = [(name, value) for name, value in given if value is not None]
        where = " AND ".join(_COMPARISONS.get(name, f"{name} = ?") for name, _ in given) or "1"
        return where, [value for _, value in given]


@dataclass(frozen=True, slots=True)
class StoredDecision:
    """A decision and its place in the order of ingestion."""

    seq: int
    decision: Decision


@dataclass(frozen=True, slots=True)
class StoredDownload:
    """What became of a download of an ACL. `decision`: the id of the one that had named it to this network device."""

    seq: int
    download: Download
    decision: str


@dataclass(frozen=True, slots=True)
class RuleHits:
    """How often a rule has matched, and when last (seconds since the epoch)."""

    name: str
    hits: int
    last_hit: float


_COMPARISONS = {
    "since": "at >= ?",
    "until": "at < ?",
    "before": "seq < ?",
    "reason_code": "instr(reason_code, ?) = 1",
    "nas": "? IN (nas_address, nas_name, client)",
}


class StoreQueries:
    """Read-only questions. Thread safe: each opens the file anew, about 0.2 ms."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def decisions(self, chosen: DecisionFilter | None = None, limit: int = 100) -> list[StoredDecision]:
        """Newest first, MAXIMUM_LIMIT at most."""
        where, values = (chosen or DecisionFilter()).condition()
        found = rows(
            self._file,
            f"SELECT seq, body FROM decisions WHERE {where} ORDER BY seq DESC LIMIT ?",  # noqa: S608 names are ours
            [*values, max(1, min(limit, MAXIMUM_LIMIT))],
        )
        return [StoredDecision(seq, decision_from(body)) for seq, body in found]

    def decision(self, identifier: str) -> Decision | None:
        """The decision of that id, None when there is none (any more)."""
        found = rows(self._file, "SELECT body FROM decisions WHERE id = ?", [identifier])
        return decision_from(found[0][0]) if found else None

    def downloads(self, limit: int = 100, *, before: int | None = None) -> list[StoredDownload]:
        """Downloads of ACLs, refused ones too, newest first, MAXIMUM_LIMIT at most; those behind `seq` `before`."""
        columns = [each.name for each in fields(Download)]
        stored = ", ".join("wire_name" if name == "name" else name for name in columns)
        found = rows(
            self._file,
            f"SELECT seq, decision, {stored} FROM downloads"  # noqa: S608 names are ours
            " WHERE ?1 IS NULL OR seq < ?1 ORDER BY seq DESC LIMIT ?2",
            [before, max(1, min(limit, MAXIMUM_LIMIT))],
        )
        return [
            StoredDownload(row[0], Download.from_values(dict(zip(columns, row[2:], strict=True))), row[1])
            for row in found
        ]

    def records(self, server: str | None = None) -> list[ComplianceRecord]:
        """Every compliance record, or those of one MDM server."""
        found = rows(
            self._file,
            f"SELECT server, kind, value, {RECORD_COLUMNS} FROM records"  # noqa: S608 constant
            " WHERE ?1 IS NULL OR server = ?1 ORDER BY server, kind, value",
            [server],
        )
        return [record_from(EndpointKey(row[0], IdKind(row[1]), row[2]), row[3:]) for row in found]

    def rules(self) -> list[RuleHits]:
        """Hit counts of every rule that ever matched, by name."""
        return [RuleHits(*row) for row in rows(self._file, "SELECT name, hits, last_hit FROM rules ORDER BY name")]

    def rejected_lines(self) -> int:
        """How many journal lines could not be understood."""
        return int(rows(self._file, "SELECT count(*) FROM journal_rejects")[0][0])


def decision_from(body: str) -> Decision:
    """The column `body`. Raises StoreError for what we can't have written."""
    try:
        return Decision.from_json(body)
    except ValueError as error:
        raise StoreError(f"a stored decision is damaged: {error}") from error
