"""`mdm-lab demo` and `mdm-lab run`, each as a program of its own."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

from freeradius_mdm.lab.processes import Process, free_port
from freeradius_mdm.lab.raddb import REPOSITORY
from tests.radius.conftest import _stock

pytestmark = pytest.mark.skipif("MDM_TEST_CHROOT" in os.environ, reason="mdm-lab runs this machine's FreeRADIUS")
ENVIRONMENT = {"PYTHONPATH": str(REPOSITORY / "module")}
DEVICES = ("compliant laptop", "non-compliant phone", "unknown device", "VPN tablet", "VPN laptop", "badge printer")


def command(name: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "freeradius_mdm.lab.main", name, *arguments]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state directory, beside the copy of the packaged raddb if there is one."""
    if (stock := _stock()) is not None:
        (tmp_path / "stock-raddb").symlink_to(stock.resolve())
    return tmp_path / "lab"


def left_over(state: Path) -> dict[int, str]:
    """Processes that still have to do with that directory: process id to command line."""
    found = {}
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            text = line.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue  # ended a moment ago
        if str(state) in text:
            found[int(line.parent.name)] = text
    return found


def demo(state: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command("demo", "--state", str(state), *arguments),
        env={**os.environ, **ENVIRONMENT},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_every_row_is_as_expected(state: Path) -> None:
    done = demo(state)
    assert (done.returncode, done.stderr) == (0, "")
    assert "10 devices, 0 differences from expected.toml" in done.stdout
    for device in DEVICES:
        assert re.search(rf"(?m)^{device}  .* accept  ", done.stdout)
    assert len(re.findall(r"(?m)^mdm decision id=[0-9a-f]{24} outcome=", done.stdout)) == 10
    assert left_over(state) == {}


def test_one_device_changed_ends_with_an_error_status(state: Path, tmp_path: Path) -> None:
    table = files("freeradius_mdm.lab").joinpath("data", "devices.toml").read_text(encoding="utf-8")
    laptop = 'id = "0d9f6f0e-53a4-4f0b-9d25-2a7e6f1c4b11"\ncompliant = '
    assert table.count(laptop + "true") == 1
    devices = tmp_path / "devices.toml"
    devices.write_text(table.replace(laptop + "true", laptop + "false"), encoding="utf-8")

    done = demo(state, "--devices", str(devices))

    assert done.returncode == 1
    wrong = [line for line in done.stdout.splitlines() if line.startswith("NOT AS EXPECTED: ")]
    assert {line.split(": ")[1] for line in wrong} == {"compliant laptop"}
    assert "NOT AS EXPECTED: compliant laptop: vlan is '666', expected 'EMPLOYEES'" in wrong
    assert "NOT AS EXPECTED: compliant laptop: rule is 'Not compliant', expected 'Compliant'" in wrong
    assert left_over(state) == {}


@pytest.fixture
def running(state: Path) -> Iterator[Process]:
    """`mdm-lab run` on free ports, just started."""
    ports = [f"--{name}-port={free_port()}" for name in ("radius", "mdmd", "microsoft", "control")]
    process = Process(command("run", "--state", str(state), *ports), state.parent / "run.out", ENVIRONMENT)
    yield process
    process.stop(signal.SIGKILL)
    for pid in left_over(state):
        os.kill(pid, signal.SIGKILL)


def printed(out: str, words: str) -> str:
    """The command with these words, its lines put together."""
    found = [line for line in out.replace("\\\n", " ").splitlines() if words in line]
    assert len(found) == 1, out
    return found[0].strip()


def test_the_printed_commands_show_a_change_that_follows_its_session(running: Process, state: Path) -> None:
    running.wait_until(lambda: "Ctrl-C stops all of it." in running.tail(100), "the lab is up")
    out = running.tail(100)
    hold = Process(shlex.split(printed(out, " radius hold ")), state.parent / "hold.out", ENVIRONMENT)
    try:
        hold.wait_until(lambda: "takes CoA and Disconnect requests" in hold.tail(100), "the session is up")
        assert 'Tunnel-Private-Group-Id:1 = "EMPLOYEES"' in hold.tail(100)
        change = "; ".join(printed(out, words) for words in (" device set ", "export MDM_CONFIG=", "mdmctl refresh "))
        done = subprocess.run(["sh", "-ec", change], capture_output=True, text=True, timeout=60, check=True)
        assert "gets profile Quarantine instead of Employee" in done.stdout
        hold.wait_until(lambda: 'Tunnel-Private-Group-Id:1 = "666"' in hold.tail(100), "quarantine")
        assert [line[9:] for line in hold.tail(100).splitlines() if line[2:3] == ":"] == [
            "signs in: Access-Accept",
            f"takes CoA and Disconnect requests on 127.0.0.1:{shlex.split(printed(out, ' radius hold '))[8]}; "
            "Ctrl-C ends the session",
            "is told to authenticate again by a CoA-Request",
            "authenticates again: Access-Accept",
        ]
        assert hold.stop(signal.SIGINT) == 0
    finally:
        hold.stop(signal.SIGKILL)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_run_stops_all_of_it(how: signal.Signals, running: Process, state: Path) -> None:
    running.wait_until(lambda: "Ctrl-C stops all of it." in running.tail(100), "the lab is up")
    assert len(left_over(state)) == 3  # itself, mdmd and FreeRADIUS
    assert "eapol_test -c " in running.tail(100)

    assert running.stop(how) == 0
    assert running.tail(1) == "stopping ..."
    assert left_over(state) == {}


def test_stopped_while_it_starts_it_leaves_nothing_running(running: Process, state: Path) -> None:
    running.wait_until(lambda: len(left_over(state)) == 3, "mdmd and FreeRADIUS have been started")

    assert running.stop(signal.SIGTERM) in (0, 130)
    assert left_over(state) == {}
