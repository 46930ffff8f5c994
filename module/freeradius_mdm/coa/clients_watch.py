"""Following FreeRADIUS's client definitions while mdmd runs: a faulty new version leaves the old one in force."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from ..errors import ConfigError
from ..raddb.tree import Stamp, stamp
from .clients import Clients
from .clients_conf import Resolve, Sources, read, resolve

_LOOK_EVERY = 1.0  # seconds
_AGAIN_AFTER = 60.0


class ClientsWatch:
    """`on_change` is told of every change: an error, or None when it was taken over.

    Reading can block on a disk or on DNS: call `current` in a thread.
    """

    def __init__(
        self,
        sources: Sources,
        now: float,
        on_change: Callable[[ConfigError | None], None],
        environment: Mapping[str, str] = os.environ,
        resolve: Resolve = resolve,
    ) -> None:
        self._sources = sources
        self._on_change = on_change
        self._environment = environment
        self._resolve = resolve
        self._looked = now
        self._again_at = float("inf")
        self._error = ""
        self._present: dict[Path, Stamp | None]
        self.clients: Clients
        self.clients, self._present = read(sources, environment, resolve)
        self._after(now)

    def current(self, now: float) -> Clients:
        """The clients; looks at the files at most once a second, and reads them only when they changed."""
        if 0 <= now - self._looked < _LOOK_EVERY:
            return self.clients
        self._looked = now
        present = {path: stamp(path) for path in self._present}
        if present == self._present and now < self._again_at:
            return self.clients
        try:
            self.clients, self._present = read(self._sources, self._environment, self._resolve)
        except ConfigError as error:
            # It may have failed in a file that was not there before and is not watched, so it is tried again anyhow.
            self._present, self._again_at = present, now + _AGAIN_AFTER
            if str(error) != self._error:
                self._error = str(error)
                self._on_change(error)
        else:
            self._error = ""
            self._after(now)
            self._on_change(None)
        return self.clients

    def _after(self, now: float) -> None:
        """A host that had no address may have one later."""
        self._again_at = now + _AGAIN_AFTER if self.clients.warnings else float("inf")
