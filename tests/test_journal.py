"""The journal's writer: whole lines, one file an hour, and an error that names what failed."""

from __future__ import annotations

import json
import os
import resource
import signal
from pathlib import Path

import pytest

from freeradius_mdm.errors import StoreError
from freeradius_mdm.journal import JournalWriter, segment_name
from tests.builders import NOW


@pytest.mark.parametrize(
    ("at", "name"),
    [
        # date -u -d @1700000000: 2023-11-14 22:13:20; an hour's last and first moment.
        (1_700_000_000.0, "20231114T22.jsonl"),
        (1_700_002_799.999, "20231114T22.jsonl"),
        (1_700_002_800.0, "20231114T23.jsonl"),
        (0.0, "19700101T00.jsonl"),
    ],
)
def test_segment_name(at: float, name: str) -> None:
    assert segment_name(at) == name


def test_lines(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path)
    for number in range(3):
        writer.append("decision", json.dumps({"n": number}), NOW)
    text = (tmp_path / "20231114T22.jsonl").read_text(encoding="utf-8")
    assert [json.loads(line) for line in text.splitlines() if line] == [
        {"type": "decision", "body": {"n": number}} for number in range(3)
    ]
    assert text.endswith("}\n")


def test_a_torn_line_does_not_swallow_the_next(tmp_path: Path) -> None:
    file = tmp_path / "20231114T22.jsonl"
    file.write_text('\n{"type":"decision","body":{"n"', encoding="utf-8")
    JournalWriter(tmp_path).append("decision", "{}", NOW)
    assert file.read_text(encoding="utf-8").splitlines()[-1] == '{"type":"decision","body":{}}'


def test_the_group_can_read_and_clear_it_away(tmp_path: Path) -> None:
    before = os.umask(0o007)
    try:
        JournalWriter(tmp_path).append("decision", "{}", NOW)
    finally:
        os.umask(before)
    assert (tmp_path / "20231114T22.jsonl").stat().st_mode & 0o777 == 0o660


def test_missing_directory(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"gone/20231114T22.jsonl can't be written: No such file or directory"):
        JournalWriter(tmp_path / "gone").append("decision", "{}", NOW)


def test_a_full_disk(tmp_path: Path) -> None:
    (tmp_path / "20231114T22.jsonl").symlink_to("/dev/full")
    with pytest.raises(StoreError, match="can't be written: No space left on device"):
        JournalWriter(tmp_path).append("decision", "{}", NOW)


def test_a_disk_that_takes_half_a_line(tmp_path: Path) -> None:
    """RLIMIT_FSIZE makes the kernel write as much as fits, as a disk does that fills up in the middle."""
    old_limit, old_handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20, old_limit[1]))
        with pytest.raises(StoreError, match=r"took 20 of 3\d bytes: is the disk full\?"):
            JournalWriter(tmp_path).append("decision", "{}", NOW)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old_limit)
        signal.signal(signal.SIGXFSZ, old_handler)
