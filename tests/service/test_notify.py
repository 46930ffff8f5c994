"""sd_notify over a real socket."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from freeradius_mdm.service.notify import notify


@pytest.mark.parametrize("abstract", [False, True])
def test_reaches_the_socket(tmp_path: Path, abstract: bool) -> None:
    address = f"@{tmp_path}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(address.replace("@", "\0"))
        systemd.settimeout(10)
        notify("READY=1", {"NOTIFY_SOCKET": address})
        assert systemd.recv(100) == b"READY=1"


@pytest.mark.parametrize("environment", [{}, {"NOTIFY_SOCKET": "/nonexistent"}])
def test_without_systemd(environment: dict[str, str]) -> None:
    notify("READY=1", environment)
