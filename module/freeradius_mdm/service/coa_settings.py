"""What `[coa]` means for the sender: pace, time limits, actions of a family, and where the shared secrets are."""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Callable, Mapping

from ..coa.clients import Client, ClientError
from ..coa.clients_conf import Sources
from ..coa.clients_watch import ClientsWatch
from ..coa.family import FAMILIES, Action, CoaFamily
from ..coa.pacing import Pace
from ..coa.retransmission import RetransmissionPolicy
from ..config.model import CoaSettings
from ..errors import ConfigError
from .events import EventLog

_PROGRAMS = ("freeradius", "radiusd")
_ASKED_FOR = 10.0  # seconds that `freeradius -v` is given
_AGAIN_AFTER = 5.0  # seconds after files that could not be read


def pace(settings: CoaSettings) -> Pace:
    """How fast one network device is told."""
    return Pace(settings.in_flight, settings.rate)


def retransmission(settings: CoaSettings) -> RetransmissionPolicy:
    """How long one request is repeated: RFC 5080's intervals, within the time that is set."""
    return RetransmissionPolicy(first_wait=min(2.0, settings.timeout), duration=settings.timeout)


def actions(settings: CoaSettings, family: str, families: Mapping[str, CoaFamily] = FAMILIES) -> tuple[Action, ...]:
    """What to ask a device of that family for, the first that it can do."""
    chosen = settings.actions.get(family)
    if chosen is not None:
        return tuple(Action(each.value) for each in chosen)
    known = families.get(family)
    return known.on_change if known else ()


def faults(settings: CoaSettings, families: Mapping[str, CoaFamily] = FAMILIES) -> list[str]:
    """What is set and can't be done, a sentence each."""
    found = []
    for family, chosen in settings.actions.items():
        can = families[family].procedures if family in families else {}
        wrong = [each.value for each in chosen if Action(each.value) not in can]
        if wrong:
            allowed = ", ".join(can) or "nothing"
            found.append(f"coa.actions.{family}: it can't be asked for {', '.join(wrong)}, but for {allowed}")
    return found


def freeradius_version(programs: tuple[str, ...] = _PROGRAMS) -> tuple[int, ...]:
    """What the FreeRADIUS of this machine says of itself; () when there is none."""
    for program in programs:
        try:
            done = subprocess.run([program, "-v"], capture_output=True, text=True, timeout=_ASKED_FOR, check=False)
        except (OSError, subprocess.TimeoutExpired):
            continue
        if found := re.search(r"Version (\d+)\.(\d+)\.(\d+)", done.stdout):
            return tuple(map(int, found.groups()))
    return ()


class ClientBook:
    """The network devices' secrets. Blocks for the disk, so call it in a thread, in any.

    `error`: why the files can't be read at present, "" when they can; the last ones that could be stay in force.
    """

    def __init__(
        self,
        events: EventLog,
        monotonic: Callable[[], float],
        version: Callable[[], tuple[int, ...]] = freeradius_version,
    ) -> None:
        self._events = events
        self._monotonic = monotonic
        self._version = version
        self._mutex = threading.Lock()
        self._asked: tuple[int, ...] | None = None
        self._watch: ClientsWatch | None = None
        self._sources: Sources | None = None
        self._failed_at = float("-inf")
        self.error = ""

    def find(self, settings: CoaSettings, address: str) -> Client:
        """The network device of that address. Raises ClientError with the next step."""
        with self._mutex:
            now = self._monotonic()
            watch = self._current(settings, now)
            if watch is None:
                raise ClientError(self.error)
            return watch.current(now).find(address)

    def check(self, settings: CoaSettings) -> None:
        """Read the files now, so that a fault shows before they are needed."""
        with self._mutex:
            watch = self._current(settings, now := self._monotonic())
            if watch is not None:
                watch.current(now)

    def _current(self, settings: CoaSettings, now: float) -> ClientsWatch | None:
        sources = self._sources_of(settings)
        if sources != self._sources:
            self._watch, self._failed_at = None, float("-inf")
            self._sources = sources
        if self._watch is None and now - self._failed_at >= _AGAIN_AFTER:
            try:
                self._watch = ClientsWatch(sources, now, self._changed)
            except ConfigError as error:
                self._failed_at = now
                self._changed(error)
            else:
                self._changed(None)
        return self._watch

    def _sources_of(self, settings: CoaSettings) -> Sources:
        version = settings.freeradius_version
        if not version:
            if self._asked is None:
                self._asked = self._version()
            version = self._asked
        return Sources(settings.clients, settings.secrets_file, version)

    def _changed(self, error: ConfigError | None) -> None:
        said = "" if error is None else str(error)
        if error is not None and said != self.error:
            for problem in error.problems:
                self._events.error("coa_clients_unread", problem=problem, next="what was read before stays in force")
        elif not said and self.error:
            self._events.info("coa_clients_read_again")
        self.error = said
