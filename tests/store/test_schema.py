"""Modes of files and directories whatever the umask is; versions."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from freeradius_mdm.compliance import ComplianceRecord
from freeradius_mdm.errors import StoreError
from freeradius_mdm.store import schema
from freeradius_mdm.store.query import RuleHits, StoreQueries
from freeradius_mdm.store.read import StoreReader
from freeradius_mdm.store.write import JournalPosition, StoreWriter

from .samples import COMPLIANT, decision, key


@pytest.fixture(params=[0o077, 0o022, 0o000], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_modes_do_not_follow_the_umask(tmp_path: Path, umask: int) -> None:
    directory = tmp_path / "state"
    writer = StoreWriter(directory)
    writer.put_answer(key(), COMPLIANT, 1.0)
    assert mode(directory) == 0o2770
    made = {path.name: mode(path) for path in directory.iterdir()}
    assert made == dict.fromkeys(["store.sqlite", "store.sqlite-wal", "store.sqlite-shm", "mdmd.lock"], 0o660)
    writer.close()


def test_files_made_by_a_reader_have_the_mode_too(tmp_path: Path, umask: int) -> None:
    """radiusd may open the store first after mdmd has left; mdmd has to be able to use its files."""
    StoreWriter(tmp_path / "state").close()
    reader = StoreReader(tmp_path / "state" / "store.sqlite")
    assert reader.record(key()) is None
    assert mode(tmp_path / "state" / "store.sqlite-shm") == 0o660
    reader.close()


def test_a_wrong_mode_is_mended(tmp_path: Path) -> None:
    directory = tmp_path / "state"
    StoreWriter(directory).close()
    directory.chmod(0o700)
    (directory / "store.sqlite").chmod(0o600)
    StoreWriter(directory).close()
    assert (mode(directory), mode(directory / "store.sqlite")) == (0o2770, 0o660)


def version_1(directory: Path) -> None:
    """A store as it was before downloadable ACLs were served: one answer, one failure, two decisions and the rest."""
    schema.make_directory(directory)
    with closing(sqlite3.connect(directory / "store.sqlite")) as connection:
        connection.executescript((Path(__file__).parent / "version_1.sql").read_text(encoding="utf-8"))


def test_a_file_of_version_1_is_upgraded_and_keeps_its_data(tmp_path: Path) -> None:
    version_1(tmp_path)
    with pytest.raises(StoreError, match=f"has schema 1, this program knows {schema.VERSION}; start the mdmd"):
        StoreReader(tmp_path / "store.sqlite").record(key())
    writer = StoreWriter(tmp_path)
    assert writer.positions() == {"20231114T22.jsonl": JournalPosition("20231114T22.jsonl", 4711, 900)}
    reader = StoreReader(tmp_path / "store.sqlite")
    assert reader.record(key(1)) == ComplianceRecord(key(1), COMPLIANT, 1_700_000_000.0)
    assert reader.record(key(2)) == ComplianceRecord(key(2), None, 0.0, 1_700_000_100.0, "M1211 timed out")
    assert reader.dacl_version("#ACSACL#-IP-A-00000000") == {}
    assert reader.redirect_url("intune") == ""
    reader.close()
    queries = StoreQueries(tmp_path / "store.sqlite")
    assert [each.decision.user for each in queries.decisions()] == ["host/2", "host/1"]
    assert queries.decisions()[1].decision == decision(1)  # what it has not is empty
    assert queries.rules() == [RuleHits("compliant", 1, 1_700_000_000.0)]
    assert queries.rejected_lines() == 1
    assert queries.downloads() == []
    writer.put_redirect_url("intune", "https://portal.example/", 1.0)
    writer.close()
    StoreWriter(tmp_path).close()  # a second start finds nothing to do
    assert StoreReader(tmp_path / "store.sqlite").redirect_url("intune") == "https://portal.example/"


def test_an_upgrade_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    version_1(tmp_path)
    with closing(sqlite3.connect(tmp_path / "store.sqlite")) as connection:
        connection.execute("CREATE TABLE downloads (somebody TEXT)")
    with pytest.raises(StoreError, match="table downloads already exists"):
        StoreWriter(tmp_path)
    with closing(sqlite3.connect(tmp_path / "store.sqlite")) as connection:
        assert schema.version_of(connection) == 1
        assert connection.execute("SELECT count(*) FROM decisions").fetchone() == (2,)
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    assert "dacl_versions" not in tables


def test_an_upgraded_file_is_like_a_new_one(tmp_path: Path) -> None:
    version_1(tmp_path / "old")
    shapes = []
    for name in ("old", "new"):
        StoreWriter(tmp_path / name).close()
        with closing(sqlite3.connect(tmp_path / name / "store.sqlite")) as connection:
            shapes.append(sorted(connection.execute("SELECT type, name, sql FROM sqlite_master").fetchall(), key=str))
    assert shapes[0] == shapes[1]


def test_a_newer_file_is_refused_by_both(tmp_path: Path) -> None:
    StoreWriter(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / "store.sqlite")) as connection:
        connection.execute(f"PRAGMA user_version={schema.VERSION + 1}")
    with pytest.raises(StoreError, match=f"has schema {schema.VERSION + 1}, this program knows {schema.VERSION}"):
        StoreWriter(tmp_path)
    with pytest.raises(StoreError, match=f"has schema {schema.VERSION + 1}, this program knows {schema.VERSION}"):
        StoreReader(tmp_path / "store.sqlite").record(key())
