"""The one schema of the store, and how its file comes to be.

The file is in WAL mode: a reader never waits for the writer, and what a commit has returned for is in the
kernel, so it survives the death of either process. `synchronous=NORMAL` leaves out the fsync of each
commit: a power cut can lose the last commits, never the file's consistency (SQLite, "Write-Ahead Logging").

Standard library only: radiusd imports this.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from . import exemptions_table, record_changes

VERSION = 5  # PRAGMA user_version; a file of another version is refused, see `upgrade`

DIRECTORY_MODE = 0o2770  # set-group-id: whatever is made inside belongs to the group mdmd and radiusd share
FILE_MODE = 0o660  # SQLite gives its -wal and -shm the mode of the main file

_FIRST = """
CREATE TABLE records (
    server TEXT NOT NULL, kind TEXT NOT NULL, value TEXT NOT NULL,
    registration TEXT, compliance TEXT, managed TEXT, macs TEXT NOT NULL DEFAULT '',
    answered_at REAL NOT NULL DEFAULT 0, failed_at REAL NOT NULL DEFAULT 0, failure TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (server, kind, value)
) WITHOUT ROWID;

-- `body` is the decision as JSON; the columns are what tools search by. `seq` is the order of ingestion.
CREATE TABLE decisions (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, at REAL NOT NULL, outcome TEXT NOT NULL,
    user TEXT NOT NULL, mac TEXT NOT NULL, identity TEXT NOT NULL, nas_address TEXT NOT NULL,
    server TEXT NOT NULL, rule TEXT NOT NULL, profile TEXT NOT NULL, reason_code TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX decisions_at ON decisions (at);
CREATE INDEX decisions_user ON decisions (user);
CREATE INDEX decisions_mac ON decisions (mac);
CREATE INDEX decisions_identity ON decisions (identity);

CREATE TABLE rules (name TEXT PRIMARY KEY, hits INTEGER NOT NULL, last_hit REAL NOT NULL) WITHOUT ROWID;

-- How far each journal segment has been read; written in the transaction that stores what was read.
CREATE TABLE journal_positions (
    segment TEXT PRIMARY KEY, inode INTEGER NOT NULL, position INTEGER NOT NULL
) WITHOUT ROWID;

-- Journal lines that nothing here understands, raw, so that a later version or a person can.
CREATE TABLE journal_rejects (
    seq INTEGER PRIMARY KEY, segment TEXT NOT NULL, position INTEGER NOT NULL, at REAL NOT NULL,
    reason TEXT NOT NULL, line BLOB NOT NULL
);
"""

_DACLS = """
-- Every version of a downloadable ACL that was in force, as the families with that style of masks get it; `entries`
-- by newlines, `digest` the SHA-256 of that.
CREATE TABLE dacl_versions (
    wire_name TEXT NOT NULL, style TEXT NOT NULL, entries TEXT NOT NULL, digest TEXT NOT NULL,
    first_at REAL NOT NULL, current_at REAL NOT NULL,
    PRIMARY KEY (wire_name, style)
);

-- When a network device (the address its requests come from) was last told a name, and by which decision.
CREATE TABLE dacls_handed (
    client TEXT NOT NULL, wire_name TEXT NOT NULL, at REAL NOT NULL, decision TEXT NOT NULL,
    PRIMARY KEY (client, wire_name)
) WITHOUT ROWID;

-- Finished and refused downloads. `decision`: the one that had told the device this name, empty when not known.
CREATE TABLE downloads (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, at REAL NOT NULL, outcome TEXT NOT NULL, code TEXT NOT NULL,
    reason TEXT NOT NULL, wire_name TEXT NOT NULL, client TEXT NOT NULL, client_name TEXT NOT NULL,
    nas_address TEXT NOT NULL, packets INTEGER NOT NULL, entries INTEGER NOT NULL, decision TEXT NOT NULL
);
CREATE INDEX downloads_at ON downloads (at);

-- What an MDM server says about itself.
CREATE TABLE server_info (server TEXT PRIMARY KEY, redirect_url TEXT NOT NULL, at REAL NOT NULL) WITHOUT ROWID;
"""

_SESSIONS = """
-- Sessions of endpoints, live and ended; the columns are described at Session in sessions/model.py.
CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY, state TEXT NOT NULL, client TEXT NOT NULL, decision_id TEXT NOT NULL,
    authorized_at REAL NOT NULL, reauthorized_at REAL NOT NULL, last_seen REAL NOT NULL,
    nas_name TEXT NOT NULL, nas_address TEXT NOT NULL, nas_identifier TEXT NOT NULL, nas_port TEXT NOT NULL,
    nas_port_id TEXT NOT NULL, family TEXT NOT NULL, access TEXT NOT NULL, user TEXT NOT NULL, mac TEXT NOT NULL,
    calling_station TEXT NOT NULL, called_station TEXT NOT NULL, acct_session_id TEXT NOT NULL,
    former_acct_session_ids TEXT NOT NULL, acct_multi_session_id TEXT NOT NULL, audit_session_id TEXT NOT NULL,
    framed_ip TEXT NOT NULL, framed_ipv6 TEXT NOT NULL, server TEXT NOT NULL, identity_kind TEXT NOT NULL,
    identity TEXT NOT NULL, rule TEXT NOT NULL, profile TEXT NOT NULL, session_timeout INTEGER, timer_ends_at REAL,
    started_at REAL, ended_at REAL, end_cause TEXT NOT NULL, terminate_cause TEXT NOT NULL,
    coa_at REAL, coa_result TEXT NOT NULL, node TEXT NOT NULL
);
CREATE INDEX sessions_ended ON sessions (ended_at) WHERE state = 'ended';
CREATE INDEX sessions_live ON sessions (id) WHERE state != 'ended';
CREATE INDEX sessions_mac ON sessions (mac);
CREATE INDEX sessions_identity ON sessions (identity);
"""

_COA = """
-- Orders to network devices; the columns are described at CoaOrder in store/coa_orders.py.
CREATE TABLE coa_orders (
    id TEXT NOT NULL PRIMARY KEY, session_id TEXT NOT NULL, client TEXT NOT NULL, family TEXT NOT NULL,
    state TEXT NOT NULL, created_at REAL NOT NULL, changed_at REAL NOT NULL, due_at REAL, decision_id TEXT NOT NULL,
    old_rule TEXT NOT NULL, old_profile TEXT NOT NULL, rule TEXT NOT NULL, profile TEXT NOT NULL,
    accept INTEGER NOT NULL, basis TEXT NOT NULL, reason TEXT NOT NULL, worse INTEGER NOT NULL, action TEXT NOT NULL,
    tried TEXT NOT NULL, narrower INTEGER NOT NULL, attempts INTEGER NOT NULL, attributes TEXT NOT NULL, packet BLOB,
    device TEXT NOT NULL, port INTEGER NOT NULL, source TEXT NOT NULL, source_port INTEGER NOT NULL, prepared_at REAL,
    code TEXT NOT NULL, cause INTEGER, detail TEXT NOT NULL, settled INTEGER NOT NULL
);
CREATE INDEX coa_orders_open ON coa_orders (id) WHERE settled = 0;
CREATE INDEX coa_orders_session ON coa_orders (session_id, created_at);
CREATE INDEX coa_orders_changed ON coa_orders (changed_at);
"""

# An operator's order: who has given it, and the action that was asked for.
_COA_OF_OPERATORS = """
ALTER TABLE coa_orders ADD COLUMN author TEXT NOT NULL DEFAULT '';
ALTER TABLE coa_orders ADD COLUMN asked TEXT NOT NULL DEFAULT '';
"""

# What tools filter decisions by, in one index in the order of time, so that what is rare is found without reading rows.
# The two columns are parts of `body`; a damaged one must stop neither the upgrade nor a purge.
_SEARCH = """
ALTER TABLE decisions ADD COLUMN nas_name TEXT
    GENERATED ALWAYS AS (CASE WHEN json_valid(body) THEN json_extract(body, '$.nas_name') END) VIRTUAL;
