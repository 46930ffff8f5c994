"""mdmd and radiusd as different users who share a group, as the systemd units set them up. Needs root."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from freeradius_mdm.errors import StoreError
from freeradius_mdm.journal import JournalWriter
from freeradius_mdm.service.events import EventLog
from freeradius_mdm.service.journal_reader import JournalReader
from freeradius_mdm.service.sessions import SessionKeeper
from freeradius_mdm.store.query import StoreQueries
from freeradius_mdm.store.read import StoreReader
from freeradius_mdm.store.schema import make_directory
from freeradius_mdm.store.write import StoreWriter

from .samples import COMPLIANT, NONCOMPLIANT, decision, key

MDMD, RADIUSD, STRANGER = (65001, 65000), (65002, 65000), (65003, 65003)
AT = 1_700_000_000.0

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become other users")


@pytest.fixture
def state() -> Iterator[Path]:
    """As StateDirectory= and StateDirectoryMode= make it; not below tmp_path, which other users can't enter."""
    top = Path(tempfile.mkdtemp(prefix="mdm-users-"))
    top.chmod(0o755)
    made = top / "state"
    made.mkdir()
    os.chown(made, *MDMD)
    made.chmod(0o2770)
    yield made
    shutil.rmtree(top)


def become(who: tuple[int, int], umask: int, work: Callable[[], None]) -> int:
    """Do `work` in a child process as that user; returns the child's wait status."""
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(who[1])
            os.setuid(who[0])
            os.umask(umask)
            work()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1]


def write(state: Path, answer: object, *, killed: bool) -> None:
    writer = StoreWriter(state)
    writer.put_answer(key(), answer, AT)  # type: ignore[arg-type]
    if killed:
        os.kill(os.getpid(), signal.SIGKILL)
    writer.close()


def expect(state: Path, answer: object) -> None:
    record = StoreReader(state / "store.sqlite").record(key())
    assert record is not None
    assert record.answer == answer


@pytest.mark.parametrize("killed", [False, True])
def test_radiusd_reads_what_mdmd_left_and_mdmd_comes_back(state: Path, killed: bool) -> None:
    for answer in (COMPLIANT, NONCOMPLIANT, COMPLIANT):
        status = become(MDMD, 0o007, lambda answer=answer: write(state, answer, killed=killed))
        assert status == (signal.SIGKILL if killed else 0)
        assert become(RADIUSD, 0o027, lambda answer=answer: expect(state, answer)) == 0


def test_radiusd_journals_and_mdmd_clears_away(state: Path) -> None:
    def prepare() -> None:
        write(state, COMPLIANT, killed=False)
        make_directory(state / "journal")

    def journal() -> None:
        JournalWriter(state / "journal").append("decision", decision(1, at=AT).to_json(), AT)

    def consume() -> None:
        writer = StoreWriter(state)
        keeper = SessionKeeper(writer, EventLog(sys.stderr, lambda: AT), AT, "radius1")
        JournalReader(state / "journal", writer, keeper, lambda: AT + 86400, lambda _: None).poll()
        assert len(StoreQueries(state / "store.sqlite").decisions()) == 1
        assert list((state / "journal").iterdir()) == []

    assert [become(MDMD, 0o007, prepare), become(RADIUSD, 0o027, journal), become(MDMD, 0o007, consume)] == [0, 0, 0]


def test_a_stranger_sees_nothing(state: Path) -> None:
    def refused() -> None:
        with pytest.raises(StoreError, match="Permission denied"):
            StoreReader(state / "store.sqlite").record(key())

    assert become(MDMD, 0o007, lambda: write(state, COMPLIANT, killed=False)) == 0
    assert become(STRANGER, 0o022, refused) == 0
