"""A real mdmd, one switch that takes CoA, and devices that sign in there: what an operator's commands work on.

The MDM server is steered by files in `shared`, see tests/service/shared_mdmd.py; the policy is tests/builders.TOML.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from freeradius_mdm.compliance import EndpointKey, IdKind
from freeradius_mdm.config.model import Config
from freeradius_mdm.config.reader import load
from freeradius_mdm.decide import Verdict, decide
from freeradius_mdm.journal import JournalWriter
from freeradius_mdm.lab.radius.access import WiredPort
from freeradius_mdm.lab.radius.nas import LabNas
from freeradius_mdm.lab.radius.nas_request import NasSettings
from freeradius_mdm.lab.radius.nas_session import NasSession
from freeradius_mdm.sessions.model import Session
from freeradius_mdm.store.coa_orders import CoaOrder, OrderQueries
from freeradius_mdm.store.read import StoreReader
from freeradius_mdm.store.schema import make_directory
from freeradius_mdm.store.sessions import LIVE, SessionFilter, SessionQueries
from freeradius_mdm.trail import Trail
from tests.builders import PRINTED, TOML, URI_ATTRIBUTE, request, write_toml
from tests.service.coa_bench import ACCEPTED, ADDRESS, SECRET
from tests.service.fakes import until_now
from tests.service.process import Site


class Office(Site):
    """`more`: further lines of `[coa]`; `service`: of `[service]`."""

    program = "tests/service/shared_mdmd.py"

    def __init__(self, directory: Path, *, more: str = "", service: str = "") -> None:
        self._more, self._service = more, service
        self.shared = directory / "shared"
        self.shared.mkdir(parents=True)
        self._decisions = itertools.count(1)
        self.nas = LabNas(NasSettings(SECRET.encode(), ADDRESS), self._signs_in_again)  # type: ignore[arg-type]
        self.nas.come_back()
        super().__init__(directory)
        (directory / "clients.conf").write_text(
            f'client switch {{\n ipaddr = {ADDRESS}\n secret = "{SECRET}"\n mdm_coa_port = {self.nas.port}\n}}\n'
        )

    def write_config(self, *, port: int = 0, change: tuple[str, str] = ("", "")) -> None:
        text = TOML.replace("[service]\n", f'[service]\nlisten = "127.0.0.1:{port or self._port}"\n{self._service}')
        text = text.replace('"secret"\n', '"secret"\nrecheck_rate = 0\n')
        coa = f'\n[coa]\nclients = "clients.conf"\nfreeradius_version = "3.2.1"\ntimeout = "3s"\n{self._more}'
        text += coa
        write_toml(self.directory, text.replace(*change) if change[0] else text)

    def begin(self) -> None:
        """mdmd runs and takes orders."""
        self.start(MDM_TEST_SHARED=str(self.shared), MDM_TEST_NODE="one")
        until_now((self.state / "control.sock").exists)

    def set(self, file: str, text: str = "") -> None:
        """Steer the MDM server."""
        (self.shared / file).write_text(text)

    def asked(self) -> int:
        """How many questions the MDM server got."""
        file = self.shared / "asked"
        return len(file.read_text().splitlines()) if file.exists() else 0

    @property
    def file(self) -> Path:
        return self.state / "store.sqlite"

    def read(self) -> Config:
        return load(self.config)

    def key(self, number: int = 1) -> EndpointKey:
        return EndpointKey("Intune", IdKind.INTUNE, f"00000000-0000-4000-8000-{number:012x}")

    def mac(self, number: int = 1) -> str:
        return f"00-50-56-00-00-{number:02X}"

    def signs_in(self, number: int = 1) -> str:
        """radiusd decides about a device and journals it; the profile."""
        uri, reader = f"IntuneDeviceId://{self.key(number).value}", StoreReader(self.file)
        made = decide(
            request(
                ("User-Name", f"host/{number}"),
                ("NAS-IP-Address", "192.0.2.10"),
                ("NAS-Port-Type", "Ethernet"),
                ("NAS-Port-Id", f"Gi1/0/{number}"),
                ("Calling-Station-Id", self.mac(number)),
                ("Cisco-AVPair", f"audit-session-id=AUDIT{number}"),
                ("EAP-Message", "0x"),
                ("EAP-Type", "TLS"),
                ("TLS-Client-Cert-Serial", "1f"),
                ("MDM-Client-Name", "switch"),
                ("MDM-Client-Address", ADDRESS),
                (URI_ATTRIBUTE, uri),
                (PRINTED, f"URI:{uri}"),
            ),
            self.read(),
            reader.record,
            Trail(f"5e{next(self._decisions):06x}{0:016x}", time.time(), time.time),
            has_uri_attribute=True,
            waited=True,
            read_exemption=reader.exemption,
        )
        reader.close()
        assert isinstance(made, Verdict)
        make_directory(self.state / "journal")
        JournalWriter(self.state / "journal").append("decision", made.decision.to_json(), made.decision.at)
        return made.decision.profile

    def starts(self, number: int = 1) -> NasSession:
        """A device asks, signs in, and its session is known to mdmd and to the switch."""
        assert self.get(f"/v1/endpoints/{self.key(number)}?wait=10s") == "answered"
        self.signs_in(number)
        until_now(lambda: self.sessions(number))
        port = WiredPort(self.mac(number).lower(), f"AUDIT{number}", port=f"Gi1/0/{number}").dot1x()
        return self.nas.start(NasSession(f"host/{number}", f"acct{number}", port))

    def sessions(self, number: int = 1) -> list[Session]:
        """Its live sessions, as the store has them."""
        return SessionQueries(self.file).sessions(SessionFilter(identity=self.key(number).value, state=LIVE))

    def session(self, number: int = 1) -> Session:
        (found,) = self.sessions(number)
        return found

    def orders(self) -> list[CoaOrder]:
        return OrderQueries(self.file).orders()

    def _signs_in_again(self, session: NasSession) -> object:
        self.signs_in(int(session.user.rpartition("/")[2]))
        return ACCEPTED


@contextmanager
def office(directory: Path, *, more: str = "", service: str = "", running: bool = True) -> Iterator[Office]:
    """The office, and mdmd in it unless `running` is false."""
    made = Office(directory / "office", more=more, service=service)
    try:
        if running:
            made.begin()
        yield made
    finally:
        if made.process is not None and made.process.poll() is None:
            made.process.kill()
            made.process.wait()
        made.nas.die()
