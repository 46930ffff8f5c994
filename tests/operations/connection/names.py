"""Names that lead to the simulator, as a resolver of the machine would tell them; `dns-gone` takes one away."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from freeradius_mdm.lab.microsoft import SimulatedMicrosoft


def resolve_to(sim: SimulatedMicrosoft, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a resolver in the place of the system's: Microsoft's hosts are at the simulator, other names nowhere."""
    real = socket.getaddrinfo

    def getaddrinfo(host: str, port: Any, *arguments: Any, **named: Any) -> Any:
        if host.replace(".", "").isdecimal() or host == "localhost":
            return real(host, port, *arguments, **named)
        if host not in sim.hosts():
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        address = sim.address.rpartition(":")
        return real(address[0], int(address[2]), *arguments, **named)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
