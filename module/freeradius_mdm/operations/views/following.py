"""Following the log of decisions while mdmd writes it, is restarted, or puts another file in its place."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ...errors import StoreError
from ...store.decision_log import DecisionLog, LogPart
from ...store.query import DecisionFilter, StoredDecision
from ...store.session_overview import SessionOverview
from .live import LogEntry, entry_of

_CHUNK = 1000
_REMEMBERED = 10_000  # ids of decisions, to tell what a restored store brings again


@dataclass(frozen=True, slots=True)
class Arrival:
    """A decision, and its line in the live log."""

    stored: StoredDecision
    entry: LogEntry


@dataclass(frozen=True, slots=True)
class News:
    """`arrivals` in the order of ingestion. `trouble`: why the store can't be read just now.

    `more`: there are others waiting, to be asked for at once.
    """

    arrivals: tuple[Arrival, ...] = ()
    trouble: str = ""
    more: bool = False


class Follower:
    """Gives what is there at the start, then what comes in. For one caller at a time."""

    def __init__(self, file: Path, chosen: DecisionFilter) -> None:
        self._chosen = chosen
        self._log, self._sessions = DecisionLog(file), SessionOverview(file)
        self._reached = 0
        self._mark = ""  # the id of the decision numbered `_reached`
        self._last_at = 0.0
        self._seen: OrderedDict[str, None] = OrderedDict()

    def newest(self, count: int) -> tuple[Arrival, ...]:
        """The newest ones, oldest first; `news` goes on behind them. Raises StoreError."""
        part = self._log.backlog(self._chosen, count)
        return self._arrivals(part)

    def since(self, moment: float) -> Iterator[tuple[Arrival, ...]]:
        """All since that moment, 0 for every one that is stored, a part at a time. Raises StoreError."""
        self._reached = self._log.before_time(moment) if moment else 0
        top = self._log.top()
        while self._reached < top:
            part = self._log.after(self._reached, self._chosen, _CHUNK)
            if part.reached < self._reached:
                return  # another store: `news` goes on
            yield self._arrivals(part)

    def news(self) -> News:
        """What has come in since. Never raises for a store that can't be read: it may be there again the next time."""
        try:
            part = self._log.after(self._reached, self._chosen, _CHUNK)
            # Another store, or everything was deleted, and the numbers begin again.
            if part.reached < self._reached or (part.begins and part.begins != self._mark):
                self._reached = self._log.before_time(self._last_at) if self._last_at else 0
                part = self._log.after(self._reached, self._chosen, _CHUNK)
            arrivals = self._arrivals(part)
        except StoreError as error:
            return News(trouble=str(error))
        return News(arrivals, more=len(part.decisions) == _CHUNK)

    def _arrivals(self, part: LogPart) -> tuple[Arrival, ...]:
        new = [each for each in part.decisions if each.decision.id not in self._seen]
        addresses = self._sessions.addresses({each.decision.mac for each in new if each.decision.mac}) if new else {}
        self._seen |= dict.fromkeys(each.decision.id for each in new)
        self._reached, self._mark = part.reached, part.ends
        self._last_at = max(self._last_at, part.newest_at)
        while len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        return tuple(Arrival(each, entry_of(each, addresses.get(each.decision.mac, ""))) for each in new)
