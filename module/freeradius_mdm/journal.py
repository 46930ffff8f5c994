"""The journal: one line per event, appended by radiusd's hooks, read and cleared away by mdmd.

One file an hour, `YYYYMMDDTHH.jsonl` in UTC, so that the reader can remove a finished hour without
ever racing the writer. A record is written by one `write` call on a file opened with O_APPEND: once that
call has returned, the kernel holds the line, and killing radiusd or mdmd loses nothing; a power cut can lose
what the kernel had not written back (Linux: up to about 30 s). Each record is led by a newline of its own, so
that a line torn by a full disk can't swallow the next one.

A line is `{"type": "decision", ...}`. Standard library only: radiusd imports this.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from .errors import StoreError


def segment_name(now: float) -> str:
    """The file that holds events of that moment."""
    return time.strftime("%Y%m%dT%H.jsonl", time.gmtime(now))


class JournalWriter:
    """Appends lines; opened, written and closed each time, about 10 µs, so that no state can go stale."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def append(self, kind: str, body: str, now: float) -> None:
        """Append `{"type": kind, "body": body}`, where `body` is JSON already.

        Raises StoreError when the line could not be written whole (disk full, directory missing, permissions).
        """
        line = f'\n{{"type":"{kind}","body":{body}}}\n'.encode()
        path = self._directory / segment_name(now)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o660)
            try:
                written = os.write(handle, line)
            finally:
                os.close(handle)
        except OSError as error:
            raise StoreError(f"journal {path} can't be written: {error.strerror}") from error
        if written != len(line):
            raise StoreError(f"journal {path} took {written} of {len(line)} bytes: is the disk full?")
