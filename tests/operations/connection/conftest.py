"""One simulated Microsoft for these tests, put back to its start before each of them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from freeradius_mdm.lab.microsoft import Application, Device, Secret, SimulatedMicrosoft, Tenant
from freeradius_mdm.lab.pki import AppCredential, LabPki

from .bench import CLIENT, DEVICE, MAC, OLD_SECRET, SECRET, TENANT, Site


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> LabPki:
    return LabPki(tmp_path_factory.mktemp("pki")).create()


@pytest.fixture(scope="session")
def app_credential(pki: LabPki) -> AppCredential:
    return pki.application("mdmd")


@pytest.fixture(scope="session")
def simulator(pki: LabPki, app_credential: AppCredential) -> Iterator[SimulatedMicrosoft]:
    secrets = (Secret(SECRET, time.time() + 90 * 86400), Secret(OLD_SECRET, time.time() - 86400))
    application = Application(CLIENT, certificates=(app_credential.cert_file,), secrets=secrets)
    device = Device(DEVICE, compliant=True, wifi_mac=MAC)
    with SimulatedMicrosoft(pki=pki, tenants=[Tenant(TENANT, applications=(application,), devices=(device,))]) as sim:
        yield sim


@pytest.fixture
def site(
    simulator: SimulatedMicrosoft,
    app_credential: AppCredential,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Site:
    simulator.reset()
    monkeypatch.setenv("COLUMNS", "120")
    (tmp_path / "state").mkdir()
    made = Site(simulator, app_credential, tmp_path, capsys)
    made.write()
    return made
