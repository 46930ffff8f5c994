"""How the store's one writer takes hold of its directory and file."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import StoreError
from . import schema


def lock(path: Path) -> int:
    """Hold `path` locked until the returned file descriptor is closed. Raises StoreError when another process does."""
    schema.make_file(path)
    handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
    except BlockingIOError as error:
        holder = os.pread(handle, 20, 0).decode("ascii", "replace").strip() or "unknown"
        os.close(handle)
        raise StoreError(
            f"another mdmd (process {holder}) uses {path.parent}: stop it, or set another state_directory"
        ) from error
    except OSError:
        os.close(handle)
        raise
    return handle


def open_for_writing(file: Path, busy_timeout: float) -> sqlite3.Connection:
    """The file, made or upgraded when needed. Raises StoreError."""
    try:
        schema.make_file(file)
        connection = sqlite3.connect(file, timeout=busy_timeout, isolation_level=None, check_same_thread=False)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"store {file} can't be opened: {error}") from error
    try:
        schema.upgrade(connection)
    except (ValueError, sqlite3.Error) as error:
        connection.close()
        raise StoreError(f"store {file} can't be used: {error}") from error
    return connection


@contextmanager
def clear_errors(file: Path) -> Iterator[None]:
    """SQLite's errors as StoreError that names the file."""
    try:
        yield
    except sqlite3.Error as error:
        raise StoreError(f"store {file} can't be used: {error}") from error
