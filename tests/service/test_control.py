"""The control socket's file: who may connect, from its first instant on, and what becomes of one left behind."""

from __future__ import annotations

import grp
import io
import os
import socket
import stat
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from freeradius_mdm.service.control import ControlSocket, ControlSocketError, author_of, caller_of
from freeradius_mdm.service.events import EventLog
from freeradius_mdm.unix_address import address_of

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives a file to another group")


@pytest.fixture
def log() -> io.StringIO:
    return io.StringIO()


@pytest.fixture(params=[0o000, 0o022, 0o077], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def control(directory: Path, log: io.StringIO, group: str = "") -> ControlSocket:
    return ControlSocket(directory / "control.sock", group, EventLog(log, lambda: 0.0))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def connects(path: Path) -> bool:
    with closing(socket.socket(socket.AF_UNIX)) as client, address_of(path) as address:
        return client.connect_ex(address) == 0


@pytest.mark.usefixtures("umask")
def test_only_its_owner_may_connect_whatever_the_umask_is(tmp_path: Path, log: io.StringIO) -> None:
    tmp_path.chmod(0o2770)
    with closing(control(tmp_path, log).open()):
        assert mode(tmp_path / "control.sock") == 0o600
        assert connects(tmp_path / "control.sock")
        assert [path.name for path in tmp_path.iterdir()] == ["control.sock"]


def test_there_is_no_instant_with_another_mode(tmp_path: Path, log: io.StringIO) -> None:
    """Somebody looks at the name all the time, while it is made a few hundred times under the widest umask."""
    seen: set[int] = set()
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            try:
                seen.add(mode(tmp_path / "control.sock"))
            except FileNotFoundError:
                continue

    before = os.umask(0)
    looker = threading.Thread(target=look)
    looker.start()
    try:
        for _ in range(300):
            made = control(tmp_path, log)
            made.open().close()
            (tmp_path / "control.sock").unlink()
    finally:
        done.set()
        looker.join()
        os.umask(before)
    assert seen == {0o600}


@root_only
def test_a_group_may_connect(tmp_path: Path, log: io.StringIO) -> None:
    group = next(each for each in grp.getgrall() if each.gr_gid not in (0, os.getegid()))
    with closing(control(tmp_path, log, group.gr_name).open()):
        found = (tmp_path / "control.sock").lstat()
        assert (stat.S_IMODE(found.st_mode), found.st_gid) == (0o660, group.gr_gid)


def test_a_group_that_is_not_there_may_not(tmp_path: Path, log: io.StringIO) -> None:
    with closing(control(tmp_path, log, "nobody-has-this-group").open()):
        assert mode(tmp_path / "control.sock") == 0o600
    assert "event=control_group_unknown group=nobody-has-this-group" in log.getvalue()


def test_one_that_a_killed_mdmd_has_left_is_replaced(tmp_path: Path, log: io.StringIO) -> None:
    control(tmp_path, log).open().close()  # killed: the name stays, nobody listens
    left = (tmp_path / "control.sock").lstat().st_ino
    (tmp_path / ".control-half").mkdir()  # killed while it made one
    assert not connects(tmp_path / "control.sock")
    with closing(control(tmp_path, log).open()):
        assert connects(tmp_path / "control.sock")
        assert [path.name for path in tmp_path.iterdir()] == ["control.sock"]
        assert (tmp_path / "control.sock").lstat().st_ino != left


def test_one_that_somebody_listens_on_is_never_replaced(tmp_path: Path, log: io.StringIO) -> None:
    first = control(tmp_path, log)
    with closing(first.open()) as listening:
        held = (tmp_path / "control.sock").lstat().st_ino
        with pytest.raises(ControlSocketError, match=r"another process listens on .*control\.sock: stop it"):
            control(tmp_path, log).open()
        listening.accept()[0].close()  # of the one who looked
        assert (tmp_path / "control.sock").lstat().st_ino == held


def test_what_is_no_socket_is_left_alone(tmp_path: Path, log: io.StringIO) -> None:
    (tmp_path / "control.sock").write_text("notes")
    with pytest.raises(ControlSocketError, match="is no socket: move it away"):
        control(tmp_path, log).open()
    assert (tmp_path / "control.sock").read_text() == "notes"


def test_at_the_end_it_removes_its_own_only(tmp_path: Path, log: io.StringIO) -> None:
    first, second = control(tmp_path, log), control(tmp_path, log)
    first.open().close()
    with closing(second.open()):
        first.close()
        assert connects(tmp_path / "control.sock")
    second.close()
    assert list(tmp_path.iterdir()) == []


def test_the_path_may_be_longer_than_an_address(tmp_path: Path, log: io.StringIO) -> None:
    """The kernel takes 107 bytes (unix(7))."""
    directory = tmp_path / ("x" * 100) / ("y" * 100)
    directory.mkdir(parents=True)
    with closing(control(directory, log).open()):
        assert mode(directory / "control.sock") == 0o600
        assert connects(directory / "control.sock")


def test_a_directory_that_is_missing_is_told(tmp_path: Path, log: io.StringIO) -> None:
    with pytest.raises(ControlSocketError, match=r"control\.sock can't be made: No such file or directory"):
        control(tmp_path / "gone", log).open()


def test_who_calls_is_known_by_the_kernel() -> None:
    one, other = socket.socketpair(socket.AF_UNIX)
    with closing(one), closing(other):
        assert (caller_of(one).pid, caller_of(one).uid) == (os.getpid(), os.geteuid())


@pytest.mark.parametrize(
    ("claimed", "kept"), [("", "root"), ("root", "root"), ("alice", "alice (by root)"), ("Root", "Root (by root)")]
)
def test_who_says_to_be_somebody_else_is_named_beside_that(claimed: str, kept: str) -> None:
    assert author_of(claimed, "root") == kept
