"""What mdm-lab says to a command it does not have, and to a port that is taken."""

from __future__ import annotations

import fcntl
import socket
from pathlib import Path

import pytest

from freeradius_mdm.lab.main import USAGE, main
from freeradius_mdm.lab.processes import free_port

TCP, UDP = socket.SOCK_STREAM, socket.SOCK_DGRAM


def test_an_unknown_command_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rum"]) == 2
    assert capsys.readouterr().err == f"mdm-lab: there is no command 'rum'\n{USAGE}\n"


def test_help_is_no_error() -> None:
    assert main(["--help"]) == 0


@pytest.mark.parametrize(
    ("option", "kind", "whose", "variable"),
    [
        (
            "--microsoft-port",
            socket.SOCK_STREAM,
            "TCP port {} of 127.0.0.1, for the simulated Microsoft",
            "MICROSOFT_PORT",
        ),
        ("--mdmd-port", socket.SOCK_STREAM, "TCP port {} of 127.0.0.1, for mdmd", "MDMD_PORT"),
        ("--radius-port", socket.SOCK_DGRAM, "UDP port {} of 127.0.0.1, for FreeRADIUS", "RADIUS_PORT"),
    ],
)
def test_a_taken_port_says_what_to_do(
    option: str,
    kind: socket.SocketKind,
    whose: str,
    variable: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "lab" / "state").mkdir(parents=True)
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(("127.0.0.1", 0))
        if kind is TCP:
            taken.listen()
        port = str(taken.getsockname()[1])
        others = [
            f"{each}={free_port()}" for each in ("--radius-port", "--mdmd-port", "--microsoft-port", "--control-port")
        ]
        assert main(["run", "--state", str(tmp_path / "lab"), *others, option, port]) == 1
    assert capsys.readouterr().err == (
        f"mdm-lab: {whose.format(port)}: Address already in use\n"
        f"next: stop what uses it, or choose another with {option} (make: {variable}=)\n"
    )
    assert (tmp_path / "lab" / "state").exists()  # nothing was emptied yet


def test_a_port_that_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--state", str(tmp_path / "lab"), "--mdmd-port", "70000"]) == 1
    assert "port 70000 of 127.0.0.1, for mdmd: is none of 1 to 65535\nnext: " in capsys.readouterr().err


def test_one_lab_at_a_time_in_a_directory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lab = tmp_path / "lab"
    lab.mkdir()
    with (lab / "lock").open("w") as running:
        running.write("4711\n")
        running.flush()
        fcntl.flock(running, fcntl.LOCK_EX)
        assert main(["demo", "--state", str(lab)]) == 1
    assert capsys.readouterr().err == (
        f"mdm-lab: a lab is running in {lab}, process 4711\n"
        "next: stop it, or choose another directory with --state (make: STATE=) and other ports\n"
    )
