"""What every spike is given: where to work, the PKI, the service to wait for, and servers to start."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import eapol
import raddb
from server import Radiusd
from waiter import Waiter


@dataclass
class Lab:
    work: Path
    pki: Path
    chroot: Path | None
    waiter: Waiter
    started: int = field(default=0)

    @contextmanager
    def radiusd(self, *, tls13: bool = False, cache: bool = False, copy_to_tunnel: bool = False) -> Iterator[Radiusd]:
        self.started += 1
        options = raddb.Options(self.waiter.port, tls13, cache, copy_to_tunnel)
        with Radiusd(f"radiusd-{self.started}", self.work, self.pki, self.chroot, options) as server:
            yield server

    def endpoint(self, server: Radiusd, case: eapol.Case) -> eapol.Outcome:
        return eapol.run(case, server.port, self.work, self.pki)

    def endpoints(self, server: Radiusd, case: eapol.Case, count: int) -> list[eapol.Outcome]:
        """As many at the same time."""
        with ThreadPoolExecutor(count) as pool:
            return list(pool.map(lambda _: self.endpoint(server, case), range(count)))
