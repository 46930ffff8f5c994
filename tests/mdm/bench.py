"""What the tests of the client share: a server entry for the simulated Microsoft, and a source with injected time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from freeradius_mdm.compliance import ComplianceAnswer, EndpointKey, IdKind
from freeradius_mdm.config.model import AssertionMode, Cloud, Server
from freeradius_mdm.errors import SourceError
from freeradius_mdm.lab.microsoft import SimulatedMicrosoft
from freeradius_mdm.lab.pki import AppCredential
from freeradius_mdm.mdm.intune import IntuneSource

TENANT = "11111111-2222-3333-4444-555555555555"
CLIENT = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
SECRET = "a~Secret.Value_1"  # noqa: S105
DEVICE = "0d9f6f0e-53a4-4f0b-9d25-2a7e6f1c4b11"
MAC = "005056A1B2C3"
CRS_HOST = "fef.msud01.manage.microsoft.com"
LOGIN_HOST = "login.microsoftonline.com"
GRAPH_HOST = "graph.microsoft.com"
DEADLINE = 10.0  # seconds a test waits for something that must happen

# By hand from the reference, section 1: the client's own table is what is tested.
GLOBAL = Cloud(LOGIN_HOST, GRAPH_HOST, "https://api.manage.microsoft.com//.default", (".manage.microsoft.com",))


class FakeClock:
    """Seconds since the epoch that move only when told to."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


@dataclass
class Bench:
    """The simulator with one application, and the files a client of it needs."""

    sim: SimulatedMicrosoft
    app: AppCredential
    directory: Path
    sources: list[IntuneSource] = field(default_factory=list)

    def server(self, **changes: Any) -> Server:
        """A `[[servers]]` entry for tenant TENANT with the certificate."""
        return replace(plain_server(), **{**self.files(), **changes})

    def files(self) -> dict[str, Any]:
        """The settings that depend on where the simulator runs."""
        return {
            "certificate_file": self.app.cert_file,
            "key_file": self.app.key_file,
            "ca_file": self.sim.ca_file,
            "connect_to": self.sim.address,
        }

    def source(self, clock: Callable[[], float] = time.time, **changes: Any) -> IntuneSource:
        """A client whose waits take no time; closed at the end of the test."""
        source = IntuneSource(self.server(**changes), self.directory, clock, sleep=lambda _: None, jitter=lambda: 0.0)
        self.sources.append(source)
        return source

    def asked(self, operation: str, **equal: str) -> int:
        """How many requests of a kind have reached the simulator."""
        entries = self.sim.journal(operation=operation)
        return sum(all(str(getattr(e, name)) == value for name, value in equal.items()) for e in entries)


def plain_server() -> Server:
    """An entry with nothing of the lab in it."""
    return Server(
        name="intune",
        enabled=True,
        cloud_name="global",
        cloud=GLOBAL,
        tenant=TENANT,
        client_id=CLIENT,
        certificate_file=None,
        key_file=None,
        key_passphrase_file=None,
        client_secret_file=None,
        assertion_mode=AssertionMode.PS256,
        reauth_interval=14400.0,
        polling_interval=0.0,
        recheck_interval=900.0,
        refresh_margin=60.0,
        last_known_for=86400.0,
        unreachable_retry=600.0,
        connect_timeout=2.0,
        read_timeout=5.0,
        max_concurrent=16,
        proxy=None,
        ca_file=None,
        allowed_crs_hosts=(),
        connect_to=None,
    )


def by_guid(value: str = DEVICE) -> EndpointKey:
    """The question about a device id."""
    return EndpointKey("intune", IdKind.INTUNE, value)


def by_mac(value: str = MAC) -> EndpointKey:
    """The question about a MAC."""
    return EndpointKey("intune", IdKind.MAC, value)


def refusal(source: IntuneSource, key: EndpointKey | None = None) -> SourceError:
    """The error a lookup raises; an answer is a failed test."""
    try:
        answer: ComplianceAnswer = source.lookup(key or by_guid())
    except SourceError as error:
        return error
    raise AssertionError(f"answered: {answer}")


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for something that happens in another thread."""
    end = time.monotonic() + DEADLINE
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("it did not happen in time")
        time.sleep(0.005)
