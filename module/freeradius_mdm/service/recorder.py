"""Puts answers into the store, and holds on to them while the store can't take them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..compliance import ComplianceAnswer, EndpointKey
from ..errors import StoreError
from ..store.record_changes import RecordChange
from ..store.write import StoreWriter
from .events import EventLog

OnAnswer = Callable[[EndpointKey, ComplianceAnswer, float], None]
OnChange = Callable[[EndpointKey, ComplianceAnswer | None, ComplianceAnswer, float], None]
_MOST_UNSAVED = 50_000  # answers held in memory, about 20 MB; what is more has to be asked for again


class Recorder:
    """Thread safe. Writes at once, and says so; what failed is written again by `retry`.

    Those in `on_answer` are called with (key, answer, at) after each answer was committed; those in `on_change` with
    (key, old, new, at) after each that changed registration, compliance or managed against what the store held, or
    was the first one: once per committed change, in the order of the commits, from any thread. They must not wait.
    Those in `on_own` are called as the first are, with what the MDM server said to this node, stored or not.
    """

    def __init__(self, writer: StoreWriter, events: EventLog) -> None:
        self._writer = writer
        self._events = events
        self._mutex = threading.Lock()
        self._unsaved: dict[EndpointKey, tuple[ComplianceAnswer, float]] = {}
        self.on_answer: list[OnAnswer] = []
        self.on_change: list[OnChange] = []
        self.on_own: list[OnAnswer] = []
        self.error = ""  # why the store took nothing the last time; empty when it did

    def answer(self, key: EndpointKey, answer: ComplianceAnswer, at: float) -> bool:
        """Store an answer. False: the store can't take it now, and readers don't see it yet."""
        with self._mutex:
            if self._unsaved:  # the store is failing: each attempt may wait, so only `retry` tries
                self._keep(key, answer, at)
                stored = False
            else:
                stored = self._put(key, answer, at)
            self._call(self.on_own, key, answer, at)
            return stored

    def take(self, key: EndpointKey, answer: ComplianceAnswer, at: float) -> bool:
        """Store what another node was told, if it is newer. False: it is not, or the store can't take it now."""
        with self._mutex:
            if self._unsaved:  # it can be had again from the other node, unlike our own
                return False
            try:
                newer, change = self._writer.put_newer_answer(key, answer, at)
            except StoreError as error:
                self._store_failed(error)
                return False
            self._store_works()
            if newer:
                self._tell(key, answer, at, change)
            return newer

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

    def redirect_url(self, server: str, redirect_url: str, at: float) -> None:
        """Store the page that the MDM server names for enrolment. Raises StoreError."""
        self._writer.put_redirect_url(server, redirect_url, at)

    def settle(self, key: EndpointKey, at: float) -> None:
        """The change that `on_change` told of has had its effect, or needs none. Raises StoreError."""
        self._writer.settle(key, at)

    def tell_unsettled(self) -> int:
        """At start: tell those in `on_change` of the changes that were told and not settled before the end; how many.

        Several of one endpoint have become one, from before the first to what the record says now. Raises StoreError.
        """
        with self._mutex:
            changes = self._writer.unsettled()
            for change in changes:
                self._tell_change(change)
        return len(changes)

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
            change = self._writer.put_answer(key, answer, at)
        except StoreError as error:
            self._keep(key, answer, at)
            self._store_failed(error)
            return False
        self._unsaved.pop(key, None)
        self._store_works()
        self._tell(key, answer, at, change)
        return True

    def _tell(self, key: EndpointKey, answer: ComplianceAnswer, at: float, change: RecordChange | None) -> None:
        if change is not None:
            self._tell_change(change)
        self._call(self.on_answer, key, answer, at)

    def _call(self, listeners: list[OnAnswer], key: EndpointKey, answer: ComplianceAnswer, at: float) -> None:
        for listener in listeners:
            with self._defects_told(key):
                listener(key, answer, at)

    def _tell_change(self, change: RecordChange) -> None:
        for listener in self.on_change:
            with self._defects_told(change.key):
                listener(change.key, change.old, change.new, change.at)

    @contextmanager
    def _defects_told(self, key: EndpointKey) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # the answer is in the store, and who waits for it must not be told otherwise
            self._events.error("defect", key=key, error=repr(error), next="report this line")

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
