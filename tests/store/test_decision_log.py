"""The log of decisions: order, parts, and that no question reads every row."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from freeradius_mdm.decision import Outcome
from freeradius_mdm.errors import StoreError
from freeradius_mdm.store.asking import reading
from freeradius_mdm.store.decision_log import DecisionLog
from freeradius_mdm.store.query import DecisionFilter, StoreQueries
from freeradius_mdm.store.write import JournalPosition, StoreWriter

from .plans import plans, without_index
from .samples import decision, key

AT = 1_700_000_000.0


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Ten decisions; the one numbered 9 came in last and was made first. Even ones are rejects."""
    writer = StoreWriter(tmp_path)
    decisions = [
        decision(
            n,
            at=AT + (n if n < 9 else -100),
            outcome=Outcome.ACCEPT if n % 2 else Outcome.REJECT,
            reason_code="M1302" if n % 2 else "M1305",
            nas_address=f"192.0.2.{n % 3}",
            nas_name=f"sw-{n % 3}",
            client=f"198.51.100.{n % 3}",
            server="Intune",
        )
        for n in range(10)
    ]
    writer.ingest(decisions, [], JournalPosition("a", 1, 1), AT)
    writer.close()
    return tmp_path / "store.sqlite"


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (DecisionFilter(), [8, 7, 6, 5, 4, 3, 2, 1, 0, 9]),
        (DecisionFilter(outcome="reject"), [8, 6, 4, 2, 0]),
        (DecisionFilter(reason_code="M1302", since=AT + 3), [7, 5, 3]),
        (DecisionFilter(since=AT + 3, until=AT + 5), [4, 3]),
        (DecisionFilter(nas="sw-1"), [7, 4, 1]),
        (DecisionFilter(nas="192.0.2.1"), [7, 4, 1]),
        (DecisionFilter(nas="198.51.100.1"), [7, 4, 1]),
        (DecisionFilter(nas="sw"), []),
        (DecisionFilter(user="host/3", mac="0011223344AA", identity=key(3).value), [3]),
    ],
)
def test_newest_by_time(file: Path, chosen: DecisionFilter, expected: list[int]) -> None:
    assert [int(each.decision.id, 16) for each in DecisionLog(file).newest(chosen, 100)] == expected


def test_the_api_has_the_same_filter_for_network_devices(file: Path) -> None:
    found = StoreQueries(file).decisions(DecisionFilter(nas="sw-1"))
    assert [int(each.decision.id, 16) for each in found] == [7, 4, 1]


def test_the_backlog_and_what_comes_after(file: Path) -> None:
    log = DecisionLog(file)
    part = log.backlog(DecisionFilter(outcome="reject"), 2)
    assert [int(each.decision.id, 16) for each in part.decisions] == [6, 8]
    assert (part.reached, part.ends, part.newest_at) == (10, f"{9:024x}", AT + 8)
    assert log.after(10, DecisionFilter()).decisions == ()
    behind = log.after(6, DecisionFilter(), limit=3)
    assert [each.seq for each in behind.decisions] == [7, 8, 9]
    assert (behind.reached, behind.begins, behind.ends) == (9, f"{5:024x}", f"{8:024x}")
    assert log.after(6, DecisionFilter(outcome="reject"), limit=3).reached == 10  # there are two, and no others


def test_where_a_moment_begins(file: Path) -> None:
    log = DecisionLog(file)
    assert log.before_time(AT + 4) == 4
    assert log.before_time(AT + 100) == 10  # nothing is that new
    assert log.before_time(0.0) == 0


def test_by_number(file: Path) -> None:
    found = DecisionLog(file).numbered([3, 7, 99])
    assert {number: int(each.decision.id, 16) for number, each in found.items()} == {3: 2, 7: 6}


def test_whether_there_is_any(file: Path) -> None:
    assert DecisionLog(file).has(DecisionFilter(profile="corporate"))
    assert not DecisionLog(file).has(DecisionFilter(profile="former"))


@pytest.mark.parametrize(
    "chosen",
    [
        DecisionFilter(),
        DecisionFilter(outcome="reject"),
        DecisionFilter(nas="sw-1"),
        DecisionFilter(server="Intune", rule="x"),
        DecisionFilter(profile="x", reason_code="M1305"),
        DecisionFilter(since=AT),
        DecisionFilter(until=AT),
        DecisionFilter(user="x", since=AT),
        DecisionFilter(mac="x"),
        DecisionFilter(identity="x", outcome="reject"),
    ],
)
def test_every_filter_goes_by_an_index(file: Path, chosen: DecisionFilter, monkeypatch: pytest.MonkeyPatch) -> None:
    log = DecisionLog(file)
    for call in (
        lambda: log.newest(chosen, 10),
        lambda: log.backlog(chosen, 10),
        lambda: log.after(3, chosen),
        lambda: log.has(chosen),
    ):
        steps = plans(file, call, monkeypatch)
        assert any("decisions" in step for step in steps)
        assert without_index(steps, "decisions") == []
    assert not [step for step in plans(file, lambda: log.after(3, chosen), monkeypatch) if "TEMP B-TREE" in step]


def test_the_other_questions_go_by_an_index_too(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = DecisionLog(file)
    for call in (log.top, lambda: log.before_time(AT), lambda: log.numbered([1]), lambda: log.default_hits("x")):
        assert without_index(plans(file, call, monkeypatch), "decisions") == []


def test_the_check_of_plans_can_fail(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def ask() -> None:
        with reading(file) as connection:
            connection.execute("SELECT count(*) FROM decisions WHERE body LIKE ?", ("x",))

    assert without_index(plans(file, ask, monkeypatch), "decisions") == ["SCAN decisions"]


def test_a_damaged_decision_can_be_deleted(file: Path, tmp_path: Path) -> None:
    """Two columns of the index are parts of the body."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE decisions SET body = '{broken' WHERE seq = 4")
        connection.commit()
        assert connection.execute("SELECT nas_name, client FROM decisions WHERE seq = 4").fetchone() == (None, None)
    with pytest.raises(StoreError, match="a stored decision is damaged"):
        DecisionLog(file).newest(DecisionFilter(), 100)
    writer = StoreWriter(tmp_path)
    assert writer.purge(AT + 100) == 10
    writer.close()


def test_a_store_of_another_version_is_refused(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA user_version=99")
    with pytest.raises(StoreError, match="has schema 99, this program knows"):
        DecisionLog(file).top()
    with closing(sqlite3.connect(file.parent / "empty.sqlite")) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    with pytest.raises(StoreError, match="is empty so far"):
        DecisionLog(file.parent / "empty.sqlite").top()
