"""A whole site in one directory: simulated Microsoft, mdmd and FreeRADIUS, with a PKI and the cast's devices.

`make run`, `make demo`, the end-to-end tests and the benchmark all drive this.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from ..decision import Decision
from ..errors import MdmError
from ..store.query import StoreQueries
from . import mdm_toml, raddb, radiusd
from .cast import Cast, start_table
from .microsoft import Application, SimulatedMicrosoft, Tenant
from .pki import LabPki
from .ports import Ports
from .processes import Process, wait_for
from .radius import RadiusClient, RetryPolicy, Server

TENANT = "5a1e0c3d-2b4f-4c6a-8d7e-9f0a1b2c3d4e"
CLIENT_ID = "b7c8d9e0-f1a2-4b3c-9d4e-5f6a7b8c9d0e"
MDM_SERVER = "Intune"


@dataclass(slots=True)
class Settings:
    """What differs from one site to another. `toml`: settings of mdm.toml as in mdm_toml.write.

    `policy`: rules and profiles instead of the example's.
    """

    ports: Ports = field(default_factory=Ports)
    stock_raddb: Path | None = None
    toml: dict[str, str] = field(default_factory=dict)
    resumption: bool = False
    print_decisions: bool = False
    devices: tuple[raddb.NetworkDevice, ...] = ()
    policy: str = ""


class Site:
    """A context manager: everything is up inside it, and stopped after it."""

    def __init__(self, directory: Path, host: radiusd.Host | None = None, settings: Settings | None = None) -> None:
        self.directory = directory.resolve()
        self.host = host or radiusd.Host()
        self.settings = settings or Settings()
        self.ports = self.settings.ports.chosen()
        self.pki = LabPki(self.directory / "pki")
        self.mdm_toml = self.directory / "mdm" / "mdm.toml"
        self.state_directory = self.directory / "state"
        self.log_directory = self.directory / "log"
        self.raddb = self.directory / "raddb"
        self.microsoft: SimulatedMicrosoft
        self.mdmd: Process
        self.radiusd: Process
        self._stack = ExitStack()

    def __enter__(self) -> Site:
        with ExitStack() as stack:
            self._claim(stack)
            self.ports.check()
            self.prepare()
            self.microsoft = stack.enter_context(self._microsoft())
            self._write_toml()
            stack.callback(self.host.close)
            self.host.share(self.directory)
            self.build_raddb()
            self.start_mdmd()
            stack.callback(lambda: self.mdmd.stop())
            self.start_radiusd()
            stack.callback(lambda: self.radiusd.stop())
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _claim(self, stack: ExitStack) -> None:
        """One site at a time in a directory: what starts empties it. Raises MdmError when another one runs there."""
        self.directory.mkdir(parents=True, exist_ok=True)
        lock = stack.enter_context((self.directory / "lock").open("a+", encoding="ascii"))
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            raise MdmError(
                f"a lab is running in {self.directory}, process {lock.read().strip() or 'unknown'}\n"
                "next: stop it, or choose another directory with --state (make: STATE=) and other ports"
            ) from error
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()

    def prepare(self) -> None:
        """An empty state, and a PKI, which is kept from one run to the next."""
        for directory in (self.state_directory, self.log_directory):
            shutil.rmtree(directory, ignore_errors=True)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.pki.create()

    def _microsoft(self) -> SimulatedMicrosoft:
        application = Application(CLIENT_ID, certificates=(self.pki.application("mdm").cert_file,))
        tenant = Tenant(TENANT, applications=(application,))
        return SimulatedMicrosoft(
            pki=self.pki, tenants=[tenant], tls_port=self.ports.microsoft, control_port=self.ports.control
        )

    def load_start_table(self, file: Path | None = None) -> None:
        """Give the simulated Intune the cast's devices, or those of another file."""
        for row in start_table(file):
            self.microsoft.set_device(row["id"], name=row["name"], compliant=row["compliant"], macs=row["macs"])

    def _write_toml(self) -> None:
        q = mdm_toml.quoted
        own = {
            "listen": q(self.mdmd_address),
            "state_directory": q(self.state_directory),
            "tenant": q(TENANT),
            "client_id": q(CLIENT_ID),
            "certificate_file": q(self.pki.directory / "mdm.pem"),
            "key_file": q(self.pki.directory / "mdm.key"),
            "ca_file": q(self.pki.ca_file),
            "coa.clients": q(self.raddb / "clients.conf"),
        }
        lines = f'connect_to = "127.0.0.1:{self.microsoft.tls_port}"'
        mdm_toml.write(self.mdm_toml, own | self.settings.toml, lines, self.settings.policy)

    @property
    def mdmd_address(self) -> str:
        """HOST:PORT of mdmd."""
        return f"127.0.0.1:{self.ports.mdmd}"

    def start_mdmd(self) -> None:
        """Start mdmd and wait until it answers."""
        command = [sys.executable, "-m", "freeradius_mdm.service.main", "--config", str(self.mdm_toml)]
        self.mdmd = Process(command, self.log_directory / "mdmd.log")
        self.mdmd.ready_when(lambda: _listening(self.ports.mdmd), "mdmd is ready")

    def build_raddb(self, *, with_module: bool = True) -> None:
        """Make FreeRADIUS's configuration anew, without the module to compare with."""
        server = self.pki.server("radius", ["radius.lab.example"])
        raddb.build(
            raddb.Raddb(
                directory=self.raddb,
                stock=self.settings.stock_raddb or self.host.stock_raddb,
                log_directory=self.log_directory,
                mdm_toml=self.mdm_toml,
                auth_port=self.ports.radius,
                acct_port=self.ports.accounting,
                coa_port=self.ports.coa,
                mdmd_address=self.mdmd_address,
                server_certificate=server.cert_file,
                server_key=server.key_file,
                ca_file=self.pki.ca_file,
                resumption=self.settings.resumption,
                with_module=with_module,
                devices=self.settings.devices,
            )
        )

    def start_radiusd(self) -> None:
        """Start FreeRADIUS and wait until it is ready."""
        self.radiusd = radiusd.start(self.host, self.raddb, self.log_directory)

    @property
    def radius_log(self) -> str:
        """FreeRADIUS's log so far."""
        return (self.log_directory / "radius.log").read_text(encoding="utf-8", errors="replace")

    def cast(self) -> Cast:
        """The example devices, with certificates of this site's PKI."""
        return Cast(self.pki)

    def client(self, source: str | None = None) -> RadiusClient:
        """A RADIUS client of this site; `source` is the address it sends from, a client of its own in FreeRADIUS."""
        server = Server("127.0.0.1", self.ports.radius, raddb.SECRET.encode(), source)
        return RadiusClient(server, RetryPolicy(tries=1, wait=10.0))

    def decisions(self, count: int = 0) -> list[Decision]:
        """The stored decisions, oldest first, as soon as there are `count` of them."""
        wait_for(lambda: len(self._stored()) >= count, f"{count} decisions are in the store")
        return self._stored()

    def _stored(self) -> list[Decision]:
        query = StoreQueries(self.state_directory / "store.sqlite")
        return [stored.decision for stored in reversed(query.decisions(limit=1000))]


def _listening(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex(("127.0.0.1", port)) == 0
