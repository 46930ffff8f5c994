"""Starting, awaiting and stopping programs."""

from __future__ import annotations

import signal
import socket
import sys
from pathlib import Path

import pytest

from freeradius_mdm.errors import MdmError
from freeradius_mdm.lab.processes import Process, deferred_interrupts, free_port, interrupted, wait_for

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"


def python(tmp_path: Path, program: str, **environment: str) -> Process:
    return Process([sys.executable, "-c", program], tmp_path / "log" / "out", environment)


def test_output_goes_to_the_log(tmp_path: Path) -> None:
    process = python(
        tmp_path, "import os, sys; print(os.environ['WORD'], file=sys.stderr); print(1); print(2)", WORD="hi"
    )
    wait_for(lambda: not process.running(), "it ends")
    assert process.stop() == 0
    assert sorted(process.log.read_text().split()) == ["1", "2", "hi"]
    assert len(process.tail(2).splitlines()) == 2


def test_stopping_gives_the_exit_status(tmp_path: Path) -> None:
    quick = python(tmp_path, "raise SystemExit(3)")
    wait_for(lambda: not quick.running(), "it ends")
    assert quick.stop() == 3
    slow = python(tmp_path, "import time; time.sleep(60)")
    assert slow.running()
    assert slow.stop() == -signal.SIGTERM
    assert not slow.running()
    assert slow.stop() == -signal.SIGTERM  # a second time does no harm


def test_what_does_not_stop_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("freeradius_mdm.lab.processes._STOP_WITHIN", 0.1)
    process = python(tmp_path, STUBBORN)
    process.wait_until(lambda: process.tail() == "up", "it is up")
    assert process.stop() == -signal.SIGKILL


def test_a_program_that_ends_too_soon_is_told_with_its_output(tmp_path: Path) -> None:
    process = python(tmp_path, "print('no such file'); raise SystemExit(5)")
    with pytest.raises(MdmError, match=r"(?s)it is ready: .* ended with 5\nno such file"):
        process.wait_until(lambda: False, "it is ready")


def test_what_never_gets_ready_is_stopped(tmp_path: Path) -> None:
    process = python(tmp_path, "import time; time.sleep(60)")

    def interrupted() -> bool:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        process.ready_when(interrupted, "it is ready")
    assert not process.running()


def test_ready_leaves_it_running(tmp_path: Path) -> None:
    process = python(tmp_path, STUBBORN)
    process.ready_when(lambda: process.tail() == "up", "it is up")
    assert process.running()
    assert process.stop(signal.SIGKILL) == -signal.SIGKILL


def test_an_interrupt_ends_a_wait_and_nothing_else() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with deferred_interrupts():
        signal.raise_signal(signal.SIGTERM)
        wait_for(lambda: True, "what need not be waited for")
        with pytest.raises(KeyboardInterrupt):
            wait_for(lambda: False, "the end of time")
        assert interrupted()
    assert not interrupted()
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_condition_that_does_not_come_true() -> None:
    with pytest.raises(MdmError, match=r"the moon is blue: not within 0\.05 s"):
        wait_for(lambda: False, "the moon is blue", 0.05)


def test_a_condition_that_comes_true() -> None:
    answers = iter([False, False, True])
    wait_for(lambda: next(answers), "the third time", 5)


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_free_port_can_be_bound(kind: socket.SocketKind, address: str) -> None:
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind) as probe:
        probe.bind((address, free_port(kind, address)))
