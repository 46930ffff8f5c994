"""mdmd's log: one line of `key=value` per event."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from enum import StrEnum
from typing import TextIO

from .lines import moment, pair


class Level(StrEnum):
    """`error`: an operator has to do something; `warning`: may have to."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class EventLog:
    """Writes `time=... level=... event=NAME key=value ...`; thread safe. Values are quoted, see lines.py."""

    def __init__(self, stream: TextIO, wall: Callable[[], float]) -> None:
        self._stream = stream
        self._wall = wall
        self._mutex = threading.Lock()

    def info(self, event: str, **values: object) -> None:
        """Something happened as it should."""
        self._write(Level.INFO, event, values)

    def warning(self, event: str, **values: object) -> None:
        """Something an operator may have to look at."""
        self._write(Level.WARNING, event, values)

    def error(self, event: str, **values: object) -> None:
        """Something an operator has to mend."""
        self._write(Level.ERROR, event, values)

    def take(self, level: Level, text: str) -> None:
        """A line that is `event=NAME key=value ...` already."""
        printable = "".join(c if c.isprintable() else "?" for c in text)
        self._put(f"time={moment(self._wall())} level={level.value} {printable}")

    def _write(self, level: Level, event: str, values: dict[str, object]) -> None:
        pairs = " ".join(pair(name, value) for name, value in values.items())
        self._put(f"time={moment(self._wall())} level={level.value} event={event} {pairs}".rstrip())

    def _put(self, line: str) -> None:
        with self._mutex:
            try:
                self._stream.write(line + "\n")
                self._stream.flush()
            except (OSError, ValueError):  # the latter for a stream that was closed
                pass  # a log that can't be written must not stop the service


class FromLogging(logging.Handler):
    """Takes what the MDM clients log through the standard library into the one log."""

    def __init__(self, events: EventLog) -> None:
        super().__init__()
        self._events = events

    def emit(self, record: logging.LogRecord) -> None:
        """One line, without a traceback."""
        level = Level.ERROR if record.levelno >= logging.ERROR else Level.WARNING
        self._events.take(level if record.levelno >= logging.WARNING else Level.INFO, record.getMessage())
