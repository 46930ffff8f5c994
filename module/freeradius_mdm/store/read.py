"""Reading compliance records from inside radiusd.

Every call into the hooks is serialised by one mutex (freeradius.md section 3), so a wait here is a wait for
the whole server. A WAL reader takes no lock that the writer holds for long; the one thing that can be in the
way, another process's recovery or clean-up of the WAL, is waited for 20 ms at most.

Standard library only: radiusd imports this.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from pathlib import Path
from typing import Any

from ..compliance import (
    Compliance,
    ComplianceAnswer,
    ComplianceRecord,
    EndpointKey,
    IdKind,
    Managed,
    Registration,
)
from ..errors import StoreError
from ..exemption import Exemption
from . import exemptions_table
from .schema import VERSION, version_of

BUSY_TIMEOUT = 0.020  # seconds
RECORD_COLUMNS = "registration, compliance, managed, macs, answered_at, failed_at, failure"

_RECORD = f"SELECT {RECORD_COLUMNS} FROM records WHERE server = ? AND kind = ? AND value = ?"  # noqa: S608 constant

# A name is told from a longer one that begins like it by the length of its version.
_DACL_KNOWN = """SELECT 1 FROM dacl_versions
    WHERE wire_name >= ?1 AND wire_name < ?1 || 'g' AND length(wire_name) = length(?1) + 8 LIMIT 1"""

_ENDPOINT_OF = """
SELECT server, identity_kind, identity FROM sessions WHERE mac = ? AND identity != ''
ORDER BY reauthorized_at DESC LIMIT 1
"""

_Row = tuple[str | None, str, str, str, float, float, str]  # the first three are NULL together


class StoreReader:
    """A read-only view of the store, for one caller at a time on any thread (the hooks' mutex sees to that).

    Opened at the first question, so making one has no side effect (`radiusd -C` makes one too); opened again
    when the file was replaced, or appeared after all.
    """

    def __init__(self, file: Path) -> None:
        self._file = os.fspath(file)
        self._uri = file.absolute().as_uri() + "?mode=ro"
        self._connection: sqlite3.Connection | None = None
        self._identity = (0, 0)  # device and inode of the file that is open

    def record(self, key: EndpointKey) -> ComplianceRecord | None:
        """The record of that key, None when the MDM server was never asked about it.

        Raises StoreError when the file is missing, corrupt, of another version, or busy.
        """
        rows: list[_Row] = self._rows(_RECORD, key.server, key.kind.value, key.value)
        return record_from(key, rows[0]) if rows else None

    def dacl_version(self, wire_name: str) -> dict[str, tuple[str, ...]]:
        """The ACEs that were in force under that name, now or before, by style of masks.

        Raises StoreError, as `record` does, and for an ACL that is not what was stored.
        """
        rows = self._rows("SELECT style, entries, digest FROM dacl_versions WHERE wire_name = ?", wire_name)
        for style, entries, digest in rows:
            if digest_of(entries) != digest:
                raise StoreError(f"the stored ACL {wire_name} ({style}) is damaged")
        return {style: tuple(entries.split("\n")) for style, entries, _ in rows}

    def has_dacl(self, beginning: str) -> bool:
        """True when some version of an ACL is there: `beginning` is its wire name without the version's 8 digits."""
        return bool(self._rows(_DACL_KNOWN, beginning))

    def dacl_handed_at(self, client: str, wire_name: str) -> float | None:
        """When the network device of that address was last told the name (seconds since the epoch); None: never."""
        rows = self._rows("SELECT at FROM dacls_handed WHERE client = ? AND wire_name = ?", client, wire_name)
        return float(rows[0][0]) if rows else None

    def redirect_url(self, server: str) -> str:
        """The page where that MDM server lets a user enrol or mend a device; "" when it is not known."""
        rows = self._rows("SELECT redirect_url FROM server_info WHERE server = ?", server)
        return str(rows[0][0]) if rows else ""

    def endpoint_of(self, mac: str) -> EndpointKey | None:
        """Whom the latest session of that MAC was about; None when it never signed in. Raises StoreError."""
        rows = self._rows(_ENDPOINT_OF, mac)
        try:
            return EndpointKey(rows[0][0], IdKind(rows[0][1]), rows[0][2]) if rows else None
        except ValueError:
            return None

    def exemption(self, key: EndpointKey) -> Exemption | None:
        """The exemption of that endpoint that was made last, unless it was ended; it may have expired.

        Raises StoreError, as `record` does.
        """
        found = self.latest_exemption(key)
        return found if found is not None and found.ended_at is None else None

    def latest_exemption(self, key: EndpointKey) -> Exemption | None:
        """The same, ended or not."""
        rows = self._rows(exemptions_table.LATEST, key.server, key.kind.value, key.value)
        return exemptions_table.exemption_from(rows[0]) if rows else None

    def _rows(self, statement: str, *values: str) -> list[Any]:
        connection = self._current()
        try:
            return connection.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise self._failed(error) from error

    def close(self) -> None:
        """Close the file; the next question opens it again."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _current(self) -> sqlite3.Connection:
        try:
            status = os.stat(self._file)  # noqa: PTH116 half the cost of Path.stat, at every authentication
        except OSError as error:
            self.close()
            raise StoreError(f"store {self._file} can't be opened: {error.strerror}; has mdmd been started?") from error
        identity = (status.st_dev, status.st_ino)
        if self._connection is None or identity != self._identity:
            self.close()
            self._connection = self._open()
            self._identity = identity
        return self._connection

    def _open(self) -> sqlite3.Connection:
        try:
            connection = sqlite3.connect(
                self._uri, uri=True, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False
            )
        except sqlite3.Error as error:
            raise StoreError(f"store {self._file} can't be opened: {error}; see its owner, mode") from error
        try:
            found = version_of(connection)
        except sqlite3.Error as error:
            connection.close()
            raise self._failed(error) from error
        if found != VERSION:
            connection.close()
            what = f"has schema {found}, this program knows {VERSION}" if found else "is empty so far"
            raise StoreError(f"store {self._file} {what}; start the mdmd of this version")
        return connection

    def _failed(self, error: sqlite3.Error) -> StoreError:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY:
            return StoreError(f"store {self._file} is busy: another process is recovering or checking it")
        self.close()  # whatever it was, a new connection is the cure, if there is one
        return StoreError(f"store {self._file} can't be read: {error}; see its owner and mode, or restore it")


def digest_of(entries: str) -> str:
    """What an ACL is compared with when it is read again; the version in its name is too short for that."""
    return hashlib.sha256(entries.encode()).hexdigest()


def record_from(key: EndpointKey, row: _Row) -> ComplianceRecord:
    """A row of RECORD_COLUMNS as a value. Raises StoreError for a row that we can't have written."""
    registration, compliance, managed, macs, answered_at, failed_at, failure = row
    answer = None
    if registration is not None:
        try:
            answer = ComplianceAnswer(
                Registration(registration), Compliance(compliance), Managed(managed), tuple(macs.split())
            )
        except ValueError as error:
            raise StoreError(f"the stored record of {key} is damaged: {error}") from error
    return ComplianceRecord(key, answer, answered_at, failed_at, failure)
