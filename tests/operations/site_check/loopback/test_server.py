"""Whatever ends the check, the temporary FreeRADIUS is stopped and its directory removed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from freeradius_mdm.lab.processes import wait_for
from freeradius_mdm.operations.site_check.freeradius import FreeRadius
from freeradius_mdm.operations.site_check.loopback.server import Interrupts, NotStarted, directory, running

READY = 'echo $$ > $DIR/pid; echo "Info: Ready to process requests" > $DIR/radius.log; exec tail -f /dev/null'
FAILS = 'echo "Mon Nov 23 16:15:34 2026 : Error: no such module" > $DIR/radius.log; exit 1'
STUBBORN = f'trap "" TERM; {READY.replace("exec tail", "tail")}'


def program(directory: Path, script: str) -> FreeRadius:
    file = directory / "radiusd"
    file.write_text(f"#!/bin/sh\nDIR={directory}\n{script}\n")
    file.chmod(0o755)
    return FreeRadius((str(file),))


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_it_runs_while_it_is_needed(tmp_path: Path) -> None:
    with running(program(tmp_path, READY), tmp_path, tmp_path, None, Interrupts()):
        pid = int((tmp_path / "pid").read_text())
        assert not gone(pid)
    assert gone(pid)


def test_one_that_does_not_start_says_why(tmp_path: Path) -> None:
    with (
        pytest.raises(NotStarted, match=r"^it ended with 1: no such module$"),
        running(program(tmp_path, FAILS), tmp_path, tmp_path, None, Interrupts()),
    ):
        pass


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    with (
        pytest.raises(NotStarted, match="No such file"),
        running(FreeRadius(("/no/such",)), tmp_path, tmp_path, None, Interrupts()),
    ):
        pass


def test_one_that_is_never_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("freeradius_mdm.operations.site_check.loopback.server._START_WITHIN", 0.1)
    with (
        pytest.raises(NotStarted, match=r"^it was not ready within 0\.1 s$"),
        running(program(tmp_path, "exec tail -f /dev/null"), tmp_path, tmp_path, None, Interrupts()),
    ):
        pass


def test_one_that_does_not_end_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """3.2.1 hangs at times while it stops."""
    monkeypatch.setattr("freeradius_mdm.operations.site_check.loopback.server._STOP_WITHIN", 0.1)
    with running(program(tmp_path, STUBBORN), tmp_path, tmp_path, None, Interrupts()):
        pid = int((tmp_path / "pid").read_text())
    assert gone(pid)


def test_a_directory_of_our_own(tmp_path: Path) -> None:
    with directory(tmp_path, Interrupts()) as made:
        assert made.stat().st_mode & 0o777 == 0o700
        (made / "file").write_text("x")
    assert not made.exists()


def test_held_interrupts_strike_at_the_end() -> None:
    interrupts, steps = Interrupts(), []

    def held() -> None:
        with interrupts.held():
            with interrupts.held():
                signal.raise_signal(signal.SIGTERM)
                steps.append("inner")
            steps.append("outer")
        steps.append("never")

    with interrupts.handled(), pytest.raises(KeyboardInterrupt):
        held()
    assert steps == ["inner", "outer"]


def test_handlers_are_put_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with Interrupts().handled():
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_nothing_behind(tmp_path: Path, number: signal.Signals) -> None:
    """The whole of it in a process of its own, ended while its FreeRADIUS runs."""
    server = program(tmp_path, READY)
    script = f"""
        from pathlib import Path
        from threading import Event
        from freeradius_mdm.operations.site_check.freeradius import FreeRadius
        from freeradius_mdm.operations.site_check.loopback.server import Interrupts, directory, running
        here = Path({str(tmp_path)!r})
        interrupts = Interrupts()
        server = FreeRadius({server.command!r})
        with interrupts.handled(), directory(here, interrupts), running(server, here, here, None, interrupts):
            (here / "up").touch()
            Event().wait(60)
    """
    path = os.pathsep.join(entry for entry in sys.path if entry)
    command = [sys.executable, "-c", textwrap.dedent(script)]
    process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": path}, stderr=subprocess.DEVNULL)
    try:
        wait_for((tmp_path / "up").exists, "it is up")
        pid = int((tmp_path / "pid").read_text())
        process.send_signal(number)
        process.wait(20)
    finally:
        process.kill()
        process.wait()
    assert gone(pid)
    assert list(tmp_path.glob("mdmctl-check-*")) == []
