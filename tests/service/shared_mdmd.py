"""mdmd as it is, but for its MDM servers and its wall clock. Usage: as mdmd, with MDM_TEST_SHARED and MDM_TEST_NODE.

All nodes share the directory MDM_TEST_SHARED: each question is a line `NODE KEY` in `asked` there, each bulk list a
line `NODE` in `listed`; keys in `noncompliant` are that; questions wait while `slow` is there, and fail at a node while
`down-NODE` is. The wall clock is ahead by the seconds that `ahead` says.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from freeradius_mdm.compliance import ComplianceAnswer, EndpointKey
from freeradius_mdm.config.model import Server
from freeradius_mdm.errors import SourceError
from freeradius_mdm.mdm.noncompliant import NonCompliantDevices
from freeradius_mdm.service.daemon import Daemon, Outside
from freeradius_mdm.service.events import EventLog
from tests.store.samples import COMPLIANT, NONCOMPLIANT

SHARED, NODE = Path(os.environ["MDM_TEST_SHARED"]), os.environ["MDM_TEST_NODE"]


class SharedSource:
    """A ComplianceSource that all nodes ask, steered from another process."""

    def __init__(self, server: Server, state_directory: Path) -> None:
        self._pause = threading.Event()

    def lookup(self, key: EndpointKey) -> ComplianceAnswer:
        _tell("asked", NODE, key)
        while (SHARED / "slow").exists():
            self._pause.wait(0.01)
        if (SHARED / f"down-{NODE}").exists():
            raise SourceError("M1211", "connection refused", "try later", server_down=False)
        return NONCOMPLIANT if key.value in _noncompliant() else COMPLIANT

    def noncompliant(self, cancelled: Callable[[], bool]) -> NonCompliantDevices:
        _tell("listed", NODE)
        found = _noncompliant()
        return NonCompliantDevices(frozenset(found), frozenset(), len(found))

    def warm_up(self) -> None:
        pass

    def close(self) -> None:
        pass


def _tell(file: str, *words: object) -> None:
    with (SHARED / file).open("a") as out:
        out.write(" ".join(map(str, words)) + "\n")


def _noncompliant() -> list[str]:
    with contextlib.suppress(FileNotFoundError):
        return (SHARED / "noncompliant").read_text().split()
    return []


def _wall() -> float:
    with contextlib.suppress(FileNotFoundError, ValueError):
        return time.time() + float((SHARED / "ahead").read_text())
    return time.time()


async def _run(file: Path) -> None:
    await Daemon(file, Outside(SharedSource, _wall, time.monotonic, EventLog(sys.stderr, time.time), None)).run()


if __name__ == "__main__":
    asyncio.run(_run(Path(sys.argv[sys.argv.index("--config") + 1])))
