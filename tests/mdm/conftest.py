"""One simulated Microsoft for the tests of the client, put back to its start before each of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from freeradius_mdm.lab.microsoft import Application, Device, Secret, SimulatedMicrosoft, Tenant
from freeradius_mdm.lab.pki import AppCredential, LabPki

from .bench import CLIENT, DEVICE, MAC, SECRET, TENANT, Bench
from .token_desk import TokenDesk


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> LabPki:
    return LabPki(tmp_path_factory.mktemp("pki")).create()


@pytest.fixture(scope="session")
def app_credential(pki: LabPki) -> AppCredential:
    return pki.application("mdmd")


@pytest.fixture(scope="session")
def simulator(pki: LabPki, app_credential: AppCredential) -> Iterator[SimulatedMicrosoft]:
    application = Application(CLIENT, certificates=(app_credential.cert_file,), secrets=(Secret(SECRET),))
    tenant = Tenant(
        TENANT, applications=(application,), devices=(Device(DEVICE, compliant=True, wifi_mac=MAC),), cloud="global"
    )
    with SimulatedMicrosoft(pki=pki, tenants=[tenant]) as sim:
        yield sim


@pytest.fixture
def bench(simulator: SimulatedMicrosoft, app_credential: AppCredential, tmp_path: Path) -> Iterator[Bench]:
    simulator.reset()
    made = Bench(simulator, app_credential, tmp_path)
    yield made
    for source in made.sources:
        source.close()


@pytest.fixture
def desk(bench: Bench) -> Iterator[TokenDesk]:
    made = TokenDesk(bench)
    yield made
    made.close()
