"""What the keeper does is done in the store first, all or nothing, and told to everybody once."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from freeradius_mdm.accounting import AccountingStatus
from freeradius_mdm.errors import StoreError
from freeradius_mdm.journal import JournalWriter
from freeradius_mdm.service.events import EventLog
from freeradius_mdm.service.journal_reader import JournalReader
from freeradius_mdm.service.sessions import Line, SessionKeeper
from freeradius_mdm.sessions.book import Change
from freeradius_mdm.sessions.model import EndCause, Session
from freeradius_mdm.store.sessions import SessionQueries
from freeradius_mdm.store.write import JournalPosition, StoreWriter
from tests.sessions.told import INTERIM, LAPTOP, OTHER_SWITCH, PHONE, START, STOP, SWITCH, T0, accept, told

A1, A2 = {"audit_session_id": "0A0A0A0A0000001400C1A2B3"}, {"audit_session_id": "0A0A0A0A0000001500C1FFFF"}
ONE, TWO = f"{1:024x}", f"{2:024x}"


@dataclass
class Bench:
    directory: Path
    writer: StoreWriter
    keeper: SessionKeeper
    log: io.StringIO
    changes: list[Change]

    def take(self, *lines: Line, position: int = 1) -> None:
        self.keeper.ingest(lines, (), JournalPosition("20231114T22.jsonl", 1, position), T0)

    def stored(self) -> dict[str, Session]:
        return {each.id: each for each in SessionQueries(self.directory / "store.sqlite").sessions()}

    def live(self) -> dict[str, Session]:
        return {each.id: each for each in self.keeper.directory.all()}

    def loaded(self) -> dict[str, Session]:
        """What another mdmd would find."""
        other = SessionKeeper(self.writer, EventLog(io.StringIO(), lambda: T0), T0, "radius1")
        return {each.id: each for each in other.directory.all()}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    writer, log, changes = StoreWriter(tmp_path, busy_timeout=0.01), io.StringIO(), []
    keeper = SessionKeeper(writer, EventLog(log, lambda: T0), T0, "radius1")
    keeper.on_change(changes.extend)
    yield Bench(tmp_path, writer, keeper, log, changes)
    writer.close()


def test_store_directory_and_listeners_agree(bench: Bench) -> None:
    bench.take(
        accept(1, 0, SWITCH, LAPTOP, A1),
        told(START, 1, SWITCH, A1, of=1),
        accept(2, 2, OTHER_SWITCH, PHONE, A2),
        told(STOP, 3, OTHER_SWITCH, A2, of=2),
    )
    assert {each.id: each.state for each in bench.stored().values()} == {ONE: "started", TWO: "ended"}
    assert bench.live() == {ONE: bench.stored()[ONE]} == bench.loaded()
    assert bench.live()[ONE].node == "radius1"
    assert [(each.before, each.after) for each in bench.changes] == [
        (None, bench.stored()[ONE]),
        (None, bench.stored()[TWO]),
    ]
    assert (bench.keeper.tally.applied, bench.keeper.tally.unmatched) == (2, 0)


def test_order_of_the_lines_counts(bench: Bench) -> None:
    """An accounting line that stands before its decision can't be about it."""
    bench.take(told(START, 0, SWITCH, PHONE), accept(1, 1, SWITCH, LAPTOP, A1), told(START, 2, SWITCH, A1))
    assert bench.stored()[ONE].state == "started"
    assert (bench.keeper.tally.applied, bench.keeper.tally.unmatched) == (1, 1)


def test_a_decision_that_the_store_has_already_changes_no_session(bench: Bench) -> None:
    bench.take(accept(1, 0, SWITCH, LAPTOP, A1), accept(2, 5, SWITCH, LAPTOP, A1))
    before = bench.stored()
    bench.take(accept(1, 0, SWITCH, LAPTOP, A1), position=2)
    assert bench.stored() == before
    assert len(bench.changes) == 1


def test_nor_does_one_whose_session_is_forgotten_here(bench: Bench) -> None:
    bench.take(accept(1, 0, SWITCH, LAPTOP, A1), told(STOP, 5, SWITCH, A1, of=1))
    bench.keeper.age(T0 + 86400, 86400)
    bench.take(accept(1, 0, SWITCH, LAPTOP, A1), position=2)
    assert bench.live() == {}
    assert bench.stored()[ONE].end_cause == "stop"


