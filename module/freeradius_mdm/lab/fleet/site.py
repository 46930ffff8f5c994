"""The files of a simulated site: mdm.toml as it is shipped with a few settings, and FreeRADIUS's clients."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from .. import mdm_toml
from ..mdm_toml import quoted

SECRET = "a secret of the fleet"  # noqa: S105 of simulated devices
PORT = 8650


@dataclass(frozen=True, slots=True)
class Settings:
    """`sessions`: how many. Intervals in seconds. `rate`: `recheck_rate`, questions a second; None: as many as need be.

    `changing`: the share of devices that change in a day. `signing_in`: seconds in which everybody comes. `per_nas`:
    sessions of one network device.
    """

    sessions: int = 20_000
    hours: float = 9.0
    reauth_interval: int = 3600
    recheck_interval: int = 900
    polling_interval: int = 1800
    rate: float | None = None
    changing: float = 0.01
    signing_in: int = 600
    per_nas: int = 200
    seed: int = 4

    @property
    def recheck_rate(self) -> float:
        """A third more than it takes to ask about everybody once in an interval."""
        if self.rate is not None:
            return self.rate
        rate = self.sessions / (self.recheck_interval or 900) * 4 / 3
        return float(min(100, math.ceil(rate))) if rate > 1 else max(0.1, round(rate, 2))

    @property
    def seconds(self) -> float:
        """The day's length."""
        return self.hours * 3600


def nas_address(number: int, per_nas: int) -> str:
    """Of the network device that a session is on, with so many on each; from 127.0.0.0/8, which is everywhere."""
    index = number // per_nas
    return f"127.20.{index // 250}.{index % 250 + 1}"


def write(directory: Path, settings: Settings, port: int = PORT, node: str = "") -> Path:
    """The files. Returns that of mdm.toml; the state directory is `directory/state`. `node`: its name in a cluster."""
    clients = directory / "clients.conf"
    directory.mkdir(parents=True, exist_ok=True)
    clients.write_text(f'client fleet {{\n\tipaddr = 127.20.0.0/16\n\tsecret = "{SECRET}"\n}}\n', encoding="utf-8")
    secret = directory / "client_secret"
    secret.write_text("not a secret\n", encoding="utf-8")
    file = directory / "mdm.toml"
    mdm_toml.write(
        file,
        {
            "listen": quoted(f"127.0.0.1:{port}"),
            "state_directory": quoted(directory / "state"),
            "reauth_interval": quoted(f"{settings.reauth_interval}s"),
            "recheck_interval": quoted(f"{settings.recheck_interval}s"),
            "recheck_rate": f"{settings.recheck_rate:g}",
            "polling_interval": quoted(f"{settings.polling_interval}s"),
            "bulk_identifier": quoted("guid"),
            "coa.clients": quoted(clients),
            "coa.freeradius_version": quoted("3.2.1"),
        },
        extra_server_lines="max_concurrent = 32",
    )
    if node:
        with file.open("a", encoding="utf-8") as more:
            more.write(f'\n[cluster]\nredis = "redis://localhost"\nnode = {quoted(node)}\n')
    (directory / "state" / "journal").mkdir(parents=True, exist_ok=True)
    return file
