"""What the steps of one connection test share: the server, and what the steps before have found."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography import x509

from ...config.model import Config, Server
from ...mdm.intune import IntuneSource
from .question import Chosen

EXPIRES_SOON = 30.0  # days


@dataclass
class Walk:
    """`wall`: seconds since the epoch; `clock`: a monotonic clock. `state_directory` is the test's own, and empty:

    the address that a running mdmd remembers is neither read nor written.
    """

    server: Server
    config: Config
    device: Chosen
    state_directory: Path
    wall: Callable[[], float] = time.time
    clock: Callable[[], float] = time.monotonic
    leaf: x509.Certificate | None = None
    secret: str = field(default="", repr=False)
    crs_host: str = ""
    source: IntuneSource = field(init=False)

    def __post_init__(self) -> None:
        self.source = IntuneSource(self.server, self.state_directory, self.wall)

    @property
    def patience(self) -> float:
        """Seconds for one step: what mdmd allows itself when it starts."""
        return 3 * self.source.http.exchange_limit

    def days_left(self, end: datetime) -> float:
        """Days from now, below zero for what has ended."""
        return (end.timestamp() - self.wall()) / 86400
