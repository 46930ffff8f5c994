"""A unix socket's address, however long the path to it is: the kernel takes 107 bytes (unix(7))."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LONGEST = 107


@contextmanager
def address_of(path: Path) -> Iterator[str]:
    """What `bind` and `connect` take for that path, while the context lasts."""
    if len(os.fsencode(path)) <= _LONGEST:
        yield os.fspath(path)
        return
    directory = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{directory}/{path.name}"
    finally:
        os.close(directory)
