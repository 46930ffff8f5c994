"""A server whose certificate files are the operator's, and the simulated Entra that knows what was uploaded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from freeradius_mdm.lab.microsoft import Application, Device, SimulatedMicrosoft, Tenant
from freeradius_mdm.lab.pki import LabPki

from .bench import CLIENT, DEVICE, TENANT, Site, plain_server


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> LabPki:
    return LabPki(tmp_path_factory.mktemp("pki")).create()


@pytest.fixture(scope="session")
def simulator(pki: LabPki) -> Iterator[SimulatedMicrosoft]:
    application = Application(CLIENT)
    tenant = Tenant(TENANT, applications=(application,), devices=(Device(DEVICE, compliant=True),))
    with SimulatedMicrosoft(pki=pki, tenants=[tenant]) as sim:
        yield sim


@pytest.fixture
def site(simulator: SimulatedMicrosoft, tmp_path: Path) -> Site:
    simulator.reset()
    directory = tmp_path / "etc"
    directory.mkdir()
    server = replace(
        plain_server(),
        certificate_file=directory / "application.pem",
        key_file=directory / "application.key",
        ca_file=simulator.ca_file,
        connect_to=simulator.address,
    )
    return Site(simulator, directory, server)
