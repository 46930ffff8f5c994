"""A terminal in which a program runs, and what a person would see there."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType

from rich.cells import cell_len

DEADLINE = 30.0  # seconds; the machine may be busy
_SEQUENCE = re.compile(r"\x1b\[(\?)?([0-9;]*)([A-Za-z])")


class Emulator:
    """As much of a VT100 as rich uses; anything else is an error.

    `lines`: everything that was ever on the screen, what has scrolled away above included.
    """

    def __init__(self, columns: int, rows: int) -> None:
        self._columns, self._rows = columns, rows
        self.lines = [""]
        self._row = self._column = 0
        self.cursor_visible = True
        self._rest = ""

    def feed(self, text: str) -> None:
        text, self._rest = self._rest + text, ""
        at = 0
        while at < len(text):
            if text[at] == "\x1b":
                match = _SEQUENCE.match(text, at)
                if match is None:
                    assert len(text) - at < 16, f"not understood: {text[at : at + 20]!r}"
                    self._rest = text[at:]
                    return
                self._control(match)
                at = match.end()
            else:
                self._character(text[at])
                at += 1

    def _character(self, character: str) -> None:
        if character == "\r":
            self._column = 0
        elif character == "\n":
            self._row += 1
            if self._row == len(self.lines):
                self.lines.append("")
        else:
            assert character.isprintable(), f"a control character reached the terminal: {character!r}"
            line = self.lines[self._row].ljust(self._column)
            assert self._column < self._columns, f"wider than {self._columns} columns: {line!r}"
            self.lines[self._row] = line[: self._column] + character + line[self._column + 1 :]
            self._column += cell_len(character)

    def _control(self, match: re.Match[str]) -> None:
        private, number, letter = match.groups()
        match letter:
            case "m":
                return
            case "A":
                top = max(0, len(self.lines) - self._rows)
                assert self._row - int(number or 1) >= top, "the cursor can't go above the screen"
                self._row -= int(number or 1)
            case "K" if number == "2":
                self.lines[self._row] = ""
            case "h" | "l" if private and number == "25":
                self.cursor_visible = letter == "h"
            case _:
                raise AssertionError(f"not understood: {match[0]!r}")


class Terminal:
    """Runs mdmctl with its standard streams on a terminal of that size."""

    def __init__(
        self, arguments: Sequence[str], *, columns: int, rows: int, environment: Mapping[str, str] | None = None
    ) -> None:
        self.screen = Emulator(columns, rows)
        self.raw = ""
        self.status: int | None = None
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "PYTHONPYCACHEPREFIX") if name in os.environ}
        settings = {**kept, "TERM": "xterm-256color", "TZ": "UTC", "PYTHONPATH": os.pathsep.join(sys.path)}
        settings |= environment or {}
        self._terminal, other_side = pty.openpty()
        fcntl.ioctl(other_side, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._settings_before = termios.tcgetattr(self._terminal)
        # Its controlling terminal, so that Ctrl-C is a signal.
        command = ["setsid", "--ctty", sys.executable, "-m", "freeradius_mdm.cli.main", *arguments]
        self._process = subprocess.Popen(command, stdin=other_side, stdout=other_side, stderr=other_side, env=settings)
        os.close(other_side)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.status is None:
            self._process.kill()
            self._process.wait()
        os.close(self._terminal)

    @property
    def text(self) -> str:
        """What a person sees, without what stands only for width."""
        return "\n".join(line.rstrip() for line in self.screen.lines)

    @property
    def is_restored(self) -> bool:
        """The terminal's settings are as they were, and the cursor can be seen."""
        return self.screen.cursor_visible and termios.tcgetattr(self._terminal) == self._settings_before

    def wait_for(self, condition: Callable[[str], bool]) -> str:
        """Read until the text is so. Fails after DEADLINE seconds, or when the program ends before."""
        end = time.monotonic() + DEADLINE
        while not condition(self.text):
            assert time.monotonic() < end, f"not seen in time:\n{self.text}"
            assert self._read(end), f"ended before:\n{self.text}"
        return self.text

    def press(self, keys: str) -> None:
        """As if typed; "\\x03" is Ctrl-C."""
        os.write(self._terminal, keys.encode())

    def terminate(self) -> None:
        """SIGTERM, to this process only."""
        self._process.terminate()

    def wait(self) -> int:
        """Read until the program has ended; its exit status."""
        end = time.monotonic() + DEADLINE
        while self._read(end):
            assert time.monotonic() < end, f"did not end:\n{self.text}"
        self.status = self._process.wait(DEADLINE)
        return self.status

    def _read(self, end: float) -> bool:
        if not select.select([self._terminal], [], [], max(0.0, end - time.monotonic()))[0]:
            return True
        try:
            data = os.read(self._terminal, 65536)
        except OSError:  # EIO: nobody has the other side open any more
            return False
        text = data.decode("utf-8", "replace")
        self.raw += text
        self.screen.feed(text)
        return bool(data)
