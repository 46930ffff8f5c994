"""The temporary FreeRADIUS while it runs. Whatever ends the check, Ctrl-C and SIGTERM too, stops it and removes all."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from ..freeradius import Account, FreeRadius, as_account
from ..syntax import errors_in

_READY = "Ready to process requests"
_START_WITHIN = 30.0  # seconds
_STOP_WITHIN = 5.0
_LOOK_EVERY = 0.02
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_LINES = 6  # of the log, in an error


class NotStarted(Exception):
    """It ended, or was not ready in time. `said`: its log's errors or end, "" when it could not open the log yet."""

    def __init__(self, what: str, said: str) -> None:
        super().__init__(f"{what}: {said}" if said else what)
        self.said = said


class Interrupts:
    """Ctrl-C, SIGTERM and SIGHUP as KeyboardInterrupt, but never between a thing's making and its removal's place.

    In another thread than the main one signals are not ours to handle, and nothing is changed.
    """

    def __init__(self) -> None:
        self._held = 0
        self._came = False

    @contextmanager
    def handled(self) -> Iterator[None]:
        """While this lasts."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = [(number, signal.signal(number, self._handle)) for number in _SIGNALS]
        try:
            yield
        finally:
            for number, handler in before:
                signal.signal(number, handler)

    @contextmanager
    def held(self) -> Iterator[None]:
        """One that comes meanwhile strikes at the end."""
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1
        if self._came and not self._held:
            self._came = False
            raise KeyboardInterrupt

    def _handle(self, _: int, __: FrameType | None) -> None:
        if self._held:
            self._came = True
        else:
            raise KeyboardInterrupt


@contextmanager
def directory(parent: Path | None, interrupts: Interrupts) -> Iterator[Path]:
    """A directory of our own, removed at the end. `parent`: None for the usual place."""
    made: Path | None = None
    try:
        with interrupts.held():
            made = Path(tempfile.mkdtemp(prefix="mdmctl-check-", dir=parent)).resolve()
        yield made
    finally:
        if made is not None:
            with interrupts.held():
                shutil.rmtree(made, ignore_errors=True)


@contextmanager
def running(
    server: FreeRadius, raddb: Path, log_directory: Path, account: Account | None, interrupts: Interrupts
) -> Iterator[None]:
    """FreeRADIUS in `-f` with that configuration, ready. Raises NotStarted."""
    process: subprocess.Popen[bytes] | None = None
    try:
        with interrupts.held(), (log_directory / "output").open("wb") as output:
            try:
                process = subprocess.Popen(
                    [*server.command, "-f", "-d", str(raddb)],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
                    start_new_session=True,  # a Ctrl-C in the terminal is ours to handle
                    **as_account(account),
                )
            except OSError as error:
                raise NotStarted(f"{server.command[0]}: {error.strerror}", "") from None
        started = process
        _wait(lambda: _READY in _text(log_directory / "radius.log"), started, log_directory)
        yield
    finally:
        if process is not None:
            with interrupts.held():
                _stop(process)


def free_port() -> int:
    """A UDP port of the loopback address that nobody uses at this moment."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(ready: Callable[[], bool], process: subprocess.Popen[bytes], log_directory: Path) -> None:
    deadline = time.monotonic() + _START_WITHIN
    while not ready():
        if process.poll() is not None:
            raise NotStarted(f"it ended with {process.returncode}", _last_words(log_directory))
        if time.monotonic() > deadline:
            raise NotStarted(f"it was not ready within {_START_WITHIN:g} s", _last_words(log_directory))
        time.sleep(_LOOK_EVERY)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """SIGTERM, and SIGKILL where it hangs while it stops (3.2.1 does at times)."""
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(_STOP_WITHIN)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _last_words(log_directory: Path) -> str:
    """The errors of its log, else its end."""
    text = _text(log_directory / "radius.log") + _text(log_directory / "output")
    return "; ".join((errors_in(text) or text.splitlines())[-_LINES:])


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
