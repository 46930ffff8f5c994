"""A lab for every test: one PKI for the session, one simulator for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from freeradius_mdm.lab.microsoft import Application, Device, Secret, SimulatedMicrosoft, Tenant
from freeradius_mdm.lab.pki import AppCredential, LabPki
from tests.lab.microsoft.client import CLIENT, DEVICE, ENTRA_ID, MAC, SECRET, TENANT, LabClient


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> LabPki:
    return LabPki(tmp_path_factory.mktemp("pki")).create()


@pytest.fixture(scope="session")
def credential(pki: LabPki) -> AppCredential:
    return pki.application("mdmd")


@pytest.fixture
def tenant(credential: AppCredential) -> Tenant:
    application = Application(CLIENT, (credential.cert_file,), (Secret(SECRET),))
    device = Device(
        DEVICE,
        name="LAPTOP-1",
        entra_id=ENTRA_ID,
        compliant=False,
        wifi_mac=MAC,
        ethernet_mac="005056A1B2C4",
        serial="SN-1",
    )
    return Tenant(TENANT, (application,), (device,), domains=("contoso.example",))


@pytest.fixture
def sim(pki: LabPki, tenant: Tenant) -> Iterator[SimulatedMicrosoft]:
    with SimulatedMicrosoft(pki=pki, tenants=[tenant]) as running:
        yield running


@pytest.fixture
def client(sim: SimulatedMicrosoft) -> Iterator[LabClient]:
    made = LabClient(sim.address, sim.ca_file)
    yield made
    made.http.close()


@pytest.fixture
def ca_file(sim: SimulatedMicrosoft) -> Path:
    return sim.ca_file
