"""What mdmd takes from outside: its MDM servers, the clocks, the log, the other nodes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from ..compliance import ComplianceSource
from ..config.model import Config, Server
from .cluster.protocol import Cluster
from .events import EventLog
from .sharing import make_cluster

MakeSource = Callable[[Server, Path], ComplianceSource]
MakeCluster = Callable[[Callable[[], Config], EventLog, Callable[[], float], Callable[[], float]], Cluster]


@dataclass(frozen=True, slots=True)
class Outside:
    """`decisions`: one line per decision goes there. Tests and the lab's fleet give their own."""

    make_source: MakeSource
    wall: Callable[[], float]  # seconds since the epoch
    monotonic: Callable[[], float]
    events: EventLog
    decisions: TextIO | None
    make_cluster: MakeCluster = make_cluster
