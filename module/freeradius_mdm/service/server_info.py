"""What an MDM server says about itself, kept in the store: the page where a user enrols or mends a device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from ..errors import SourceError, StoreError
from .events import EventLog
from .recorder import Recorder

EVERY = 4 * 3600.0  # seconds
_PAUSES = (60.0, 300.0, 900.0, 3600.0)  # seconds after failures in a row; the last one is repeated


class Info(Protocol):
    """What of the server information is used here."""

    @property
    def redirect_url(self) -> str:
        """An https address, "" when the server names none."""


@runtime_checkable
class Informing(Protocol):
    """A ComplianceSource that can be asked about the server itself."""

    def mdminfo(self) -> Info:
        """Ask; takes at most the configured timeouts. Raises SourceError."""


class ServerInfo:
    """Asks one server every few hours. `due` and `renew` are for its warming thread, one call at a time."""

    def __init__(
        self,
        server: str,
        source: object,
        recorder: Recorder,
        events: EventLog,
        wall: Callable[[], float],
        monotonic: Callable[[], float],
    ) -> None:
        self._server = server
        self._source = source if isinstance(source, Informing) else None
        self._recorder = recorder
        self._events = events
        self._wall = wall
        self._monotonic = monotonic
        self._next = monotonic()
        self._failures = 0
        self._told: str | None = None

    @property
    def remaining(self) -> float:
        """Seconds until it wants to ask again, infinite for a server that can't be asked."""
        return float("inf") if self._source is None else max(0.0, self._next - self._monotonic())

    def renew(self) -> None:
        """Ask and store, if it is due. Never raises for what the server or the store does; blocks meanwhile."""
        if self._source is None or self.remaining > 0:
            return
        try:
            url = self._source.mdminfo().redirect_url
            self._recorder.redirect_url(self._server, url, self._wall())
        except (SourceError, StoreError) as error:
            if not self._failures:
                self._events.warning("server_info_failed", server=self._server, error=error, next="it is tried again")
            self._next = self._monotonic() + _PAUSES[min(self._failures, len(_PAUSES) - 1)]
            self._failures += 1
            return
        if self._failures or url != self._told:
            self._events.info("server_info", server=self._server, redirect_url=url or "none")
        self._told, self._failures = url, 0
        self._next = self._monotonic() + EVERY
