"""What the tests of the RADIUS endpoints share: a PKI and one radiusd for all of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from freeradius_mdm.lab.radius import RadiusClient, RetryPolicy
from tests.lab.radius import pki, radiusd


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> pki.Authority:
    return pki.authority(tmp_path_factory.mktemp("pki"), "ca")


@pytest.fixture(scope="session")
def server(authority: pki.Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[radiusd.Radiusd]:
    if radiusd.program() is None:
        pytest.skip("FreeRADIUS is not installed")
    certificates = authority.issue("server", server=True)
    with radiusd.running(tmp_path_factory.mktemp("radiusd"), certificates) as running:
        yield running


@pytest.fixture
def client(server: radiusd.Radiusd) -> Iterator[RadiusClient]:
    with RadiusClient(server.server(), RetryPolicy(tries=2, wait=5)) as made:
        yield made
