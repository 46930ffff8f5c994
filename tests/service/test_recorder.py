"""Answers are held while the store can't take them."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from freeradius_mdm.compliance import UNREGISTERED_ANSWER, ComplianceAnswer, EndpointKey
from freeradius_mdm.service.events import EventLog
from freeradius_mdm.service.recorder import Recorder
from freeradius_mdm.store.read import StoreReader
from freeradius_mdm.store.write import StoreWriter
from tests.store.samples import COMPLIANT, NONCOMPLIANT, key


@dataclass
class Parts:
    recorder: Recorder
    writer: StoreWriter
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
    made = Parts(Recorder(writer, EventLog(log, lambda: 0.0)), writer, StoreReader(file), log, file)
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


Change = tuple[EndpointKey, ComplianceAnswer | None, ComplianceAnswer, float]


def watch(recorder: Recorder, into: list[Change]) -> None:
    recorder.on_change.append(lambda *change: into.append(change))


def test_each_change_against_the_store_is_told_once(parts: Parts) -> None:
    told: list[Change] = []
    watch(parts.recorder, told)
    answers = [COMPLIANT, COMPLIANT, NONCOMPLIANT, NONCOMPLIANT, UNREGISTERED_ANSWER, COMPLIANT]
    for at, answer in enumerate(answers):
        parts.recorder.answer(key(), answer, float(at))
        parts.recorder.failure(key(), "M1211 down", at + 0.5)
    plain = replace(COMPLIANT, macs=())
    assert told == [
        (key(), None, COMPLIANT, 0.0),
        (key(), plain, NONCOMPLIANT, 2.0),
        (key(), NONCOMPLIANT, UNREGISTERED_ANSWER, 4.0),
        (key(), UNREGISTERED_ANSWER, COMPLIANT, 5.0),
    ]
    # MAC addresses are nothing that a rule sees.
    parts.recorder.answer(key(), plain, 9.0)
    assert len(told) == 4


def test_a_change_is_told_when_it_is_in_the_store_and_not_before(parts: Parts) -> None:
    parts.recorder.answer(key(), COMPLIANT, 0.0)
    told: list[Change] = []
    answers: list[tuple[EndpointKey, ComplianceAnswer, float]] = []
    watch(parts.recorder, told)
    parts.recorder.on_answer.append(lambda *answer: answers.append(answer))
    with parts.store_held():
        parts.recorder.answer(key(), NONCOMPLIANT, 1.0)
        parts.recorder.retry()
        assert (told, answers) == ([], [])
    parts.recorder.retry()
    parts.recorder.retry()
    assert [change[3] for change in told] == [1.0]
    assert answers == [(key(), NONCOMPLIANT, 1.0)]


def test_a_restart_tells_what_was_not_settled_and_nothing_else(parts: Parts) -> None:
    for number in (1, 2, 3):
        parts.recorder.answer(key(number), COMPLIANT, 0.0)
        parts.recorder.settle(key(number), 0.0)
    parts.recorder.answer(key(1), NONCOMPLIANT, 1.0)
    parts.recorder.answer(key(2), NONCOMPLIANT, 2.0)
    parts.recorder.settle(key(2), 2.0)
    parts.recorder.answer(key(1), UNREGISTERED_ANSWER, 3.0)
    # Settling the first of two leaves the second.
    parts.recorder.settle(key(1), 1.0)
    again = Recorder(parts.writer, EventLog(parts.log, lambda: 0.0))
    told: list[Change] = []
    watch(again, told)
    assert again.tell_unsettled() == 1
    assert told == [(key(1), replace(COMPLIANT, macs=()), UNREGISTERED_ANSWER, 3.0)]
    # The same answers as before the restart are no changes.
    again.answer(key(2), NONCOMPLIANT, 4.0)
    again.answer(key(3), COMPLIANT, 4.0)
    assert len(told) == 1
    again.settle(key(1), 3.0)
    assert again.tell_unsettled() == 0


def test_a_defect_in_who_listens_does_not_lose_the_answer(parts: Parts) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("oops")

    told: list[Change] = []
    parts.recorder.on_change.append(broken)
    watch(parts.recorder, told)
    assert parts.recorder.answer(key(), COMPLIANT, 1.0)
    assert "event=defect" in parts.log.getvalue()
    assert len(told) == 1


def test_a_failure_alone_leaves_nothing_behind(parts: Parts) -> None:
    with parts.store_held():
        assert not parts.recorder.failure(key(), "M1211 down", 3.0)
    assert parts.recorder.failure(key(), "M1211 down", 4.0)
    assert parts.recorder.error == ""
