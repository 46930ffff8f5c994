"""Work ahead of need, away from the threads that answer: at most one run of each kind at a time."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from ..errors import SourceError
from ..log_line import quote

log = logging.getLogger(__name__)


class Background:
    """Short-lived daemon threads, one per piece of work. Only for mdmd: radiusd must not have threads."""

    def __init__(self) -> None:
        self._running: set[str] = set()
        self._lock = threading.Lock()
        self._closed = False

    def start(self, name: str, work: Callable[[], object]) -> None:
        """Run `work` unless a run of that name is under way. A SourceError is logged, not raised."""
        with self._lock:
            if self._closed or name in self._running:
                return
            self._running.add(name)
        threading.Thread(target=self._run, args=(name, work), name=name, daemon=True).start()

    def close(self) -> None:
        """Start nothing more; what runs ends on its own."""
        with self._lock:
            self._closed = True

    def _run(self, name: str, work: Callable[[], object]) -> None:
        try:
            work()
        except SourceError as error:
            log.warning("event=ahead_of_need_failed work=%s error=%s", name, quote(error))
        except Exception:
            log.exception("event=ahead_of_need_failed work=%s", name)
        finally:
            with self._lock:
                self._running.discard(name)
