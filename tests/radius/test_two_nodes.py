"""Two sites, each with its own radiusd, mdmd and store, on one Redis and one MDM server."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from freeradius_mdm.lab.microsoft import SimulatedMicrosoft
from freeradius_mdm.lab.site import Site
from tests.radius import expect
from tests.radius.behind import queries
from tests.radius.conftest import MakeSite
from tests.radius.endpoint import Endpoint
from tests.service.cluster.real_redis import HOST, RealRedis
from tests.service.fakes import until_now


class NodeSite(Site):
    """A site that shares its MDM server and its PKI with another one, and Redis."""

    def __init__(self, like: Site, name: str, redis_port: int, first: Site | None = None) -> None:
        super().__init__(like.directory, like.host, like.settings)
        self._name = name
        self._redis_port = redis_port
        self._first = first
        if first is not None:
            self.pki = first.pki

    def _microsoft(self) -> AbstractContextManager[SimulatedMicrosoft]:  # type: ignore[override]
        return super()._microsoft() if self._first is None else nullcontext(self._first.microsoft)

    def _write_toml(self) -> None:
        super()._write_toml()
        redis = f'redis = "redis://{HOST}:{self._redis_port}"'
        with self.mdm_toml.open("a", encoding="utf-8") as file:
            file.write(f'\n[cluster]\n{redis}\nnode = "{self._name}"\ngone_after = "3s"\n')

    def health(self) -> Any:
        """Of its mdmd."""
        with urllib.request.urlopen(f"http://{self.mdmd_address}/v1/health", timeout=10) as response:
            return json.load(response)


@dataclass
class Two:
    one: NodeSite
    two: NodeSite
    redis: RealRedis

    def joined(self) -> None:
        for site in (self.one, self.two):
            until_now(lambda site=site: any(peer["alive"] for peer in site.health()["cluster"]["peers"]))


@pytest.fixture
def sites(tmp_path: Path, new_site: MakeSite) -> Iterator[Two]:
    redis = RealRedis(tmp_path / "redis").start()
    try:
        with (
            NodeSite(new_site(tmp_path / "one"), "one", redis.port) as one,
            NodeSite(new_site(tmp_path / "two"), "two", redis.port, one) as two,
        ):
            assert isinstance(one, NodeSite)
            assert isinstance(two, NodeSite)
            made = Two(one, two, redis)
            made.joined()
            yield made
    finally:
        redis.end()


def test_one_query_for_both(sites: Two, new_endpoint: Callable[[Site], Endpoint]) -> None:
    """EAP-TLS at node one asks Intune; the same device at node two is decided on that answer."""
    endpoint = new_endpoint(sites.one)
    endpoint.enrol()
    assert endpoint.sign_in().accepted
    assert queries(endpoint) == 1
    there = Endpoint(sites.two, endpoint.device_id, endpoint.mac)
    result = there.sign_in()
    timer = result.reply.value("Session-Timeout")
    # What is left of node one's answer.
    assert expect.INTERVAL - 120 < timer <= expect.INTERVAL
    assert expect.results(result.reply) == [
        *expect.vlan("EMPLOYEES"),
        *expect.dacl("PERMIT-INTRANET"),
        *expect.timer(timer),
    ]
    made = expect.decision(sites.two, user=endpoint.identity)
    assert (made.rule, made.compliance, made.reachable) == ("Compliant", "Compliant", "Reachable")
    assert queries(endpoint) == 1
