"""What is counted, above all what became of each change at Intune. Times are seconds of virtual time."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum


class Fate(StrEnum):
    """What became of a change."""

    BY_COA = "one CoA"
    BY_ITSELF = "the session came by itself"  # its timer, or a new sign-in, was there first
    ABSENT = "no session"  # none at the change, or it ended before anything was due
    WITHDRAWN = "undone before it was seen"
    NOTHING = "NO EFFECT"
    SEVERAL = "SEVERAL EFFECTS"


@dataclass(slots=True)
class Change:
    """A device became non-compliant, or compliant again.

    `since`: when there was both the change and a session. `told_at`: when Intune first said so to mdmd. `right_at`:
    when the session's authorization was right for it.
    """

    device: str
    at: float
    compliant: bool
    absent: bool
    since: float
    told_at: float | None = None
    effects: list[float] = field(default_factory=list)  # CoA carried out at the network device
    right_at: float | None = None
    undone_at: float | None = None

    @property
    def fate(self) -> Fate:
        """See `Fate`."""
        if len(self.effects) > 1:
            return Fate.SEVERAL
        if self.effects and self.right_at is not None:
            return Fate.BY_COA
        if self.right_at is not None:
            return Fate.BY_ITSELF
        if self.absent:
            return Fate.ABSENT
        if self.undone_at is not None and self.told_at is None:
            return Fate.WITHDRAWN
        return Fate.NOTHING

    def __str__(self) -> str:
        became = "compliant" if self.compliant else "non-compliant"
        told = "never told" if self.told_at is None else f"told after {self.told_at - self.at:.1f} s"
        done = ", ".join(f"{at - self.at:.1f} s" for at in self.effects) or "none"
        return f"{self.device} became {became} at {self.at:.0f} s: {self.fate.value}; {told}; CoA after: {done}"


@dataclass(slots=True)
class Tally:
    """Of the whole day."""

    sign_ins: int = 0
    rejected: int = 0
    by_timer: int = 0
    by_timer_fresh: int = 0
    by_coa: int = 0
    by_coa_fresh: int = 0
    stale_by_hour: Counter[int] = field(default_factory=Counter)
    changes: list[Change] = field(default_factory=list)
    latest: dict[str, Change] = field(default_factory=dict)
    unasked: list[str] = field(default_factory=list)  # effects that no change was the cause of
    wrong_at_end: list[str] = field(default_factory=list)
    _mutex: threading.Lock = field(default_factory=threading.Lock)

    def changed(self, device: str, at: float, *, compliant: bool, absent: bool) -> Change:
        """The truth about a device has changed."""
        with self._mutex:
            before = self.latest.get(device)
            if before is not None and before.right_at is None:
                before.undone_at = at
            made = self.latest[device] = Change(device, at, compliant, absent, at)
            self.changes.append(made)
        return made

    def told(self, device: str, compliant: bool, at: float) -> bool:
        """Intune has answered about a device, in any thread. True when that was news."""
        with self._mutex:
            change = self.latest.get(device)
            if change is None or change.told_at is not None or change.compliant != compliant:
                return False
            change.told_at = at
        return True

    def effect(self, device: str, at: float) -> None:
        """A CoA was carried out on the device's session."""
        change = self.latest.get(device)
        if change is None:
            self.unasked.append(f"{device} at {at:.0f} s")
        else:
            change.effects.append(at)

    def authorized(self, device: str, at: float, *, as_compliant: bool) -> None:
        """A session of the device was authorized."""
        change = self.latest.get(device)
        if change is not None and change.right_at is None and change.compliant == as_compliant:
            change.right_at = at

    def came(self, device: str, at: float) -> None:
        """A new session of the device has begun."""
        change = self.latest.get(device)
        if change is not None and change.right_at is None:
            change.since = at

    def left(self, device: str) -> None:
        """The device's session has ended."""
        change = self.latest.get(device)
        if change is not None and change.right_at is None:
            change.absent = True

    @property
    def delays(self) -> list[float]:
        """From each change to its first CoA, sorted; without the time in which there was no session."""
        return sorted(change.effects[0] - change.since for change in self.changes if change.effects)

    @property
    def lags(self) -> list[float]:
        """From Intune's first answer with the news to the right authorization, sorted."""
        return sorted(
            change.right_at - change.told_at
            for change in self.changes
            if change.right_at is not None and change.told_at is not None and not change.absent
        )
