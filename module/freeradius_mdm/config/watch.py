"""Following `mdm.toml` and its dACLs while a process runs: a faulty new version leaves the old one in force.

Standard library only: radiusd imports this.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..dictionaries import Dictionary
from ..errors import ConfigError
from .model import Config
from .reader import DACL_DIRECTORY, load

_LOOK_EVERY = 1.0  # seconds

Stamp = tuple[tuple[str, int, int, int], ...]


class ConfigWatch:
    """The configuration in force. `on_change` is told of every change: an error, or None when one was taken over."""

    def __init__(
        self,
        path: Path,
        now: float,
        on_change: Callable[[ConfigError | None], None],
        dictionary: Dictionary | None = None,
    ) -> None:
        self._path = path
        self._dictionary = dictionary
        self._on_change = on_change
        self._stamp = _stamp(path)
        self._looked = now
        self.config: Config = load(path, dictionary)

    def current(self, now: float) -> Config:
        """The configuration; looks at the files at most once a second, and reads them only when they changed."""
        if 0 <= now - self._looked < _LOOK_EVERY:
            return self.config
        self._looked = now
        stamp = _stamp(self._path)
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                self.config = load(self._path, self._dictionary)
            except ConfigError as error:
                self._on_change(error)
            else:
                self._on_change(None)
        return self.config


def _stamp(path: Path) -> Stamp:
    """Changes whenever the file or a dACL is edited, replaced, added or removed."""
    found = []
    for file in (path, *sorted((path.parent / DACL_DIRECTORY).glob("*.acl"))):
        try:
            state = file.stat()
        except OSError:
            continue
        found.append((str(file), state.st_mtime_ns, state.st_size, state.st_ino))
    return tuple(found)
