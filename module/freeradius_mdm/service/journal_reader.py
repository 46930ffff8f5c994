"""Takes what radiusd's hooks have journaled into the store, exactly once. journal.py describes the files.

How far a file has been read is stored in the transaction that stores what was read, so that a kill -9 at any
moment neither loses a line nor takes one twice. Lines that can't be understood go, raw, into their own table.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

from ..accounting import AccountingEvent
from ..decision import Decision
from ..download.record import Download
from ..errors import StoreError
from ..store.write import JournalPosition, JournalReject, StoreWriter
from .sessions import Line, SessionKeeper

CHUNK = 256 * 1024  # bytes per transaction, about 10 ms; no line is as long as that
_CHUNKS_PER_POLL = 16  # so that stopping mdmd never waits for a long backlog
_GRACE = 3600.0  # seconds after its hour before a segment may be removed
_SEGMENT = re.compile(r"\d{8}T\d{2}\.jsonl")
_ID = re.compile(r"[0-9a-f]{24}")
_TEXT_FIELDS = tuple(field.name for field in fields(Decision) if field.type == "str")


@dataclass(frozen=True, slots=True)
class JournalLag:
    """What has not been read yet."""

    segments: int
    bytes: int


class JournalReader:
    """Reads all segments of `directory`, oldest first. One thread at a time.

    `ingested` gets the decisions of each transaction once it is committed.
    """

    def __init__(
        self,
        directory: Path,
        writer: StoreWriter,
        keeper: SessionKeeper,
        wall: Callable[[], float],
        ingested: Callable[[list[Decision]], None],
    ) -> None:
        self._directory = directory
        self._writer = writer
        self._keeper = keeper
        self._wall = wall
        self._ingested = ingested
        self._positions = writer.positions()

    def poll(self) -> bool:
        """Take in what is new; True when there is more at once. Removes segments that are done with.

        Raises StoreError when the store takes nothing or a segment can't be read; nothing is lost by that,
        and the other segments are still read.
        """
        trouble: StoreError | None = None
        chunks = _CHUNKS_PER_POLL
        names = self._segments()
        for name in names:
            try:
                chunks = self._read(name, chunks)
            except OSError as error:
                trouble = StoreError(f"journal {self._directory / name} can't be read: {error.strerror}")
        gone = [name for name in self._positions if name not in names]
        if gone:
            self._forget(gone)
        if trouble is not None:
            raise trouble
        return chunks == 0

    def lag(self) -> JournalLag:
        """How much there is to read. Raises StoreError when the directory can't be read."""
        names = self._segments()
        total = 0
        for name in names:
            try:
                status = (self._directory / name).stat()
            except OSError:
                continue  # removed a moment ago
            total += status.st_size - self._reached(name, status)
        return JournalLag(len(names), total)

    def _segments(self) -> list[str]:
        try:
            return sorted(entry for entry in os.listdir(self._directory) if _SEGMENT.fullmatch(entry))  # noqa: PTH208
        except OSError as error:
            raise StoreError(f"journal {self._directory} can't be read: {error.strerror}") from error

    def _reached(self, name: str, status: os.stat_result) -> int:
        """0 for a file that is not the one the position was stored for, or was cut since."""
        known = self._positions.get(name)
        if known is None or known.inode != status.st_ino or known.position > status.st_size:
            return 0
        return known.position

    def _read(self, name: str, chunks: int) -> int:
        """Read on in one segment; returns how many chunks may still be read in this poll."""
        over = self._wall() > _end_of(name) + _GRACE
        path = self._directory / name
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            while chunks:
                status = os.fstat(handle)
                start = self._reached(name, status)
                data = os.pread(handle, CHUNK, start) if start < status.st_size else b""
                # A last line without newline is being written, or torn; the next record's newline ends it.
                size = data.rfind(b"\n") + 1
                if not size and (len(data) == CHUNK or (over and data)):
                    size = len(data)
                if not size:
                    if over and not data:
                        path.unlink()
                    break
                self._take(name, status.st_ino, start, data[:size])
                chunks -= 1
        finally:
            os.close(handle)
        return chunks

    def _take(self, name: str, inode: int, start: int, data: bytes) -> None:
        lines: list[Line] = []
        rejects: list[JournalReject] = []
        offset = start
        for line in data.split(b"\n"):
            if line.strip():
                try:
                    lines.append(_event(line))
                except (ValueError, RecursionError) as error:
                    rejects.append(JournalReject(name, offset, str(error)[:200], line))
            offset += len(line) + 1
        reached = JournalPosition(name, inode, start + len(data))
        new = self._keeper.ingest(lines, rejects, reached, self._wall())
        self._positions[name] = reached
        if new:
            self._ingested(new)

    def _forget(self, names: list[str]) -> None:
        self._writer.forget(names)
        for name in names:
            del self._positions[name]


def _event(line: bytes) -> Line:
    """Raises ValueError for whatever the store could not hold: one bad line must not stop those behind it."""
    entry = json.loads(line.decode("utf-8"))
    if not isinstance(entry, dict) or "body" not in entry:
        raise ValueError("not a journal record")
    match entry.get("type"):
        case "decision":
            return _decision(entry["body"])
        case "download":
            return Download.from_values(entry["body"])
        case "accounting":
            return AccountingEvent.from_values(entry["body"])
        case kind:
            raise ValueError(f"unknown type {str(kind)[:50]!r}")


def _decision(body: object) -> Decision:
    decision = Decision.from_json(json.dumps(body))
    for name in _TEXT_FIELDS:
        value = getattr(decision, name)
        if not isinstance(value, str):
            raise ValueError(f"{name} is not text")
        value.encode("utf-8")  # UnicodeEncodeError, a ValueError, for half a surrogate pair
    if not _ID.fullmatch(decision.id):
        raise ValueError("the id is not 24 hexadecimal digits")
    timeout = decision.session_timeout
    if timeout is not None and (type(timeout) is not int or not 0 <= timeout < 2**32):
        raise ValueError("session_timeout is not a count of seconds")
    if isinstance(decision.total_ms, bool) or not isinstance(decision.total_ms, int | float):
        raise ValueError("total_ms is not a number")
    if isinstance(decision.at, bool) or not isinstance(decision.at, int | float) or not math.isfinite(decision.at):
        raise ValueError("the time is not a number")
    return decision


def _end_of(name: str) -> float:
    """When the segment's hour is over, seconds since the epoch; a name that is no hour is never over."""
    try:
        hour = datetime(int(name[:4]), int(name[4:6]), int(name[6:8]), int(name[9:11]), tzinfo=UTC)
    except ValueError:
        return math.inf
    return hour.timestamp() + 3600.0
