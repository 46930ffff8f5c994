"""The key under which States are hashed: 32 random octets in a file that mdmd makes and radiusd reads.

Servers that share one file can each go on with what another began; make it once and copy it to all of them.
Standard library only: radiusd imports this.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from ..errors import MdmError

LENGTH = 32  # octets
_LONGEST = 4096
FILE_MODE = 0o640  # the directory's group, which mdmd and radiusd share, may read it


class KeyFile:
    """The key of that file, read again when the file changes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stamp: tuple[int, int, int] | None = None
        self._key = b""

    def key(self) -> bytes:
        """The key. Raises MdmError when there is none, or one that anybody could guess."""
        try:
            status = os.stat(self.path)  # noqa: PTH116 half the cost of Path.stat, at every packet of a download
            stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
            if stamp != self._stamp:
                with self.path.open("rb") as file:
                    self._key = file.read(_LONGEST)
                self._stamp = stamp
        except OSError as error:
            self._stamp = None
            raise MdmError(f"key file {self.path} can't be read: {error.strerror}") from error
        if len(self._key) < LENGTH:
            raise MdmError(f"key file {self.path} has {len(self._key)} octets, at least {LENGTH} are needed")
        return self._key


def make(path: Path) -> bool:
    """Make the file with a fresh key, unless there is one. True when it was made. Raises OSError.

    It appears whole or not at all: a reader must never find half a key.
    """
    if path.exists():
        return False
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, FILE_MODE)
    try:
        os.fchmod(handle, FILE_MODE)  # whatever the umask is
        os.write(handle, secrets.token_bytes(LENGTH))
        os.fsync(handle)
    finally:
        os.close(handle)
    try:
        os.link(draft, path)  # unlike a rename it never replaces a key that came meanwhile
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    return True
