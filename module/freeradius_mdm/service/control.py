"""mdmd's control socket: a unix socket in the state directory, through which operators of this machine give orders.

Who may connect is said by the file's mode, who it is by the kernel (SO_PEERCRED, unix(7)). The file appears with its
final mode and group: it is made in a directory that nobody else can enter, and renamed into its place.
"""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import shutil
import socket
import stat
import struct
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ..errors import MdmError
from ..unix_address import address_of
from .events import EventLog

_BACKLOG = 64
_MAKING = ".control-"  # directories in which one is being made
_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid
_PATIENCE = 1.0  # seconds for another mdmd to take a connection


class ControlSocketError(MdmError):
    """The control socket can't be made; says what to do."""


class ControlSocket:
    """`group`: the name of the group that may use it beside mdmd's own user and root; "" for none."""

    def __init__(self, path: Path, group: str, events: EventLog) -> None:
        self._path = path
        self._group = group
        self._events = events
        self._made = (0, 0)  # device and inode

    def open(self) -> socket.socket:
        """A listening socket, in the place of one that a killed mdmd has left. Raises ControlSocketError.

        The caller holds the store's lock, so that no other mdmd uses this directory; one that listens all the same
        keeps its socket.
        """
        try:
            self._make_room()
            return self._open()
        except OSError as error:
            raise ControlSocketError(f"{self._path} can't be made: {error.strerror or error}") from error

    def close(self) -> None:
        """Remove the file, if it is still the one that was made here."""
        with contextlib.suppress(OSError):
            if _identity(self._path) == self._made:
                self._path.unlink()

    def _make_room(self) -> None:
        for left in self._path.parent.glob(f"{_MAKING}*"):
            shutil.rmtree(left, ignore_errors=True)
        try:
            mode = self._path.lstat().st_mode
        except FileNotFoundError:
            return
        if not stat.S_ISSOCK(mode):
            raise ControlSocketError(f"{self._path} is no socket: move it away and restart mdmd")
        if _listens(self._path):
            raise ControlSocketError(f"another process listens on {self._path}: stop it and restart mdmd")

    def _open(self) -> socket.socket:
        group, mode = self._group_id(), 0o600
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with tempfile.TemporaryDirectory(prefix=_MAKING, dir=self._path.parent) as directory:
                made = Path(directory) / self._path.name
                with address_of(made) as address:
                    listening.bind(address)
                made.chmod(mode)
                if group is not None and self._given_to(made, group):
                    made.chmod(0o660)
                listening.listen(_BACKLOG)
                listening.setblocking(False)
                self._made = _identity(made)
                made.rename(self._path)
        except BaseException:
            listening.close()
            raise
        return listening

    def _group_id(self) -> int | None:
        if not self._group:
            return None
        try:
            found = grp.getgrnam(self._group).gr_gid
            if found == self._path.parent.stat().st_gid:
                self._events.warning(
                    "control_group_has_radiusd",
                    group=self._group,
                    next="radiusd, which parses packets, can give mdmd orders: name a group of operators alone",
                )
            return found
        except KeyError:
            self._events.error(
                "control_group_unknown",
                group=self._group,
                next="make that group, or name another in service.control_group, and restart mdmd; root can connect",
            )
            return None

    def _given_to(self, path: Path, group: int) -> bool:
        try:
            os.chown(path, -1, group)
        except PermissionError:
            self._events.error(
                "control_group_not_given",
                group=self._group,
                next="make mdmd's user a member of that group and restart mdmd; root can connect",
            )
            return False
        return True


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is on the other end of a connection, by the kernel's word."""

    pid: int
    uid: int

    @property
    def name(self) -> str:
        """The user's name. Blocks where users are looked up over a network."""
        try:
            return pwd.getpwuid(self.uid).pw_name
        except KeyError:
            return f"uid {self.uid}"


def caller_of(connection: socket.socket) -> Caller:
    """Of a connected unix socket."""
    pid, uid, _ = _CREDENTIALS.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    return Caller(pid, uid)


def author_of(claimed: str, real: str) -> str:
    """What is kept of who has done something: who says it is somebody else is named beside that."""
    return real if claimed in ("", real) else f"{claimed} (by {real})"


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe, address_of(path) as address:
        probe.settimeout(_PATIENCE)
        try:
            probe.connect(address)
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except OSError:  # it has more to do than it can take, so it is alive
            return True
    return True


def _identity(path: Path) -> tuple[int, int]:
    status = path.lstat()
    return status.st_dev, status.st_ino
