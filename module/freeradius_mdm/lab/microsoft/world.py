"""The state that all simulated services share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from .bulk import BulkLists
from .clock import LabClock
from .entra_errors import BLANKS, CRLF
from .faults import FaultBoard
from .journal import Journal
from .tenants import Directory, Tenant
from .tokens import TokenMint

MAC_SHAPES = ("beside", "instead", "guid-only")


@dataclass(frozen=True, slots=True)
class Settings:
    """What is unknown or varies at Microsoft, chosen for the whole simulator; changeable at run time.

    `description_style`: how token errors end, `crlf` or `blanks`. `mac_answer`: where a MAC stands in answers
    that are about MACs, `beside` the guid, `instead` of it, or not at all (`guid-only`). `strict_queries`: CRS
    refuses parameters in another order than ISE's. `graph_page_size`: records a page. `graph_throttle`: Graph's
    documented limit of 2,000 device calls per 20 s is enforced.
    """

    description_style: str = CRLF
    mac_answer: str = "beside"
    strict_queries: bool = True
    graph_page_size: int = 1000
    graph_throttle: bool = True

    def changed(self, values: Mapping[str, Any]) -> Settings:
        """A copy with values replaced. Raises ValueError naming the setting."""
        for name, value in values.items():
            kinds = {field.name: type(getattr(self, field.name)) for field in fields(self)}
            if name not in kinds or type(value) is not kinds[name]:
                raise ValueError(f"no setting {name!r} that takes {value!r}; there are: {', '.join(kinds)}")
        new = replace(self, **values)
        if new.description_style not in (CRLF, BLANKS) or new.mac_answer not in MAC_SHAPES or new.graph_page_size < 1:
            raise ValueError(f"description_style: {CRLF}, {BLANKS}; mac_answer: {', '.join(MAC_SHAPES)}; page size > 0")
        return new


class World:
    """Clock, tenants, tokens, faults, journal, bulk windows. Touched by one thread only: the event loop's."""

    def __init__(self, tenants: Iterable[Tenant], clock: Callable[[], float] | None, settings: Settings) -> None:
        self.clock = LabClock() if clock is None else LabClock(clock)
        self.directory = Directory(tenants)
        self.tokens = TokenMint(self.clock)
        self.faults = FaultBoard()
        self.journal = Journal()
        self.bulk = BulkLists(self.clock)
        self.start_settings = settings
        self.settings = settings

    def reset(self) -> None:
        """Everything as at the start; tokens that are out stay valid."""
        self.clock.offset = 0.0
        for tenant in self.directory.tenants.values():
            tenant.restart()
        self.faults.remove("")
        self.journal.clear()
        self.bulk.clear()
        self.settings = self.start_settings
