"""One look at the store for tools: read only, all of it as it was at one moment."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from ..errors import StoreError
from .schema import VERSION, version_of

_BUSY_TIMEOUT = 1.0  # seconds


@contextmanager
def reading(file: Path) -> Iterator[sqlite3.Connection]:
    """A connection that sees one state of the file. Raises StoreError, also for what goes wrong inside."""
    try:
        uri = file.absolute().as_uri() + "?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=_BUSY_TIMEOUT, isolation_level=None)) as connection:
            connection.execute("BEGIN")
            found = version_of(connection)
            if found != VERSION:
                what = f"has schema {found}, this program knows {VERSION}" if found else "is empty so far"
                raise StoreError(f"store {file} {what}")
            yield connection
    except sqlite3.Error as error:
        raise StoreError(f"store {file} can't be read: {error}") from error


def rows(file: Path, statement: str, values: Sequence[object] = ()) -> list[Any]:
    """The rows of one question. Raises StoreError."""
    with reading(file) as connection:
        return connection.execute(statement, values).fetchall()
