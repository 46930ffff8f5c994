"""Following the file while a process runs: a faulty version leaves the old one in force."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from freeradius_mdm.config.watch import ConfigWatch
from freeradius_mdm.errors import ConfigError
from tests.builders import NOW, TOML, write_toml

Told = list[ConfigError | None]


def vlan(watch: ConfigWatch, now: float) -> str:
    return watch.current(now).profiles["Employee"].results["cisco-ios-xe"].vlan


def write(file: Path, number: int, stamp: float) -> None:
    file.write_text(TOML.replace("vlan = 20", f"vlan = {number}"), encoding="utf-8")
    os.utime(file, (stamp, stamp))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_toml(tmp_path)


def test_a_new_version_is_taken_over_within_a_second(file: Path) -> None:
    told: Told = []
    watch = ConfigWatch(file, NOW, told.append)
    write(file, 21, 1)
    assert vlan(watch, NOW + 0.9) == "20"
    assert vlan(watch, NOW + 1.0) == "21"
    assert told == [None]
    # Nothing changed since.
    assert vlan(watch, NOW + 5) == "21"
    assert told == [None]


@pytest.mark.parametrize("number", [5000, 0])
def test_a_faulty_version_leaves_the_old_one_in_force_and_is_told_once(file: Path, number: int) -> None:
    told: Told = []
    watch = ConfigWatch(file, NOW, told.append)
    write(file, number, 1)
    assert [vlan(watch, NOW + after) for after in (2, 4, 6)] == ["20", "20", "20"]
    assert len(told) == 1
    assert isinstance(told[0], ConfigError)
    # Mended.
    write(file, 22, 2)
    assert vlan(watch, NOW + 8) == "22"
    assert told[1:] == [None]


def test_a_file_that_is_gone_leaves_the_old_one_in_force(file: Path) -> None:
    told: Told = []
    watch = ConfigWatch(file, NOW, told.append)
    file.unlink()
    assert vlan(watch, NOW + 2) == "20"
    assert len(told) == 1
    write(file, 23, 3)
    assert vlan(watch, NOW + 4) == "23"


def test_a_changed_dacl_gets_its_new_version(file: Path) -> None:
    watch = ConfigWatch(file, NOW, lambda _: None)
    before = watch.config.dacls["OPEN"].entries
    (file.parent / "dacls" / "OPEN.acl").write_text("deny ip any any\n", encoding="utf-8")
    assert watch.current(NOW + 2).dacls["OPEN"].entries != before
    (file.parent / "dacls" / "MORE.acl").write_text("deny ip any any\n", encoding="utf-8")
    assert "MORE" in watch.current(NOW + 4).dacls


def test_a_clock_that_was_set_back_does_not_stop_the_watch(file: Path) -> None:
    watch = ConfigWatch(file, NOW, lambda _: None)
    write(file, 24, 1)
    assert vlan(watch, NOW - 3600) == "24"


def test_a_faulty_first_version_is_an_error(file: Path) -> None:
    write(file, 5000, 1)
    with pytest.raises(ConfigError):
        ConfigWatch(file, NOW, lambda _: None)
