"""Bulk lists of CRS: the 4 hour window and opaque paging (intune.md section 6)."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from .clock import LabClock
from .devices import Device

PAGE_SIZE = 100
OPEN_FOR = 3600.0
WINDOW = 4 * 3600.0
COMPLETE = "0"


@dataclass(frozen=True, slots=True)
class Page:
    """Devices of one page and the marker of the next; COMPLETE after the last."""

    devices: tuple[Device, ...]
    marker: str


@dataclass(frozen=True, slots=True)
class _Rest:
    tenant: str
    devices: tuple[Device, ...]
    expires: float


class BulkLists:
    """Per tenant: when the window began; per marker: what is still to come, as it was at the first page."""

    def __init__(self, clock: LabClock) -> None:
        self._clock = clock
        self._began: dict[str, float] = {}
        self._rests: dict[str, _Rest] = {}

    def clear(self) -> None:
        """Forget windows and markers."""
        self._began.clear()
        self._rests.clear()

    def throttled_for(self, tenant: str) -> float:
        """Seconds until bulk calls are answered again, 0 = now. The first call, and the first after the end of a
        window, begins a new one.
        """
        now = self._clock.now()
        began = self._began.get(tenant)
        if began is None or now >= began + WINDOW:
            self._began[tenant] = now
            return 0.0
        return 0.0 if now < began + OPEN_FOR else began + WINDOW - now

    def page(self, tenant: str, marker: str, listing: Callable[[], tuple[Device, ...]]) -> Page | None:
        """The first page (`marker` COMPLETE) or the one a marker stands for; None for a marker not ours."""
        if marker == COMPLETE:
            return self._cut(tenant, listing())
        rest = self._rests.get(marker)
        if rest is None or rest.tenant != tenant or self._clock.now() > rest.expires:
            return None
        return self._cut(tenant, rest.devices)

    def _cut(self, tenant: str, devices: tuple[Device, ...]) -> Page:
        rest = devices[PAGE_SIZE:]
        if not rest:
            return Page(devices, COMPLETE)
        # Random, so that no client can count on a scheme: to it the marker is opaque text.
        marker = secrets.token_urlsafe(18)
        now = self._clock.now()
        self._rests = {key: value for key, value in self._rests.items() if value.expires >= now}
        self._rests[marker] = _Rest(tenant, rest, now + OPEN_FOR)
        return Page(devices[:PAGE_SIZE], marker)
