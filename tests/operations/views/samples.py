"""A site whose store is written by hand: mdm.toml of tests/builders.py, decisions and sessions a few seconds apart."""

from __future__ import annotations

import itertools
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from freeradius_mdm.compliance import (
    UNREGISTERED_ANSWER,
    Compliance,
    ComplianceAnswer,
    EndpointKey,
    IdKind,
    Managed,
    Registration,
)
from freeradius_mdm.config.model import Config
from freeradius_mdm.config.reader import load
from freeradius_mdm.decision import Decision, Outcome, Step
from freeradius_mdm.sessions.model import Session, SessionState
from freeradius_mdm.store.write import JournalPosition, StoreWriter
from tests.builders import TOML, write_toml

NOW = 1_795_442_400.0  # 2026-11-23 14:00:00 UTC, a Monday
LAPTOP = EndpointKey("Intune", IdKind.INTUNE, "6c2f1a4e-9b3d-4e57-8a10-5f7c3b2d9e81")
TABLET = EndpointKey("Intune", IdKind.INTUNE, "0b7d3e91-5ac2-4846-b7e0-d5b39a6c48f2")
PRINTER = EndpointKey("Intune", IdKind.MAC, "001B54AA0001")
LAPTOP_MAC, TABLET_MAC = "005056A1B2C3", "3C22FB010203"
COMPLIANT = ComplianceAnswer(Registration.REGISTERED, Compliance.COMPLIANT, Managed.TRUE, (LAPTOP_MAC,))
NONCOMPLIANT = ComplianceAnswer(Registration.REGISTERED, Compliance.NONCOMPLIANT, Managed.TRUE)
UNREGISTERED = UNREGISTERED_ANSWER

_SWITCH = {
    "access": "wired",
    "nas_name": "sw-12",
    "nas_address": "192.0.2.12",
    "client": "192.0.2.12",
    "nas_port": "Gi1/0/7",
}
_LAPTOP = {
    "user": "host/laptop",
    "mac": LAPTOP_MAC,
    "method": "EAP-TLS",
    "identity": LAPTOP.value,
    "identity_kind": "intune",
    "identity_source": "certificate-uri",
    "server": "Intune",
    "registration": "Registered",
    "reachable": "Reachable",
    "record_source": "Cached",
}


def accepted(number: int, at: float = NOW, **changes: Any) -> Decision:
    """The laptop, compliant, at a switch; `number` makes the id."""
    values = {
        **_SWITCH,
        **_LAPTOP,
        "compliance": "Compliant",
        "rule": "Compliant",
        "profile": "Employee",
        "reason": "rule Compliant",
        "reason_code": "M1302",
    }
    return Decision(**{"id": f"{number:08x}" + "0" * 16, "at": at, "outcome": Outcome.ACCEPT, **values, **changes})


def rejected(number: int, at: float = NOW, **changes: Any) -> Decision:
    """A tablet with a randomised MAC address that no rule lets in, at an access point."""
    values: dict[str, Any] = {
        "access": "wireless",
        "nas_name": "wlc-1",
        "nas_address": "192.0.2.30",
        "client": "192.0.2.30",
        "user": "anna@contoso.example",
        "mac": "DA1119000001",
        "method": "PEAP",
        "identity_source": "none",
        "profile": "Reject",
        "reason": "no rule matched, profile Reject",
        "reason_code": "M1305",
    }
    return Decision(**{"id": f"{number:08x}" + "f" * 16, "at": at, "outcome": Outcome.REJECT, **values, **changes})


def waited(number: int, milliseconds: float, *, answered: bool = True, at: float = NOW) -> Decision:
    """A decision that waited that long for the MDM server."""
    steps = (
        Step("M1001", "wired 'host/laptop'", 0.0),
        Step("M1241", f"{LAPTOP} is asked about", 1.5),
        Step("M1242" if answered else "M1243", "Registered, Compliant", 1.5 + milliseconds),
    )
    return accepted(number, at, steps=steps)


def session(number: int, **changes: Any) -> Session:
    """The laptop's session at a switch since ten minutes ago, with 50 minutes left on its timer."""
    values: dict[str, Any] = {
        "id": f"{number:08x}" + "0" * 16,
        "state": SessionState.STARTED,
        "client": "192.0.2.12",
        "decision_id": f"{number:08x}" + "0" * 16,
        "authorized_at": NOW - 600,
        "reauthorized_at": NOW - 600,
        "last_seen": NOW - 600,
        "nas_name": "sw-12",
        "nas_address": "192.0.2.12",
        "nas_port_id": "Gi1/0/7",
        "access": "wired",
        "user": "host/laptop",
        "mac": LAPTOP_MAC,
        "framed_ip": "10.20.0.7",
        "server": "Intune",
        "identity_kind": "intune",
        "identity": LAPTOP.value,
        "rule": "Compliant",
        "profile": "Employee",
        "session_timeout": 3600,
        "timer_ends_at": NOW + 3000,
    }
    return Session(**{**values, **changes})


@dataclass
class Site:
    """`file`: mdm.toml. The store is there once `put` was called."""

    directory: Path
    file: Path
    _positions: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def config(self) -> Config:
        return load(self.file)

    @property
    def store(self) -> Path:
        return self.directory / "state" / "store.sqlite"

    @contextmanager
    def writer(self) -> Iterator[StoreWriter]:
        """As mdmd has it, while it runs."""
        writer = StoreWriter(self.directory / "state")
        try:
            yield writer
        finally:
            writer.close()

    def ingest(self, writer: StoreWriter, *decisions: Decision) -> None:
        """As what was read from the journal."""
        writer.ingest(decisions, [], JournalPosition("segment", 1, next(self._positions)), NOW)

    def put(self, *decisions: Decision, sessions: tuple[Session, ...] = ()) -> None:
        """Stored by an mdmd that has ended since."""
        with self.writer() as writer:
            self.ingest(writer, *decisions)
            writer.put_sessions(sessions)


def make_site(directory: Path, toml: str = TOML) -> Site:
    """Nothing listens where this mdmd would."""
    (directory / "secret").write_text("x", encoding="utf-8")
    listen = f'[service]\nlisten = "127.0.0.1:{closed_port()}"\n'
    return Site(directory, write_toml(directory, toml.replace("[service]\n", listen, 1)))


def closed_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
