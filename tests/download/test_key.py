"""The key file: made whole and once, and followed when it changes."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from freeradius_mdm.download.key import KeyFile, make
from freeradius_mdm.errors import MdmError


@pytest.mark.parametrize("umask", [0o077, 0o000], ids=oct)
def test_make(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        assert make(tmp_path / "dacl.key")
    finally:
        os.umask(before)
    key = KeyFile(tmp_path / "dacl.key").key()
    assert len(key) == 32
    assert len(set(key)) > 10
    assert stat.S_IMODE((tmp_path / "dacl.key").stat().st_mode) == 0o640
    assert [path.name for path in tmp_path.iterdir()] == ["dacl.key"]
    assert not make(tmp_path / "dacl.key")
    assert KeyFile(tmp_path / "dacl.key").key() == key
    make(tmp_path / "other.key")
    assert KeyFile(tmp_path / "other.key").key() != key


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "dacl.key"
    key = KeyFile(path)
    with pytest.raises(MdmError, match=r"dacl.key can't be read: No such file"):
        key.key()
    path.write_bytes(bytes(32))
    assert key.key() == bytes(32)
    draft = tmp_path / "draft"
    draft.write_bytes(b"x" * 32)
    draft.replace(path)
    assert key.key() == b"x" * 32
    path.unlink()
    with pytest.raises(MdmError, match="can't be read"):
        key.key()
    path.write_bytes(b"y" * 40)
    assert key.key() == b"y" * 40


def test_a_key_too_short_is_none(tmp_path: Path) -> None:
    (tmp_path / "dacl.key").write_bytes(b"x" * 31)
    with pytest.raises(MdmError, match="has 31 octets, at least 32 are needed"):
        KeyFile(tmp_path / "dacl.key").key()
