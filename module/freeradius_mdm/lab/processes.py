"""Starting the lab's programs, waiting until they are ready, and stopping them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from ..errors import MdmError

_START_WITHIN = 30.0
_STOP_WITHIN = 10.0
_LOOK_EVERY = 0.02
_interrupts: list[int] = []


@contextmanager
def deferred_interrupts() -> Iterator[None]:
    """Inside, Ctrl-C and SIGTERM end waits only, as KeyboardInterrupt; `interrupted` tells of them.

    Anywhere else they could strike between a program's start and the moment when somebody is there to stop it.
    """
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [(number, signal.signal(number, lambda number, _: _interrupts.append(number))) for number in numbers]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)
        _interrupts.clear()


def interrupted() -> bool:
    """True when Ctrl-C or SIGTERM has come and was deferred."""
    return bool(_interrupts)


def wait_for(condition: Callable[[], bool], what: str, within: float = _START_WITHIN) -> None:
    """Return as soon as the condition holds. Raises MdmError when it does not in time."""
    deadline = time.monotonic() + within
    while not condition():
        if interrupted():
            raise KeyboardInterrupt
        if time.monotonic() > deadline:
            raise MdmError(f"{what}: not within {within:g} s")
        time.sleep(_LOOK_EVERY)


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM, address: str = "127.0.0.1") -> int:
    """A port nobody listens on at this moment."""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind) as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


class Process:
    """One program with its output in a file. A context manager that stops it."""

    def __init__(self, command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None) -> None:
        self.command = list(command)
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            self._popen = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})},
                start_new_session=True,  # a Ctrl-C in the terminal is the lab's to handle
            )

    @property
    def pid(self) -> int:
        """The process id."""
        return self._popen.pid

    def running(self) -> bool:
        """True while it has not ended."""
        return self._popen.poll() is None

    def wait_until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for a condition; a program that ends meanwhile raises MdmError with its last output."""

        def holds() -> bool:
            if not self.running():
                raise MdmError(f"{what}: {self.command[0]} ended with {self._popen.returncode}\n{self.tail()}")
            return condition()

        try:
            wait_for(holds, what)
        except MdmError as error:
            raise MdmError(f"{error}\n{self.tail()}") from None

    def ready_when(self, condition: Callable[[], bool], what: str) -> None:
        """`wait_until` for its start: whatever ends the wait early, Ctrl-C too, stops the program as well."""
        try:
            self.wait_until(condition, what)
        except BaseException:
            self.stop()
            raise

    def tail(self, lines: int = 25) -> str:
        """The last lines of its output."""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Stop it and give its exit status, negative for a signal."""
        if self.running():
            self._popen.send_signal(how)
        try:
            return self._popen.wait(_STOP_WITHIN)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            return self._popen.wait()
