"""Answers are held while the store can't take them."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from freeradius_mdm.service.events import EventLog
from freeradius_mdm.service.recorder import Recorder
from freeradius_mdm.store.read import StoreReader
from freeradius_mdm.store.write import StoreWriter
from tests.store.samples import COMPLIANT, NONCOMPLIANT, key


@dataclass
class Parts:
    recorder: Recorder
    reader: StoreReader
    log: io.StringIO
    file: Path

    @contextmanager
    def store_held(self) -> Iterator[None]:
        """Another process writes, and takes its time."""
        with closing(sqlite3.connect(self.file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
            other.execute("ROLLBACK")


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    log = io.StringIO()
    writer = StoreWriter(tmp_path, busy_timeout=0.01)
    file = tmp_path / "store.sqlite"
    made = Parts(Recorder(writer, EventLog(log, lambda: 0.0)), StoreReader(file), log, file)
    yield made
    made.reader.close()
    writer.close()


def test_an_answer_waits_for_the_store(parts: Parts) -> None:
    with parts.store_held():
        assert not parts.recorder.answer(key(1), COMPLIANT, 1.0)
        assert not parts.recorder.answer(key(2), COMPLIANT, 2.0)
        assert not parts.recorder.failure(key(3), "M1211 down", 3.0)
        parts.recorder.retry()
        assert "database is locked" in parts.recorder.error
        assert parts.recorder.unsaved(key(1)) == (COMPLIANT, 1.0)
        assert parts.recorder.unsaved_count == 2
    parts.recorder.retry()
    assert [parts.reader.record(key(n)) is not None for n in (1, 2, 3)] == [True, True, False]
    assert (parts.recorder.error, parts.recorder.unsaved_count) == ("", 0)
    # Told once each, however often it failed.
    events = [line.split()[2] for line in parts.log.getvalue().splitlines()]
    assert events == ["event=store_failed", "event=store_recovered"]


def test_the_newest_answer_is_the_one_that_stays(parts: Parts) -> None:
    with parts.store_held():
        parts.recorder.answer(key(), COMPLIANT, 1.0)
        parts.recorder.answer(key(), NONCOMPLIANT, 2.0)
    parts.recorder.retry()
    record = parts.reader.record(key())
    assert record is not None
    assert (record.answer, record.answered_at) == (NONCOMPLIANT, 2.0)


def test_a_failure_alone_leaves_nothing_behind(parts: Parts) -> None:
    with parts.store_held():
        assert not parts.recorder.failure(key(), "M1211 down", 3.0)
    assert parts.recorder.failure(key(), "M1211 down", 4.0)
    assert parts.recorder.error == ""
