"""What mdm-lab says to a command it does not have, and to a port that is taken."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from freeradius_mdm.lab.main import USAGE, main


def test_an_unknown_command_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rum"]) == 2
    assert capsys.readouterr().err == f"mdm-lab: there is no command 'rum'\n{USAGE}\n"


def test_help_is_no_error() -> None:
    assert main(["--help"]) == 0


def test_a_taken_port_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert main(["run", "--state", str(tmp_path / "lab"), "--microsoft-port", port]) == 1
    assert "next: stop the other copy, or choose ports" in capsys.readouterr().err
