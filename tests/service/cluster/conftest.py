"""Redis for the tests of the cluster."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .real_redis import RealRedis


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RealRedis]:
    """A Redis that forgets everything when it ends."""
    server = RealRedis(tmp_path / "redis").start()
    yield server
    server.end()
