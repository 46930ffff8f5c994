"""The store's tables about downloadable ACLs: what the one writer does with them, inside its transactions."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from ..decision import Decision
from ..download.handed import names_handed
from ..download.record import Download
from .read import digest_of

# The name changes with the content, except where this program renders the same file otherwise than its last release.
_PUT_VERSION = """
INSERT INTO dacl_versions (wire_name, style, entries, digest, first_at, current_at) VALUES (?1, ?2, ?3, ?4, ?5, ?5)
ON CONFLICT DO UPDATE SET entries = excluded.entries, digest = excluded.digest,
    current_at = max(current_at, excluded.current_at)
"""
# A journal segment copied back by hand must not make an old handing the latest.
_HAND = """
INSERT INTO dacls_handed (client, wire_name, at, decision) VALUES (?, ?, ?, ?)
ON CONFLICT DO UPDATE SET at = excluded.at, decision = excluded.decision WHERE excluded.at >= at
"""
_ADD_DOWNLOAD = """
INSERT INTO downloads (id, at, outcome, code, reason, wire_name, client, client_name, nas_address, packets, entries,
    decision)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
    coalesce((SELECT decision FROM dacls_handed WHERE client = ?7 AND wire_name = ?6 AND at <= ?2), ''))
ON CONFLICT (id) DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class AclVersion:
    """One version of a downloadable ACL as the families with that style of masks get it."""

    wire_name: str
    style: str
    entries: tuple[str, ...]


def put_versions(connection: sqlite3.Connection, versions: Iterable[AclVersion], at: float) -> None:
    """These are in force at that moment."""
    rows = []
    for each in versions:
        text = "\n".join(each.entries)
        rows.append((each.wire_name, each.style, text, digest_of(text), at))
    connection.executemany(_PUT_VERSION, rows)


def hand(connection: sqlite3.Connection, decisions: Iterable[Decision]) -> None:
    """Keep what accepted decisions have told their network devices."""
    told = [(made.client, name, made.at, made.id) for made in decisions if made.client for name in names_handed(made)]
    connection.executemany(_HAND, told)


def add_downloads(connection: sqlite3.Connection, downloads: Iterable[Download]) -> None:
    """Keep what became of downloads; one that is there already is not taken twice."""
    connection.executemany(
        _ADD_DOWNLOAD,
        [
            (
                each.id,
                each.at,
                each.outcome.value,
                each.code,
                each.reason,
                each.name,
                each.client,
                each.client_name,
                each.nas_address,
                each.packets,
                each.entries,
            )
            for each in downloads
        ],
    )


def purge(connection: sqlite3.Connection, before: float) -> int:
    """Drop versions and handings that no session can hold any more; returns how many versions that were."""
    connection.execute("DELETE FROM dacls_handed WHERE at < ?", (before,))
    return connection.execute("DELETE FROM dacl_versions WHERE current_at < ?", (before,)).rowcount
