"""Questions of tools: order, filters, pages."""

from __future__ import annotations

from pathlib import Path

import pytest

from freeradius_mdm.compliance import ComplianceRecord
from freeradius_mdm.decision import Outcome
from freeradius_mdm.errors import StoreError
from freeradius_mdm.store.query import DecisionFilter, StoreQueries
from freeradius_mdm.store.write import JournalPosition, StoreWriter

from .samples import COMPLIANT, decision, key

AT = 1_700_000_000.0


@pytest.fixture
def queries(tmp_path: Path) -> StoreQueries:
    """Ten decisions a second apart; even ones rejects, the fifth someone else's. mdmd is not running."""
    writer = StoreWriter(tmp_path)
    decisions = [
        decision(
            n,
            at=AT + n,
            outcome=Outcome.ACCEPT if n % 2 else Outcome.REJECT,
            user="eve" if n == 5 else "host/1",
            rule="compliant" if n % 2 else "rest",
        )
        for n in range(10)
    ]
    writer.ingest(decisions, [], JournalPosition("a", 1, 1), AT)
    writer.put_answer(key(2), COMPLIANT, AT)
    writer.put_failure(key(1, "other"), "M1211 down", AT)
    writer.close()
    return StoreQueries(tmp_path / "store.sqlite")


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (DecisionFilter(), [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]),
        (DecisionFilter(outcome="reject"), [8, 6, 4, 2, 0]),
        (DecisionFilter(user="eve"), [5]),
        (DecisionFilter(identity=key(3).value), [3]),
        (DecisionFilter(mac="0011223344AA", rule="rest"), [8, 6, 4, 2, 0]),
        (DecisionFilter(since=AT + 3, until=AT + 5), [4, 3]),
        (DecisionFilter(user="' OR 1=1 --"), []),
    ],
)
def test_filters(queries: StoreQueries, chosen: DecisionFilter, expected: list[int]) -> None:
    assert [int(each.decision.id, 16) for each in queries.decisions(chosen)] == expected


def test_pages(queries: StoreQueries) -> None:
    first = queries.decisions(limit=4)
    second = queries.decisions(DecisionFilter(before=first[-1].seq), limit=4)
    assert [int(each.decision.id, 16) for each in first + second] == [9, 8, 7, 6, 5, 4, 3, 2]


def test_one_decision_whole(queries: StoreQueries) -> None:
    assert queries.decision(decision(5).id) == decision(5, at=AT + 5, user="eve", rule="compliant")
    assert queries.decision("0") is None


def test_records(queries: StoreQueries) -> None:
    ours, others = ComplianceRecord(key(2), COMPLIANT, AT), key(1, "other")
    assert queries.records("intune") == [ours]
    assert queries.records() == [ours, ComplianceRecord(others, None, 0.0, AT, "M1211 down")]


def test_no_store(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="unable to open database file"):
        StoreQueries(tmp_path / "none.sqlite").rules()
