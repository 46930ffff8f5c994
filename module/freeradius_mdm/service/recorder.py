"""Puts answers into the store, and holds on to them while the store can't take them."""

from __future__ import annotations

import threading

from ..compliance import ComplianceAnswer, EndpointKey
from ..errors import StoreError
from ..store.write import StoreWriter
from .events import EventLog

_MOST_UNSAVED = 50_000  # answers held in memory, about 20 MB; what is more has to be asked for again


class Recorder:
    """Thread safe. Writes at once, and says so; what failed is written again by `retry`."""

    def __init__(self, writer: StoreWriter, events: EventLog) -> None:
        self._writer = writer
        self._events = events
        self._mutex = threading.Lock()
        self._unsaved: dict[EndpointKey, tuple[ComplianceAnswer, float]] = {}
        self.error = ""  # why the store took nothing the last time; empty when it did

    def answer(self, key: EndpointKey, answer: ComplianceAnswer, at: float) -> bool:
        """Store an answer. False: the store can't take it now, and readers don't see it yet."""
        with self._mutex:
            if self._unsaved:  # the store is failing: each attempt may wait, so only `retry` tries
                self._keep(key, answer, at)
                return False
            return self._put(key, answer, at)

    def failure(self, key: EndpointKey, failure: str, at: float) -> bool:
        """Store a failure. One that the store can't take is let go: the record is due with or without it."""
        with self._mutex:
            if self._unsaved:
                return False
            try:
                self._writer.put_failure(key, failure, at)
            except StoreError as error:
                self._store_failed(error)
                return False
            self._store_works()
            return True

    def unsaved(self, key: EndpointKey) -> tuple[ComplianceAnswer, float] | None:
        """An answer and its time that the store has not taken yet."""
        return self._unsaved.get(key)

    @property
    def unsaved_count(self) -> int:
        """How many answers wait for the store."""
        return len(self._unsaved)

    def retry(self) -> None:
        """Write what is unsaved, until the store fails again. Call it about once a second."""
        for key in list(self._unsaved):
            with self._mutex:
                waiting = self._unsaved.get(key)
                if waiting is not None and not self._put(key, *waiting):
                    return

    def _put(self, key: EndpointKey, answer: ComplianceAnswer, at: float) -> bool:
        try:
            self._writer.put_answer(key, answer, at)
        except StoreError as error:
            self._keep(key, answer, at)
            self._store_failed(error)
            return False
        self._unsaved.pop(key, None)
        self._store_works()
        return True

    def _keep(self, key: EndpointKey, answer: ComplianceAnswer, at: float) -> None:
        if key in self._unsaved or len(self._unsaved) < _MOST_UNSAVED:
            self._unsaved[key] = (answer, at)

    def _store_failed(self, error: StoreError) -> None:
        if not self.error:
            self._events.error("store_failed", error=error, next="is the disk full? answers are kept and retried")
        self.error = str(error)

    def _store_works(self) -> None:
        if self.error:
            self._events.info("store_recovered", unsaved=len(self._unsaved))
        self.error = ""
