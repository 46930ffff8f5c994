"""What radiusd's hooks see: live, after mdmd has left, after it was killed, and when something is wrong."""

from __future__ import annotations

import ast
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from freeradius_mdm.compliance import ComplianceRecord
from freeradius_mdm.errors import StoreError
from freeradius_mdm.store import read, schema
from freeradius_mdm.store.read import StoreReader
from freeradius_mdm.store.write import StoreWriter

from .samples import COMPLIANT, NONCOMPLIANT, key

ROOT = Path(__file__).parents[2]


def test_record_goes_round(tmp_path: Path) -> None:
    writer, reader = StoreWriter(tmp_path), StoreReader(tmp_path / "store.sqlite")
    assert reader.record(key()) is None
    writer.put_answer(key(), COMPLIANT, 100.0)
    assert reader.record(key()) == ComplianceRecord(key(), COMPLIANT, 100.0)
    writer.put_answer(key(), NONCOMPLIANT, 200.0)
    assert reader.record(key()) == ComplianceRecord(key(), NONCOMPLIANT, 200.0)
    assert reader.record(key(2)) is None
    assert reader.record(key(1, "other")) is None
    reader.close()
    writer.close()


def test_opens_after_a_clean_end_of_the_writer(tmp_path: Path) -> None:
    writer = StoreWriter(tmp_path)
    writer.put_answer(key(), COMPLIANT, 100.0)
    writer.close()
    assert not (tmp_path / "store.sqlite-wal").exists()
    reader = StoreReader(tmp_path / "store.sqlite")
    assert reader.record(key()) == ComplianceRecord(key(), COMPLIANT, 100.0)
    # And mdmd comes back while radiusd holds the file open.
    writer = StoreWriter(tmp_path)
    writer.put_answer(key(), NONCOMPLIANT, 200.0)
    assert reader.record(key()) == ComplianceRecord(key(), NONCOMPLIANT, 200.0)
    writer.close()
    reader.close()


@pytest.mark.parametrize("open_before", [False, True])
def test_a_killed_writer_loses_nothing_acknowledged(tmp_path: Path, open_before: bool) -> None:
    reader = StoreReader(tmp_path / "store.sqlite")
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'module'}:{ROOT}"}
    command = [sys.executable, str(ROOT / "tests/store/killed_writer.py"), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        acknowledged = [process.stdout.readline() for _ in range(300)]
        if open_before:
            assert reader.record(key(1)) is not None
        process.send_signal(signal.SIGKILL)
        acknowledged += process.stdout.read().splitlines(keepends=True)
    for number in (int(line) for line in acknowledged if line.endswith("\n")):
        assert reader.record(key(number)) == ComplianceRecord(key(number), COMPLIANT, float(number))
    reader.close()


def test_missing_file_then_appears(tmp_path: Path) -> None:
    reader = StoreReader(tmp_path / "state" / "store.sqlite")
    with pytest.raises(StoreError, match=r"store\.sqlite can't be opened: No such file or directory; has mdmd"):
        reader.record(key())
    assert not (tmp_path / "state").exists()
    writer = StoreWriter(tmp_path / "state")
    writer.put_answer(key(), COMPLIANT, 100.0)
    assert reader.record(key()) is not None
    writer.close()
    reader.close()


def test_replaced_file_is_noticed(tmp_path: Path) -> None:
    for name, answer in (("a", COMPLIANT), ("b", NONCOMPLIANT)):
        writer = StoreWriter(tmp_path / name)
        writer.put_answer(key(), answer, 100.0)
        writer.close()
    reader = StoreReader(tmp_path / "a" / "store.sqlite")
    assert reader.record(key()) == ComplianceRecord(key(), COMPLIANT, 100.0)
    (tmp_path / "a" / "store.sqlite").unlink()
    with pytest.raises(StoreError, match="No such file"):
        reader.record(key())
    for leftover in (tmp_path / "a").glob("store.sqlite-*"):
        leftover.unlink()
    shutil.copy(tmp_path / "b" / "store.sqlite", tmp_path / "a" / "store.sqlite")
    assert reader.record(key()) == ComplianceRecord(key(), NONCOMPLIANT, 100.0)
    reader.close()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty so far"),
        (b"not a database at all" * 100, "file is not a database"),
    ],
)
def test_a_file_that_is_no_store(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "store.sqlite").write_bytes(content)
    with pytest.raises(StoreError, match=message):
        StoreReader(tmp_path / "store.sqlite").record(key())


def test_a_damaged_row_is_an_error_not_a_guess(tmp_path: Path) -> None:
    writer = StoreWriter(tmp_path)
    writer.put_answer(key(), COMPLIANT, 100.0)
    writer.close()
    with closing(sqlite3.connect(tmp_path / "store.sqlite")) as connection, connection:
        connection.execute("UPDATE records SET compliance = 'Probably'")
    reader = StoreReader(tmp_path / "store.sqlite")
    with pytest.raises(StoreError, match="damaged: 'Probably' is not a valid Compliance"):
        reader.record(key())
    reader.close()


def test_a_writer_in_the_middle_of_a_transaction_is_not_waited_for(tmp_path: Path) -> None:
    writer = StoreWriter(tmp_path)
    writer.put_answer(key(), COMPLIANT, 100.0)
    reader = StoreReader(tmp_path / "store.sqlite")
    with closing(sqlite3.connect(tmp_path / "store.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        other.execute("DELETE FROM records")
        assert reader.record(key()) == ComplianceRecord(key(), COMPLIANT, 100.0)
        other.execute("ROLLBACK")
    writer.close()
    reader.close()


def test_a_store_held_by_another_process_fails_soon_and_recovers(tmp_path: Path) -> None:
    writer = StoreWriter(tmp_path)
    writer.put_answer(key(), COMPLIANT, 100.0)
    writer.close()
    reader = StoreReader(tmp_path / "store.sqlite")
    with closing(sqlite3.connect(tmp_path / "store.sqlite", isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode=EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        started = time.perf_counter()
        with pytest.raises(StoreError, match="is busy"):
            reader.record(key())
        # Ten times the busy timeout: the test machine may be slow, a wait without end is what must not be.
        assert time.perf_counter() - started < 10 * read.BUSY_TIMEOUT
    assert reader.record(key()) == ComplianceRecord(key(), COMPLIANT, 100.0)
    reader.close()


@pytest.mark.parametrize("module", [read, schema])
def test_standard_library_only(module: object) -> None:
    """radiusd imports these: freeradius.md section 4."""
    tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))  # type: ignore[attr-defined]
    outside = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level == 0]
    plain = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    names = {str(node.module).split(".")[0] for node in outside} | {name.split(".")[0] for name in plain}
    assert names <= set(sys.stdlib_module_names)
