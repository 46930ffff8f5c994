"""Which faults are switched on, and whether one acts on this call."""

from __future__ import annotations

import fnmatch
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .aadsts import AADSTS as AADSTS_CODES
from .operations import Operation
from .personalities import PERSONALITIES, Personality


class ActiveFaults:
    """The faults that act on one call, by personality name."""

    __slots__ = ("_options",)

    def __init__(self, options: Mapping[str, Mapping[str, str]]) -> None:
        self._options = options

    def __contains__(self, name: str) -> bool:
        return name in self._options

    def __bool__(self) -> bool:
        return bool(self._options)

    def names(self) -> list[str]:
        """For the journal."""
        return list(self._options)

    def option(self, name: str, key: str, default: str) -> str:
        """An option of an acting fault."""
        return self._options.get(name, {}).get(key, default)

    def first(self, *names: str) -> str | None:
        """The first of `names` that acts."""
        return next((name for name in names if name in self._options), None)


NO_FAULTS = ActiveFaults({})


@dataclass(slots=True)
class Fault:
    """A personality switched on for some calls.

    Empty selectors match everything. `tenant`: GUID; `host`: real host name; `path`: prefix of path and query, or
    a pattern when it contains `*`. It acts from the `nth` matching call (1 = the first) on `times` calls (None =
    until switched off), and of these on every `every`-th.
    """

    id: int
    personality: Personality
    tenant: str = ""
    host: str = ""
    path: str = ""
    nth: int = 1
    times: int | None = None
    every: int = 1
    options: dict[str, str] = field(default_factory=dict)
    seen: int = 0
    acted: int = 0

    def strikes(self, operation: Operation, tenant: str, host: str, target: str) -> bool:
        """True if this fault acts on the call; counts the call if it matches."""
        wanted = self.personality.operations
        if wanted is not None and operation not in wanted:
            return False
        if (self.tenant and self.tenant != tenant) or (self.host and self.host != host):
            return False
        if self.path and not _path_matches(self.path, target):
            return False
        self.seen += 1
        index = self.seen - self.nth
        if index < 0 or (self.times is not None and self.acted >= self.times) or index % self.every:
            return False
        self.acted += 1
        return True

    def as_json(self) -> dict[str, Any]:
        """As the control API shows it."""
        names = ("id", "tenant", "host", "path", "nth", "times", "every", "options", "seen", "acted")
        return {"personality": self.personality.name} | {name: getattr(self, name) for name in names}


class FaultBoard:
    """All faults that are switched on."""

    def __init__(self) -> None:
        self.faults: dict[int, Fault] = {}
        self._ids = itertools.count(1)

    def add(
        self,
        personality: str,
        *,
        tenant: str = "",
        host: str = "",
        path: str = "",
        nth: int = 1,
        times: int | None = None,
        every: int = 1,
        **options: str,
    ) -> Fault:
        """Switch one on. Raises ValueError for an unknown personality or option, or a selector it can't have."""
        known = PERSONALITIES.get(personality)
        if known is None:
            raise ValueError(f"no personality {personality!r}; there are: {', '.join(PERSONALITIES)}")
        if wrong := set(options) - set(known.options):
            raise ValueError(f"{personality} takes no {', '.join(sorted(wrong))}; options: {list(known.options)}")
        if known.connection and (tenant or path):
            raise ValueError(f"{personality} acts before a request is read: it can be selected by host only")
        if "code" in options and not (options["code"].isdecimal() and int(options["code"]) in AADSTS_CODES):
            raise ValueError(f"code: one of {', '.join(map(str, sorted(AADSTS_CODES)))}")
        if nth < 1 or every < 1 or (times is not None and times < 1):
            raise ValueError("nth, every and times count from 1")
        fault = Fault(
            next(self._ids),
            known,
            tenant.lower(),
            host.lower(),
            path,
            nth,
            known.times if times is None else times,
            every,
            {key: str(value) for key, value in options.items()},
        )
        self.faults[fault.id] = fault
        return fault

    def remove(self, which: str) -> int:
        """Switch off by id or by personality name, "" = all; returns how many that were."""
        gone = [key for key, f in self.faults.items() if which in ("", str(key), f.personality.name)]
        for key in gone:
            del self.faults[key]
        return len(gone)

    def for_call(self, operation: Operation, tenant: str, host: str, target: str) -> ActiveFaults:
        """What acts on a request. `target` is path and query."""
        if not self.faults:
            return NO_FAULTS
        acting = {
            fault.personality.name: fault.options
            for fault in list(self.faults.values())
            if not fault.personality.connection and fault.strikes(operation, tenant, host, target)
        }
        return ActiveFaults(acting) if acting else NO_FAULTS

    def for_connection(self, host: str) -> ActiveFaults:
        """What acts on a TLS handshake for `host`; a `refuse` without host is the listener's business."""
        acting = {
            fault.personality.name: fault.options
            for fault in list(self.faults.values())
            if fault.personality.connection and fault.strikes(Operation.OTHER, "", host, "")
        }
        return ActiveFaults(acting) if acting else NO_FAULTS

    def refusing(self) -> bool:
        """True while the listener has to be closed."""
        return any(f.personality.name == "refuse" and not f.host for f in self.faults.values())

    def hidden(self, host: str) -> bool:
        """True while `host` has no address."""
        return any(f.personality.name == "dns-gone" and f.host in ("", host.lower()) for f in self.faults.values())


def _path_matches(pattern: str, target: str) -> bool:
    if "*" in pattern:
        return fnmatch.fnmatchcase(target.lower(), pattern.lower())
    return target.startswith(pattern)