def test_while_the_store_takes_nothing_nothing_changes(bench: Bench) -> None:
    bench.take(accept(1, 0, SWITCH, LAPTOP, A1))
    before, changes = bench.stored(), list(bench.changes)
    then = (told(START, 1, SWITCH, A1, of=1), accept(2, 2, OTHER_SWITCH, PHONE, A2))
    with closing(sqlite3.connect(bench.directory / "store.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for _ in range(2):
            with pytest.raises(StoreError):
                bench.take(*then, position=2)
            with pytest.raises(StoreError):
                bench.keeper.end(ONE, EndCause.GONE, T0 + 9)
            with pytest.raises(StoreError):
                bench.keeper.age(T0 + 10 * 86400, 86400)
        other.execute("ROLLBACK")
    assert (bench.stored(), bench.live(), bench.changes) == (before, before, changes)
    assert bench.keeper.tally.applied == 0
    bench.take(*then, position=2)
    assert {each.id: each.state for each in bench.live().values()} == {ONE: "started", TWO: "authorized"}
    assert bench.live() == bench.stored() == bench.loaded()
    assert bench.keeper.tally.applied == 1


def test_a_session_that_the_network_device_does_not_know(bench: Bench) -> None:
    bench.take(accept(1, 0, SWITCH, LAPTOP, A1), told(START, 1, SWITCH, A1, of=1))
    ended = bench.keeper.end(ONE, EndCause.GONE, T0 + 60, "M1603 session not found")
    assert ended == bench.stored()[ONE]
    assert (ended.end_cause, ended.ended_at, ended.coa_at) == ("gone", T0 + 60, T0 + 60)
    assert ended.coa_result == "M1603 session not found"
    assert bench.live() == {}
    assert bench.keeper.end(ONE, EndCause.GONE, T0 + 61) is None
    # Its accounting knows better.
    bench.take(told(INTERIM, 120, SWITCH, A1, of=1), position=2)
    assert bench.live()[ONE].state == "started"


def test_what_came_of_a_change_of_authorization(bench: Bench) -> None:
    bench.take(accept(1, 0, SWITCH, LAPTOP, A1))
    after = bench.keeper.coa_result(ONE, T0 + 60, "acknowledged")
    assert bench.live()[ONE] == after == bench.stored()[ONE]
    assert (after.coa_at, after.coa_result, after.live) == (T0 + 60, "acknowledged", True)
    bench.take(accept(2, 61, SWITCH, LAPTOP, A1), position=2)
    assert bench.live()[ONE].coa_result == "acknowledged"  # the reauthentication that it asked for
    assert bench.keeper.coa_result("0" * 24, T0, "x") is None


def test_lost_sessions_are_told(bench: Bench) -> None:
    bench.take(accept(1, 0, SWITCH, LAPTOP, A1), accept(2, 0, OTHER_SWITCH, PHONE, A2, session_timeout=10**6))
    assert bench.keeper.age(T0 + 86400, 86400) == 1
    assert bench.stored()[ONE].end_cause == "lost"
    assert list(bench.live()) == [TWO]
    assert f"event=session_lost session={ONE} nas=192.0.2.10 mac=005056A1B2C3" in bench.log.getvalue()
    # Forgotten in memory only, and not told.
    told_so_far = len(bench.changes)
    assert bench.keeper.age(T0 + 2 * 86400, 86400) == 0
    assert ONE in bench.stored()
    assert [each.after for each in bench.changes[told_so_far:]] == [None]


def test_another_node_s_sessions(bench: Bench) -> None:
    bench.take(accept(1, 0, SWITCH, LAPTOP, A1))
    mine = bench.live()[ONE]
    theirs = replace(mine, id=TWO, decision_id=TWO, client="192.0.2.50", node="radius2")
    older = replace(mine, last_seen=mine.last_seen - 5, rule="older")
    bench.keeper.take_over([theirs, older])
    assert bench.live() == {ONE: mine, TWO: theirs} == bench.stored()
    newer = replace(mine, last_seen=mine.last_seen + 5, rule="newer")
    bench.keeper.take_over([newer])
    assert bench.live()[ONE] == newer


def test_a_session_taken_over_that_has_come_here_by_itself_before(bench: Bench) -> None:
    # Its switch asked this node while the other one was dying, and so opened it here under another id.
    bench.take(accept(2, 100, SWITCH, LAPTOP, A1))
    here = bench.live()[TWO]
    theirs = replace(here, id=ONE, decision_id=ONE, reauthorized_at=T0, last_seen=T0, authorized_at=T0, node="radius2")
    bench.keeper.take_over([theirs])
    assert bench.live() == {TWO: here}
    # Stored as ended, which is what the other nodes are told then.
    assert (bench.stored()[ONE].live, bench.stored()[ONE].end_cause) == (False, "replaced")
    newer = replace(theirs, id=f"{3:024x}", reauthorized_at=here.reauthorized_at + 5, last_seen=here.last_seen + 5)
    bench.keeper.take_over([newer])
    assert bench.live() == {newer.id: newer}
    assert bench.stored()[TWO].end_cause == "replaced"


def test_a_session_that_another_node_has_authorized_is_not_here_any_more(bench: Bench) -> None:
    bench.take(accept(1, 0, SWITCH, LAPTOP, A1), accept(2, 0, SWITCH, PHONE, A2))
    mine = bench.live()[ONE]
    theirs = replace(mine, id=f"{3:024x}", node="radius2", reauthorized_at=mine.reauthorized_at + 60)
    # An older one, the same one, and one on another network device say nothing about it.
    assert bench.keeper.authorized_elsewhere(replace(theirs, reauthorized_at=mine.reauthorized_at - 1)) is None
    assert bench.keeper.authorized_elsewhere(replace(theirs, id=ONE)) is None
    assert bench.keeper.authorized_elsewhere(replace(theirs, client="192.0.2.99")) is None
    assert list(bench.live()) == [ONE, TWO]
    ended = bench.keeper.authorized_elsewhere(theirs)
    assert ended is not None
    assert (ended.id, ended.end_cause, ended.ended_at) == (ONE, "replaced", theirs.reauthorized_at)
    assert list(bench.live()) == [TWO]
    assert bench.stored()[ONE] == ended


def test_a_new_session_at_the_other_node_ends_the_one_of_that_station_here(bench: Bench) -> None:
    """Its stop went to the other node, which did not know it; the same station at the same place, with another id."""
    bench.take(accept(1, 0, SWITCH, LAPTOP, A1), accept(2, 0, SWITCH, PHONE, A2))
    mine = bench.live()[ONE]
    again = replace(
        mine,
        id=f"{3:024x}",
        node="radius2",
        audit_session_id="0A00000100000099",
        reauthorized_at=mine.reauthorized_at + 60,
    )
    # The station somewhere else is no reason, and neither is another station at the same port.
    assert bench.keeper.authorized_elsewhere(replace(again, client="192.0.2.99")) is None
    assert bench.keeper.authorized_elsewhere(replace(again, mac="0050560000FF", calling_station="x")) is None
    ended = bench.keeper.authorized_elsewhere(again)
    assert ended is not None
    assert (ended.id, ended.end_cause) == (ONE, "replaced")
    assert list(bench.live()) == [TWO]


def test_odd_accounting_is_told_once(bench: Bench) -> None:
    odd = told(AccountingStatus.OTHER, 1, SWITCH, problem="it has no Acct-Status-Type", client_name="sw")
    bench.take(odd, odd)
    bench.take(odd, replace(odd, client="192.0.2.77"), position=2)
    lines = [line for line in bench.log.getvalue().splitlines() if " event=accounting_odd " in line]
    assert ["nas=192.0.2.10 name=sw" in lines[0], "nas=192.0.2.77" in lines[1]] == [True, True]
    assert len(lines) == 2
    assert bench.keeper.tally.odd == 4


def test_from_the_journal(bench: Bench) -> None:
    journal = bench.directory / "journal"
    journal.mkdir()
    reader = JournalReader(journal, bench.writer, bench.keeper, lambda: T0, lambda _: None)
    for line in (accept(1, 0, SWITCH, LAPTOP, A1), told(START, 1, SWITCH, A1, of=1), told(STOP, 2, SWITCH, A1, of=1)):
        kind = "accounting" if hasattr(line, "status") else "decision"
        JournalWriter(journal).append(kind, line.to_json(), T0)
        reader.poll()
    assert bench.stored()[ONE].end_cause == "stop"
    with closing(sqlite3.connect(bench.directory / "store.sqlite")) as connection:
        assert connection.execute("SELECT count(*) FROM journal_rejects").fetchone() == (0,)
