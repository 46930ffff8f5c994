"""mdmd as it is, but for its MDM servers. Usage: as mdmd.

Its servers append each question to the file `asked` beside the state directory, fail while a file `down` is there,
and wait while a file `slow` is there.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from freeradius_mdm.compliance import ComplianceAnswer, EndpointKey
from freeradius_mdm.config.model import Server
from freeradius_mdm.errors import SourceError
from freeradius_mdm.service.main import main
from tests.store.samples import COMPLIANT


class FileSteeredSource:
    """A ComplianceSource that the test steers from another process."""

    def __init__(self, server: Server, state_directory: Path) -> None:
        self._directory = state_directory.parent
        self._pause = threading.Event()

    def lookup(self, key: EndpointKey) -> ComplianceAnswer:
        with (self._directory / "asked").open("a") as file:
            file.write(f"{key}\n")
        while (self._directory / "slow").exists():
            self._pause.wait(0.01)
        if (self._directory / "down").exists():
            raise SourceError("M1211", "connection refused", "try later")
        return COMPLIANT

    def warm_up(self) -> None:
        pass

    def close(self) -> None:
        pass


if __name__ == "__main__":
    sys.exit(main(make_source=FileSteeredSource))
