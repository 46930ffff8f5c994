"""From the journal to the store: exactly once, nothing lost, nothing removed too soon."""

from __future__ import annotations

import io
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from freeradius_mdm.decision import Decision
from freeradius_mdm.download.record import Download, Outcome
from freeradius_mdm.errors import StoreError
from freeradius_mdm.journal import JournalWriter, segment_name
from freeradius_mdm.service import journal_reader
from freeradius_mdm.service.events import EventLog
from freeradius_mdm.service.journal_reader import JournalLag, JournalReader
from freeradius_mdm.service.sessions import SessionKeeper
from freeradius_mdm.store.query import StoreQueries
from freeradius_mdm.store.write import StoreWriter
from tests.store.samples import decision

from .fakes import AT, Clock

HOUR = 3600.0


@dataclass
class Parts:
    directory: Path
    clock: Clock
    writer: StoreWriter
    queries: StoreQueries
    keeper: SessionKeeper
    reader: JournalReader
    told: list[Decision] = field(default_factory=list)

    def journal(self, *numbers: int, at: float = AT) -> None:
        for number in numbers:
            JournalWriter(self.directory).append("decision", decision(number, at=at).to_json(), at)

    def append(self, raw: bytes, at: float = AT) -> None:
        with (self.directory / segment_name(at)).open("ab") as file:
            file.write(raw)

    def stored(self) -> list[int]:
        """Numbers of the decisions in the store, oldest first."""
        return [int(each.decision.id, 16) for each in reversed(self.queries.decisions(limit=1000))]

    def rejects(self) -> list[tuple[int, str, bytes]]:
        with closing(sqlite3.connect(self.directory.parent / "store.sqlite")) as connection:
            return connection.execute("SELECT position, reason, line FROM journal_rejects ORDER BY seq").fetchall()

    def segments(self) -> list[str]:
        return sorted(path.name for path in self.directory.iterdir())


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    directory = tmp_path / "journal"
    directory.mkdir()
    clock, writer = Clock(), StoreWriter(tmp_path, busy_timeout=0.01)
    told: list[Decision] = []
    keeper = SessionKeeper(writer, EventLog(io.StringIO(), clock), AT, "radius1")
    reader = JournalReader(directory, writer, keeper, clock, told.extend)
    yield Parts(directory, clock, writer, StoreQueries(tmp_path / "store.sqlite"), keeper, reader, told)
    writer.close()


def test_takes_each_decision_once(parts: Parts) -> None:
    parts.journal(1, 2)
    assert not parts.reader.poll()
    parts.journal(3)
    parts.reader.poll()
    parts.reader.poll()
    assert parts.stored() == [1, 2, 3]
    assert parts.told == [decision(number) for number in (1, 2, 3)]
    assert [rule.hits for rule in parts.queries.rules()] == [3]
    assert parts.reader.lag() == JournalLag(1, 0)


def test_goes_on_where_another_reader_stopped(parts: Parts) -> None:
    parts.journal(1, 2)
    parts.reader.poll()
    parts.journal(3)
    again: list[Decision] = []
    JournalReader(parts.directory, parts.writer, parts.keeper, parts.clock, again.extend).poll()
    assert [each.id for each in again] == [decision(3).id]


def test_several_segments_oldest_first(parts: Parts) -> None:
    parts.journal(2, at=AT)
    parts.journal(1, at=AT - HOUR)
    parts.journal(3, at=AT + HOUR)
    parts.reader.poll()
    assert parts.stored() == [1, 2, 3]
    # A late line of the hour before is taken all the same.
    parts.journal(4, at=AT - HOUR)
    parts.reader.poll()
    assert parts.stored() == [1, 2, 3, 4]


def test_a_torn_line_does_not_swallow_the_next(parts: Parts) -> None:
    parts.journal(1)
    torn = f'\n{{"type":"decision","body":{decision(2).to_json()}'.encode()[:200]
    parts.append(torn)
    parts.reader.poll()
    assert parts.stored() == [1]
    assert parts.rejects() == []  # it may still be in the writing
    assert parts.reader.lag().bytes > 0
    parts.journal(3)
    parts.reader.poll()
    assert parts.stored() == [1, 3]
    assert [line for _, _, line in parts.rejects()] == [torn[1:]]


def test_a_line_whole_but_for_its_newline_is_taken_when_the_next_comes(parts: Parts) -> None:
    parts.append(f'\n{{"type":"decision","body":{decision(1).to_json()}}}'.encode())
    parts.journal(2)
    parts.reader.poll()
    assert parts.stored() == [1, 2]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"type":"later","body":{"a":1}}', "unknown type 'later'"),
        (b'{"type":"accounting","body":{"a":1}}', "not an accounting event"),
        (b'{"type":"accounting","body":{"at":1,"status":"begin"}}', "'begin' is not a valid AccountingStatus"),
        (b'{"type":"accounting","body":{"at":1,"status":"start","user":"\\ud800"}}', "surrogates not allowed"),
        (b'{"type":"accounting","body":{"at":1,"status":"start","delay":-1}}', "delay is not a count of seconds"),
        (b'{"type":"decision"}', "not a journal record"),
        (b"[1]", "not a journal record"),
        (b"\x00\xff", "codec can't decode"),
        (b"[" * 100_000, ""),
        (b'{"type":"decision","body":{}}', "not a decision"),
        # What SQLite would refuse must not block what comes behind it.
        (b"user=5", "user is not text"),
        (b'user="\\ud800"', "surrogates not allowed"),
        (b"at=NaN", "the time is not a number"),
        (b"at=true", "the time is not a number"),
        (b'id="x"', "24 hexadecimal digits"),
    ],
)
def test_what_is_not_understood_is_kept_aside(parts: Parts, line: bytes, reason: str) -> None:
    if not line.startswith((b"{", b"[", b"\x00")):
        name, _, value = line.partition(b"=")
        body = decision(7).to_json().encode()
        before = {b"user": b'"host/7"', b"at": b"1700000000.0", b"id": b'"000000000000000000000007"'}[name]
        body = body.replace(b'"' + name + b'":' + before, b'"' + name + b'":' + value)
        line = b'{"type":"decision","body":' + body + b"}"
    parts.journal(1)
    position = (parts.directory / segment_name(AT)).stat().st_size + 1
    parts.append(b"\n" + line + b"\n")
    parts.journal(2)
    parts.reader.poll()
    assert parts.stored() == [1, 2]
    (kept,) = parts.rejects()
    assert (kept[0], kept[2]) == (position, line)
    assert reason in kept[1]
    assert parts.queries.rejected_lines() == 1


