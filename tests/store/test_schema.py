"""Modes of files and directories whatever the umask is; versions."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from freeradius_mdm.errors import StoreError
from freeradius_mdm.store import schema
from freeradius_mdm.store.read import StoreReader
from freeradius_mdm.store.write import StoreWriter

from .samples import COMPLIANT, key


@pytest.fixture(params=[0o077, 0o022, 0o000], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_modes_do_not_follow_the_umask(tmp_path: Path, umask: int) -> None:
    directory = tmp_path / "state"
    writer = StoreWriter(directory)
    writer.put_answer(key(), COMPLIANT, 1.0)
    assert mode(directory) == 0o2770
    made = {path.name: mode(path) for path in directory.iterdir()}
    assert made == dict.fromkeys(["store.sqlite", "store.sqlite-wal", "store.sqlite-shm", "mdmd.lock"], 0o660)
    writer.close()


def test_files_made_by_a_reader_have_the_mode_too(tmp_path: Path, umask: int) -> None:
    """radiusd may open the store first after mdmd has left; mdmd has to be able to use its files."""
    StoreWriter(tmp_path / "state").close()
    reader = StoreReader(tmp_path / "state" / "store.sqlite")
    assert reader.record(key()) is None
    assert mode(tmp_path / "state" / "store.sqlite-shm") == 0o660
    reader.close()


def test_a_wrong_mode_is_mended(tmp_path: Path) -> None:
    directory = tmp_path / "state"
    StoreWriter(directory).close()
    directory.chmod(0o700)
    (directory / "store.sqlite").chmod(0o600)
    StoreWriter(directory).close()
    assert (mode(directory), mode(directory / "store.sqlite")) == (0o2770, 0o660)


def test_a_newer_file_is_refused_by_both(tmp_path: Path) -> None:
    StoreWriter(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / "store.sqlite")) as connection:
        connection.execute(f"PRAGMA user_version={schema.VERSION + 1}")
    with pytest.raises(StoreError, match="has schema 2, this program knows 1"):
        StoreWriter(tmp_path)
    with pytest.raises(StoreError, match="has schema 2, this program knows 1"):
        StoreReader(tmp_path / "store.sqlite").record(key())
