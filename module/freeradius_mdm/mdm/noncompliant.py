"""The bulk list of non-compliant devices, as whoever polls sees it. Standard library only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class NonCompliantDevices:
    """A complete list; whether it names a device by id, by MAC or both is the server's choice.

    `guids`: Intune device ids in lower case. `macs`: 12 upper-case hexadecimal digits each. `count`: entries, which
    may name a device twice.
    """

    guids: frozenset[str]
    macs: frozenset[str]
    count: int


@runtime_checkable
class Listing(Protocol):
    """A ComplianceSource that has a bulk list."""

    def noncompliant(self, cancelled: Callable[[], bool]) -> NonCompliantDevices:
        """All of it; blocks for minutes, and gives up between two pages when it is `cancelled`.

        Raises SourceError, with `retry_after` when the server said when.
        """
        ...
