"""What the tests of certificates share."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from freeradius_mdm.config.model import Server
from freeradius_mdm.lab.microsoft import SimulatedMicrosoft
from freeradius_mdm.operations.certificate.files import Files, files_of
from freeradius_mdm.operations.certificate.new import Made, Wanted, new
from freeradius_mdm.operations.certificate.prove import prove
from freeradius_mdm.operations.certificate.switch import Switched, switch
from tests.mdm.bench import CLIENT, DEVICE, TENANT, plain_server

__all__ = ["CLIENT", "DEVICE", "TENANT", "Site", "plain_server"]

QUICK = Wanted(bits=2048)  # a key of 3072 bits takes several times as long


@dataclass
class Site:
    """A directory with the files of one server, and Entra."""

    sim: SimulatedMicrosoft
    directory: Path
    server: Server

    @property
    def files(self) -> Files:
        return files_of(self.server)

    def new(self, wanted: Wanted = QUICK, now: float | None = None) -> Made:
        return new(self.server, wanted, time.time() if now is None else now)

    def upload(self, *certificates: Path) -> None:
        """The application knows these and no others."""
        self.sim.change_application(CLIENT, certificates=[file.read_text() for file in certificates])

    def in_use(self) -> None:
        """The first certificate, made and uploaded."""
        self.upload(self.new().certificate_file)

    def prove(self, server: Server, files: Files) -> None:
        prove(server, files)

    def switch(self) -> Switched:
        return switch(self.server, self.prove)

    def names(self) -> set[str]:
        """The files there are, by name."""
        return {file.name for file in self.directory.iterdir()}

    def contents(self) -> dict[str, tuple[bytes, int]]:
        """Every file's octets and mode."""
        return {
            file.name: (file.read_bytes(), file.stat().st_mode) for file in self.directory.iterdir() if file.is_file()
        }


def certificate(file: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(file.read_bytes())
