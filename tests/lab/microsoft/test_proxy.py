from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from freeradius_mdm.lab.microsoft import SimulatedMicrosoft
from tests.lab.microsoft.client import LOGIN, TENANT

URL = f"{LOGIN}/{TENANT}/v2.0/.well-known/openid-configuration"


@pytest.fixture
def through_proxy(sim: SimulatedMicrosoft) -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        session.verify = str(sim.ca_file)
        session.proxies = {"https": sim.proxy_url}
        yield session


def test_tunnel_under_the_real_name(through_proxy: requests.Session) -> None:
    assert through_proxy.get(URL, timeout=5).status_code == 200


@pytest.mark.parametrize(("personality", "status"), [("proxy-407", "407"), ("dns-gone", "502"), ("refuse", "502")])
def test_refusals(sim: SimulatedMicrosoft, through_proxy: requests.Session, personality: str, status: str) -> None:
    sim.fault(personality)

    with pytest.raises(requests.exceptions.ProxyError, match=status):
        through_proxy.get(URL, timeout=5)


def test_only_connect(sim: SimulatedMicrosoft) -> None:
    with requests.Session() as session:
        session.trust_env = False
        assert session.get(f"{sim.proxy_url}/x", timeout=5).status_code == 405