ALTER TABLE decisions ADD COLUMN client TEXT
    GENERATED ALWAYS AS (CASE WHEN json_valid(body) THEN json_extract(body, '$.client') END) VIRTUAL;
CREATE INDEX decisions_search ON decisions
    (at, outcome, nas_address, nas_name, client, server, rule, profile, reason_code);
DROP INDEX decisions_at;
"""

# What brings a file to each version from the one before; a step that was shipped is never changed.
_STEPS = {
    1: _FIRST,
    2: _DACLS,
    3: _SESSIONS + record_changes.TABLE,
    4: _COA,
    5: exemptions_table.TABLE + _COA_OF_OPERATORS + _SEARCH,
}


def make_directory(path: Path) -> None:
    """Make `path` with DIRECTORY_MODE whatever the umask is; an existing one is mended if it is ours."""
    path.mkdir(mode=DIRECTORY_MODE & 0o777, parents=True, exist_ok=True)
    status = path.stat()
    if status.st_mode & 0o7777 != DIRECTORY_MODE and status.st_uid == os.geteuid():
        path.chmod(DIRECTORY_MODE)


def make_file(path: Path) -> None:
    """Make an empty file with FILE_MODE whatever the umask is: SQLite would go by the umask."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
    try:
        status = os.fstat(handle)
        if status.st_mode & 0o777 != FILE_MODE and status.st_uid == os.geteuid():
            os.fchmod(handle, FILE_MODE)
    finally:
        os.close(handle)


def upgrade(connection: sqlite3.Connection) -> None:
    """Bring an open, writable file to VERSION, all steps or none; its data is kept.

    Raises sqlite3.Error, or ValueError for a newer file.
    """
    found = version_of(connection)
    if found > VERSION:
        raise ValueError(f"it has schema {found}, this program knows {VERSION}: install the newer one again")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("PRAGMA journal_size_limit=16777216")  # bytes: a WAL grown by a burst shrinks again
    if found < VERSION:
        steps = "".join(_STEPS[number] for number in range(found + 1, VERSION + 1))
        connection.executescript(f"BEGIN IMMEDIATE;{steps}PRAGMA user_version={VERSION};COMMIT;")


def version_of(connection: sqlite3.Connection) -> int:
    """The file's schema version; 0 for an empty file."""
    return int(connection.execute("PRAGMA user_version").fetchall()[0][0])
