"""The [cluster] table: every form of the address, and what is warned of. Errors: bad/cluster_*.toml."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from freeradius_mdm.config.model import ClusterSettings
from tests.builders import TOML, config

# redis.io: 6379 is Redis's own port, 26379 Sentinel's; database 0 is the one without SELECT.
ADDRESSES: list[tuple[str, dict[str, Any]]] = [
    ("redis://redis.example", {"hosts": (("redis.example", 6379),)}),
    ("redis://Redis.Example:7000/3", {"hosts": (("redis.example", 7000),), "db": 3}),
    ("rediss://redis.example/", {"hosts": (("redis.example", 6379),), "tls": True}),
    ("redis://[2001:db8::1]:6380", {"hosts": (("2001:db8::1", 6380),)}),
    (
        "sentinel://one.example,two.example:26380/mymaster",
        {"hosts": (("one.example", 26379), ("two.example", 26380)), "sentinel": "mymaster"},
    ),
    (
        "sentinels://192.0.2.1, 192.0.2.2/main/2",
        {"hosts": (("192.0.2.1", 26379), ("192.0.2.2", 26379)), "sentinel": "main", "db": 2, "tls": True},
    ),
]


def _read(tmp_path: Path, table: str) -> tuple[ClusterSettings, tuple[str, ...]]:
    read = config(tmp_path, (TOML, f"{TOML}\n[cluster]\n{table}"))
    assert read.cluster is not None
    return read.cluster, read.warnings


@pytest.mark.parametrize(("address", "expected"), ADDRESSES)
def test_addresses(tmp_path: Path, address: str, expected: dict[str, Any]) -> None:
    cluster, _ = _read(tmp_path, f'redis = "{address}"\npassword_file = "secret"\n')
    defaults = {"sentinel": "", "db": 0, "tls": False}
    assert {name: getattr(cluster, name) for name in ("hosts", *defaults)} == {**defaults, **expected}


def test_defaults(tmp_path: Path) -> None:
    cluster, warnings = _read(tmp_path, 'redis = "redis://127.0.0.1"\n')
    assert (cluster.node, cluster.prefix, cluster.user, cluster.gone_after) == (socket.gethostname(), "mdm", "", 15)
    assert warnings == ()


def test_everything(tmp_path: Path) -> None:
    cluster, warnings = _read(
        tmp_path,
        """redis = "sentinels://one.example/main"
node = "radius-1"
prefix = "campus"
user = "mdm"
password_file = "redis.password"
sentinel_password_file = "/etc/sentinel.password"
ca_file = "ca.pem"
certificate_file = "mdmd.pem"
key_file = "mdmd.key"
gone_after = "30s"
""",
    )
    assert cluster == ClusterSettings(
        node="radius-1",
        hosts=(("one.example", 26379),),
        sentinel="main",
        tls=True,
        db=0,
        prefix="campus",
        user="mdm",
        password_file=tmp_path / "redis.password",
        sentinel_password_file=Path("/etc/sentinel.password"),
        ca_file=tmp_path / "ca.pem",
        certificate_file=tmp_path / "mdmd.pem",
        key_file=tmp_path / "mdmd.key",
        gone_after=30,
    )
    assert warnings == ()


def test_without_the_table_there_is_no_cluster(tmp_path: Path) -> None:
    assert config(tmp_path).cluster is None


def test_a_redis_that_anybody_can_write_to_is_warned_of(tmp_path: Path) -> None:
    _, (warning,) = _read(tmp_path, 'redis = "redis://redis.example"\n')
    assert "whoever reaches that Redis can call any device compliant" in warning
