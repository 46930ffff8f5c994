"""Exemptions in the store: which one counts, what a crash leaves to be looked at, and the upgrade from version 4."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from freeradius_mdm.errors import StoreError
from freeradius_mdm.exemption import Exemption
from freeradius_mdm.store import schema
from freeradius_mdm.store.coa_orders import OrderQueries
from freeradius_mdm.store.exemptions import ExemptionQueries, ExemptionState
from freeradius_mdm.store.query import StoreQueries
from freeradius_mdm.store.read import StoreReader
from freeradius_mdm.store.write import StoreWriter

from .samples import COMPLIANT, decision, key

AT = 1_700_000_000.0
DAY = 86400.0
ONE = Exemption("00000000000a", key(1), "Employee", "alice", "replacement ordered", AT, AT + DAY)


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[StoreWriter]:
    made = StoreWriter(tmp_path)
    yield made
    made.close()


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[StoreReader]:
    made = StoreReader(tmp_path / "store.sqlite")
    yield made
    made.close()


def states(directory: Path, now: float, *, every: bool = True) -> list[tuple[str, str]]:
    found = ExemptionQueries(directory / "store.sqlite").exemptions(now, every=every)
    return [(each.exemption.id, each.state.value) for each in found]


def test_made_and_ended(writer: StoreWriter, reader: StoreReader, tmp_path: Path) -> None:
    assert reader.exemption(key(1)) is None
    assert writer.make_exemption(ONE) == ONE
    assert reader.exemption(key(1)) == ONE
    assert reader.exemption(key(2)) is None
    ended = writer.end_exemption(ONE.id, AT + 60, "bob", "device replaced")
    assert ended == replace(ONE, ended_at=AT + 60, ended_by="bob", end_reason="device replaced")
    assert reader.exemption(key(1)) is None
    assert reader.latest_exemption(key(1)) == ended
    assert ExemptionQueries(tmp_path / "store.sqlite").exemption(ONE.id) == ended
    assert writer.end_exemption(ONE.id, AT + 90, "carol", "again") is None
    assert writer.end_exemption("00000000000b", AT, "carol", "unknown") is None


def test_of_several_the_one_made_last_counts(writer: StoreWriter, reader: StoreReader, tmp_path: Path) -> None:
    """An earlier one does not come back when the later one is over, though its own time is not."""
    second = replace(ONE, id="000000000001", profile="Quarantine", made_at=AT + 10, until=AT + 100)
    writer.make_exemption(ONE)
    writer.make_exemption(second)
    assert reader.exemption(key(1)) == second
    assert states(tmp_path, AT + 20) == [("000000000001", "in force"), ("00000000000a", "replaced")]
    assert states(tmp_path, AT + 20, every=False) == [("000000000001", "in force")]
    assert states(tmp_path, AT + 100) == [("000000000001", "expired"), ("00000000000a", "replaced")]
    writer.end_exemption(second.id, AT + 30, "bob", "a mistake")
    assert reader.exemption(key(1)) is None
    assert states(tmp_path, AT + 40) == [("000000000001", "ended"), ("00000000000a", "replaced")]


def test_a_clock_that_was_set_back_does_not_hide_the_new_one(writer: StoreWriter, reader: StoreReader) -> None:
    writer.make_exemption(ONE)
    made = writer.make_exemption(replace(ONE, id="000000000001", made_at=AT - 3600, until=AT + 2 * DAY))
    assert made.made_at > ONE.made_at
    assert reader.exemption(key(1)) == made


def test_what_other_nodes_know(writer: StoreWriter, reader: StoreReader) -> None:
    ended = replace(ONE, ended_at=AT + 60, ended_by="bob", end_reason="device replaced")
    assert writer.merge_exemptions([ended]) == [ended]  # its end is heard of first
    assert writer.merge_exemptions([ONE]) == []
    assert reader.exemption(key(1)) is None
    older = replace(ONE, id="000000000001", made_at=AT - 5)
    assert writer.merge_exemptions([older, ended]) == [older]
    assert reader.exemption(key(1)) is None  # the later one counts, and was ended


def ids(writer: StoreWriter, now: float) -> list[str]:
    return [each.id for each in writer.unsettled_exemptions(now)]


def test_what_sessions_have_to_be_looked_at_for(writer: StoreWriter) -> None:
    writer.make_exemption(ONE)
    assert ids(writer, AT) == [ONE.id]
    writer.settle_exemption(ONE.id, over=False)
    assert ids(writer, AT + DAY - 1) == []
    assert ids(writer, AT + DAY) == [ONE.id]  # expired
    writer.settle_exemption(ONE.id, over=True)
    assert ids(writer, AT + 99 * DAY) == []


def test_ended_while_its_making_was_being_dealt_with(writer: StoreWriter) -> None:
    writer.make_exemption(ONE)
    writer.end_exemption(ONE.id, AT + 1, "bob", "a mistake")
    writer.settle_exemption(ONE.id, over=False)  # of the making
    assert ids(writer, AT + 2) == [ONE.id]
    writer.settle_exemption(ONE.id, over=True)
    assert ids(writer, AT + 2) == []


def test_unsettled_is_found_by_the_next_process(tmp_path: Path) -> None:
    first = StoreWriter(tmp_path)
    first.make_exemption(ONE)
    first.close()
    second = StoreWriter(tmp_path)
    assert second.unsettled_exemptions(AT) == [ONE]
    second.close()


def test_only_what_is_long_over_is_deleted(writer: StoreWriter, tmp_path: Path) -> None:
    writer.make_exemption(ONE)
    assert writer.purge_exemptions(AT + 2 * DAY) == 0  # nobody has looked at its end yet
    writer.settle_exemption(ONE.id, over=True)
    assert writer.purge_exemptions(AT + DAY) == 0
    assert writer.purge_exemptions(AT + DAY + 1) == 1
    assert states(tmp_path, AT) == []


def test_a_damaged_row_is_told(writer: StoreWriter, reader: StoreReader, tmp_path: Path) -> None:
    writer.make_exemption(ONE)
    with closing(sqlite3.connect(tmp_path / "store.sqlite", isolation_level=None)) as connection:
        connection.execute("UPDATE exemptions SET value = 'x'")
        connection.execute("UPDATE exemptions SET server = 'intune', kind = 'mac'")
    with pytest.raises(StoreError, match="exemption 00000000000a is damaged"):
        ExemptionQueries(tmp_path / "store.sqlite").exemptions(AT)


def version_4(directory: Path) -> None:
    """A store as it was before exemptions, with an order to a network device: its statements, not our present ones."""
    schema.make_directory(directory)
    with closing(sqlite3.connect(directory / "store.sqlite")) as connection:
        connection.executescript((Path(__file__).parent / "version_4.sql").read_text(encoding="utf-8"))


def test_a_file_of_version_4_is_upgraded_and_keeps_its_data(tmp_path: Path) -> None:
    version_4(tmp_path)
    reader = StoreReader(tmp_path / "store.sqlite")
    with pytest.raises(StoreError, match=r"has schema 4, this program knows \d+; start the mdmd"):
        reader.exemption(key(1))
    writer = StoreWriter(tmp_path)
    assert reader.record(key(1)) is not None
    assert reader.record(key(1)).answer == COMPLIANT  # type: ignore[union-attr]
    assert reader.exemption(key(1)) is None
    kept = StoreQueries(tmp_path / "store.sqlite").decision(decision(1).id)
    assert kept == decision(1)
    (order,) = OrderQueries(tmp_path / "store.sqlite").orders()
    assert (order.id, order.state, order.author, order.asked) == ("f" * 24, "acked", "", "")
    (session,) = writer.sessions(0.0)
    assert (session.id, session.user, session.profile) == (decision(1).id, "host/1", "corporate")
    writer.make_exemption(ONE)
    assert reader.exemption(key(1)) == ONE
    writer.close()
    reader.close()
    StoreWriter(tmp_path).close()  # a second start finds nothing to do
    assert states(tmp_path, AT) == [(ONE.id, ExemptionState.IN_FORCE.value)]


def test_an_upgraded_file_is_like_a_new_one(tmp_path: Path) -> None:
    version_4(tmp_path / "old")
    shapes = []
    for name in ("old", "new"):
        StoreWriter(tmp_path / name).close()
        with closing(sqlite3.connect(tmp_path / name / "store.sqlite")) as connection:
            shapes.append(sorted(connection.execute("SELECT type, name, sql FROM sqlite_master").fetchall(), key=str))
    assert shapes[0] == shapes[1]
