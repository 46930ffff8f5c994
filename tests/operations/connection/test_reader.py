"""Who can read a file, by owner, group and mode (POSIX: the first class that fits decides)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from freeradius_mdm.operations.connection.reader import Reader, lacks

OWNER, STRANGER = 43210, 54321


@pytest.fixture
def file(tmp_path: Path) -> Path:
    for place in (tmp_path, *tmp_path.parents):
        if not place.stat().st_mode & 0o001:
            place.chmod(place.stat().st_mode | 0o011)
    made = tmp_path / "key"
    made.touch()
    return made


@pytest.mark.parametrize(
    ("mode", "owner", "group", "readable"),
    [
        (0o400, True, False, True),
        (0o044, True, False, False),  # the owner's class decides, not the others'
        (0o040, False, True, True),
        (0o404, False, True, False),
        (0o004, False, False, True),
        (0o440, False, False, False),
    ],
)
def test_modes(mode: int, owner: bool, group: bool, readable: bool, file: Path) -> None:
    if os.geteuid() == 0:  # who can read everything
        os.chown(file, OWNER, OWNER)
    facts = file.stat()
    file.chmod(mode)
    reader = Reader("them", facts.st_uid if owner else STRANGER, frozenset({facts.st_gid if group else STRANGER}))
    assert (lacks(reader, file) == "") is readable


def test_root_can_read_everything(file: Path) -> None:
    file.chmod(0)
    assert lacks(Reader("root", 0, frozenset()), file) == ""


def test_what_is_in_the_way_is_named(file: Path) -> None:
    file.chmod(0o400)
    stranger = Reader("them", STRANGER, frozenset())
    assert lacks(stranger, file).startswith(f"them may not read {file} (mode 0400, owner ")
    file.parent.chmod(0o700)
    assert lacks(stranger, file).startswith(f"them may not enter {file.parent} (mode 0700, owner ")


def test_a_file_that_is_not_there(file: Path) -> None:
    assert lacks(Reader("them", STRANGER, frozenset()), file.with_name("gone")).endswith("No such file or directory")


def test_a_link_is_followed(file: Path) -> None:
    link = file.with_name("link")
    link.symlink_to(file)
    file.chmod(0o400)
    assert str(file) in lacks(Reader("them", STRANGER, frozenset()), link)
