"""The one writer: records, decisions with their journal position, retention, and who else must stay out."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from freeradius_mdm.compliance import ComplianceRecord
from freeradius_mdm.errors import StoreError
from freeradius_mdm.store.query import RuleHits, StoreQueries
from freeradius_mdm.store.read import StoreReader
from freeradius_mdm.store.write import JournalPosition, JournalReject, StoreWriter

from .samples import COMPLIANT, decision, key

AT = 1_700_000_000.0


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[StoreWriter]:
    made = StoreWriter(tmp_path, busy_timeout=0.01)
    yield made
    made.close()


def test_failure_keeps_the_answer_and_an_answer_ends_the_failure(tmp_path: Path, writer: StoreWriter) -> None:
    reader = StoreReader(tmp_path / "store.sqlite")
    writer.put_failure(key(), "M1211 never\nanswered", 50.0)
    assert reader.record(key()) == ComplianceRecord(key(), None, 0.0, 50.0, "M1211 never answered")
    writer.put_answer(key(), COMPLIANT, 100.0)
    assert reader.record(key()) == ComplianceRecord(key(), COMPLIANT, 100.0)
    writer.put_failure(key(), "M1211 timed out", 150.0)
    assert reader.record(key()) == ComplianceRecord(key(), COMPLIANT, 100.0, 150.0, "M1211 timed out")
    # A clock that was set back: the newest answer counts, not the largest time.
    writer.put_answer(key(), COMPLIANT, 90.0)
    assert reader.record(key()) == ComplianceRecord(key(), COMPLIANT, 90.0)
    reader.close()


def test_decisions_rejects_position_and_hits_are_one_transaction(tmp_path: Path, writer: StoreWriter) -> None:
    queries = StoreQueries(tmp_path / "store.sqlite")
    reached = JournalPosition("20231114T22.jsonl", 7, 1234)
    reject = JournalReject("20231114T22.jsonl", 99, "no JSON", b"\x00torn")
    new = writer.ingest([decision(1), decision(2, at=AT + 5)], [reject], reached, AT)
    assert [each.id for each in new] == [decision(1).id, decision(2).id]
    assert writer.positions() == {reached.segment: reached}
    assert queries.rules() == [RuleHits("compliant", 2, AT + 5)]
    assert queries.rejected_lines() == 1


def test_a_decision_is_counted_once(tmp_path: Path, writer: StoreWriter) -> None:
    queries = StoreQueries(tmp_path / "store.sqlite")
    for position in (10, 20):
        writer.ingest([decision(1)], [], JournalPosition("a", 1, position), AT)
    assert len(queries.decisions()) == 1
    assert queries.rules() == [RuleHits("compliant", 1, AT)]


def test_monitor_mode_counts_the_rule_that_would_have_been(tmp_path: Path, writer: StoreWriter) -> None:
    monitored = decision(1, rule="", would_be_rule="quarantine")
    writer.ingest([monitored, decision(2, rule="")], [], JournalPosition("a", 1, 1), AT)
    assert StoreQueries(tmp_path / "store.sqlite").rules() == [RuleHits("quarantine", 1, AT)]


def test_a_busy_store_is_an_error_and_leaves_nothing_half_done(tmp_path: Path, writer: StoreWriter) -> None:
    with closing(sqlite3.connect(tmp_path / "store.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="database is locked"):
            writer.ingest([decision(1)], [], JournalPosition("a", 1, 1), AT)
        other.execute("ROLLBACK")
    assert writer.positions() == {}
    writer.ingest([decision(1)], [], JournalPosition("a", 1, 1), AT)
    assert len(StoreQueries(tmp_path / "store.sqlite").decisions()) == 1


def test_a_full_store_is_an_error_and_recovers(tmp_path: Path, writer: StoreWriter) -> None:
    connection = writer._connection  # SQLite's own limit stands in for a full disk
    (pages,) = connection.execute("PRAGMA page_count").fetchall()[0]
    connection.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(StoreError, match="database or disk is full"):
        writer.ingest([decision(n) for n in range(100)], [], JournalPosition("a", 1, 1), AT)
    assert writer.positions() == {}
    connection.execute("PRAGMA max_page_count=1000000")
    assert len(writer.ingest([decision(n) for n in range(100)], [], JournalPosition("a", 1, 1), AT)) == 100


def test_purge_by_age(tmp_path: Path, writer: StoreWriter) -> None:
    queries = StoreQueries(tmp_path / "store.sqlite")
    old = [decision(n, at=AT - 10) for n in range(2500)]
    writer.ingest([*old, decision(9999)], [JournalReject("a", 0, "r", b"x")], JournalPosition("a", 1, 1), AT)
    assert writer.purge(AT) == 2500
    assert [each.decision.id for each in queries.decisions()] == [decision(9999).id]
    assert queries.rejected_lines() == 1
    assert writer.purge(AT + 1) == 1
    assert queries.rejected_lines() == 0


def test_two_writers_are_refused(tmp_path: Path, writer: StoreWriter) -> None:
    with pytest.raises(StoreError, match=r"another mdmd \(process \d+\) uses .*: stop it, or set another state"):
        StoreWriter(tmp_path)


def test_a_directory_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("in the way")
    with pytest.raises(StoreError, match=r"state directory .* can't be used: File exists"):
        StoreWriter(tmp_path / "state")


def test_forget(writer: StoreWriter) -> None:
    for segment in ("a", "b"):
        writer.ingest([], [], JournalPosition(segment, 1, 1), AT)
    writer.forget(["a"])
    assert list(writer.positions()) == ["b"]
