"""Two small parts of single flight: a lock that respects the time budget, and a failure shared for a while."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..errors import SourceError
from .codes import MdmCode
from .dialing import deadline
from .failures import failure

_LONGEST = 3600.0  # seconds; a clock that was set back must not hold a failure for longer


class Turn:
    """`with turn:` is one thread's turn. A thread whose time is up while it waits gets SourceError M1202."""

    def __init__(self, waiting_for: str) -> None:
        self._lock = threading.Lock()
        self._waiting_for = waiting_for

    def __enter__(self) -> None:
        at = deadline()
        if not self._lock.acquire(timeout=-1 if at is None else max(at - time.monotonic(), 0.0)):
            raise failure(MdmCode.READ_TIMEOUT, f"another thread is still waiting for {self._waiting_for}")

    def __exit__(self, *_: object) -> None:
        self._lock.release()


@dataclass(frozen=True, slots=True)
class _Held:
    until: float
    error: SourceError
    circumstances: tuple[Any, ...]


class Hold:
    """A failure that is repeated for some seconds without asking again, so that many threads cost one request."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._held: _Held | None = None

    def keep(self, error: SourceError, seconds: float, circumstances: tuple[Any, ...] = ()) -> None:
        """Repeat `error` for `seconds`, as long as the circumstances stay the same."""
        self._held = _Held(self._clock() + seconds, _copy(error, error.retry_after), circumstances)

    def clear(self) -> None:
        """The failure is over."""
        self._held = None

    def current(self, circumstances: tuple[Any, ...] = ()) -> SourceError | None:
        """A fresh copy of the failure with the time left, because one exception must not be raised in many threads."""
        held, now = self._held, self._clock()
        if held is None or not now < held.until <= now + _LONGEST or held.circumstances != circumstances:
            return None
        return _copy(held.error, None if held.error.retry_after is None else held.until - now)


def _copy(error: SourceError, retry_after: float | None) -> SourceError:
    """Without the traceback, whose frames hold tokens."""
    return SourceError(error.code, error.detail, error.advice, retry_after=retry_after, server_down=error.server_down)