def test_a_line_longer_than_a_chunk(parts: Parts) -> None:
    parts.append(b"\n" + b"x" * (journal_reader.CHUNK + 100) + b"\n")
    parts.journal(1)
    parts.reader.poll()
    assert parts.stored() == [1]
    assert sum(len(line) for _, _, line in parts.rejects()) == journal_reader.CHUNK + 100


def test_a_long_backlog_comes_in_portions(parts: Parts) -> None:
    padding = "x" * 20_000
    lines = [decision(n, reason=padding).to_json() for n in range(400)]
    parts.append("".join(f'\n{{"type":"decision","body":{line}}}\n' for line in lines).encode())
    polls = 1
    while parts.reader.poll():
        polls += 1
    assert polls > 1
    assert len(parts.told) == 400


@pytest.mark.parametrize(
    ("age", "left"),
    [(0.0, 1), (HOUR, 1), (1.75 * HOUR, 1), (1.8 * HOUR, 0)],
)
def test_a_segment_goes_an_hour_after_its_hour(parts: Parts, age: float, left: int) -> None:
    # Its hour ends 2800 s after AT.
    parts.journal(1)
    parts.clock.now = AT + age
    parts.reader.poll()
    assert parts.stored() == [1]
    assert len(parts.segments()) == left
    parts.reader.poll()
    assert len(parts.writer.positions()) == left


def test_a_torn_end_of_an_old_segment_is_kept_aside(parts: Parts) -> None:
    parts.journal(1)
    parts.append(b'\n{"type":"decis')
    parts.clock.now = AT + 3.1 * HOUR
    parts.reader.poll()
    assert parts.segments() == []
    assert [line for _, _, line in parts.rejects()] == [b'{"type":"decis']


def test_nothing_moves_while_the_store_takes_nothing(parts: Parts) -> None:
    parts.journal(1, 2)
    parts.clock.now = AT + 3.1 * HOUR
    with closing(sqlite3.connect(parts.directory.parent / "store.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for _ in range(3):
            with pytest.raises(StoreError, match="database is locked"):
                parts.reader.poll()
        other.execute("ROLLBACK")
    assert len(parts.segments()) == 1
    parts.reader.poll()
    assert parts.stored() == [1, 2]
    assert parts.segments() == []


def test_a_file_copied_back_by_hand_counts_nothing_twice(parts: Parts) -> None:
    parts.journal(1, 2)
    parts.reader.poll()
    segment = parts.directory / segment_name(AT)
    content = segment.read_bytes()
    segment.unlink()
    parts.reader.poll()
    segment.write_bytes(content)
    parts.journal(3)
    parts.reader.poll()
    assert parts.stored() == [1, 2, 3]
    assert [rule.hits for rule in parts.queries.rules()] == [3]


def test_a_file_that_was_cut_is_read_from_its_start(parts: Parts) -> None:
    parts.journal(1, 2)
    parts.reader.poll()
    os.truncate(parts.directory / segment_name(AT), 0)
    parts.journal(3)
    parts.reader.poll()
    assert parts.stored() == [1, 2, 3]


def test_other_files_are_left_alone(parts: Parts) -> None:
    for name in ("20231114T22.jsonl.bak", "notes", "99999999T99.jsonl"):
        (parts.directory / name).write_text("\nhello\n")
    parts.clock.now = AT + 1000 * HOUR
    parts.reader.poll()
    assert parts.segments() == ["20231114T22.jsonl.bak", "99999999T99.jsonl", "notes"]


def test_a_segment_that_can_not_be_read_stops_no_other(parts: Parts) -> None:
    (parts.directory / segment_name(AT - HOUR)).symlink_to("/nonexistent")
    parts.journal(1)
    with pytest.raises(StoreError, match=r"journal .*T21\.jsonl can't be read: No such file"):
        parts.reader.poll()
    assert parts.stored() == [1]


def test_no_directory(parts: Parts) -> None:
    parts.directory.rmdir()
    with pytest.raises(StoreError, match=r"journal .* can't be read: No such file"):
        parts.reader.poll()


def test_downloads_are_taken_beside_decisions(parts: Parts) -> None:
    made = Download(
        "0" * 24, AT, Outcome.SERVED, "M1501", "#ACSACL#-IP-OPEN-0a1b2c3d", "192.0.2.10", packets=1, entries=1
    )
    JournalWriter(parts.directory).append("download", made.to_json(), AT)
    parts.journal(1)
    parts.append(b'\n{"type":"download","body":{"id":"x"}}\n')
    parts.reader.poll()
    parts.reader.poll()
    assert parts.stored() == [1]
    assert [each.download for each in parts.queries.downloads()] == [made]
    assert [reason for _, reason, _ in parts.rejects()] == ["not a download: 'outcome'"]
    assert parts.told == [decision(1)]
