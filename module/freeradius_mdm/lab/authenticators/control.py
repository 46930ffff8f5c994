"""The control interface of hostapd and wpa_supplicant: commands, and the events they report by themselves.

One datagram each on a Unix socket. A command is answered in text; a socket that sent ATTACH also receives events, which
begin with a level in angle brackets, as in `<3>AP-STA-CONNECTED 00:50:56:a1:b2:c3`. Documented in wpa_supplicant's
"Control interface" page, which serves hostapd too.
"""

from __future__ import annotations

import itertools
import os
import shutil
import socket
import tempfile
from pathlib import Path
from types import TracebackType

from ...errors import MdmError

_ANSWER_WITHIN = 10.0
_DATAGRAM = 65536
_number = itertools.count()


class ControlDirectory:
    """A directory for control sockets, directly in /tmp: a socket's path has at most 107 octets."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="mdm-control-", dir="/tmp"))

    def remove(self) -> None:
        """Remove it with all sockets."""
        shutil.rmtree(self.path, ignore_errors=True)


class ControlInterface:
    """Commands to one interface of a running hostapd or wpa_supplicant, and its events. A context manager."""

    def __init__(self, directory: Path, interface: str) -> None:
        self.events: list[str] = []
        """Every event until the last look, oldest first, without its level."""
        self._server = directory / interface
        self._commands = self._connect()
        try:
            self._monitor = self._connect()
        except OSError:
            self._commands.close()
            raise
        self._ask(self._monitor, "ATTACH")
        self._monitor.setblocking(False)

    def __enter__(self) -> ControlInterface:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the sockets; the program need not be there any more."""
        for end in (self._commands, self._monitor):
            own = Path(end.getsockname())
            end.close()
            own.unlink(missing_ok=True)

    def ask(self, command: str) -> str:
        """The answer to a command, which may be one that says it failed. Raises MdmError when there is none."""
        return self._ask(self._commands, command)

    def order(self, command: str) -> None:
        """A command whose answer has to be OK. Raises MdmError when it isn't."""
        answer = self.ask(command)
        if answer.strip() != "OK":
            raise MdmError(f"{self._server.name}: {command} was answered {answer.strip()!r}")

    def read_events(self) -> list[str]:
        """`events` with those that have come since."""
        while True:
            try:
                text = self._monitor.recv(_DATAGRAM).decode("utf-8", "replace")
            except BlockingIOError:
                return self.events
            self.events.append(text.partition(">")[2] if text.startswith("<") else text)

    def _connect(self) -> socket.socket:
        end = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            end.bind(str(self._server.parent / f"client-{os.getpid()}-{next(_number)}"))
            end.settimeout(_ANSWER_WITHIN)
            end.connect(str(self._server))
        except OSError:
            end.close()
            raise
        return end

    def _ask(self, end: socket.socket, command: str) -> str:
        try:
            end.send(command.encode())
            return end.recv(_DATAGRAM).decode("utf-8", "replace")
        except OSError as error:
            raise MdmError(f"{self._server.name}: no answer to {command}: {error}") from error
