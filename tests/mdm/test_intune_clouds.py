"""Every cloud under its own host names."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from freeradius_mdm.compliance import (
    Compliance,
    ComplianceAnswer,
    Managed,
    Registration,
)
from freeradius_mdm.config.model import AssertionMode
from freeradius_mdm.lab.microsoft import Application, Device, SimulatedMicrosoft, Tenant
from freeradius_mdm.lab.pki import AppCredential, LabPki
from freeradius_mdm.mdm.clouds import CLOUDS

from .bench import (
    CLIENT,
    CRS_HOST,
    DEVICE,
    GRAPH_HOST,
    LOGIN_HOST,
    Bench,
    by_guid,
)

OTHER_DEVICE = "6b1f0000-0000-4000-8000-000000000001"
MOVED_HOST = "fef.msua08.manage.microsoft.com"
YES = ComplianceAnswer(Registration.REGISTERED, Compliance.COMPLIANT, Managed.TRUE)
NO = replace(YES, compliance=Compliance.NONCOMPLIANT)
NO_STATUS = replace(YES, compliance=Compliance.UNKNOWN)


class TestClouds:
    CRS_HOSTS = {
        "global": CRS_HOST,
        "gcc": CRS_HOST,
        "gcc-high": "fef.msug01.manage.microsoft.us",
        "dod": "fef.msud01.manage.microsoft.us",
        "china": "fef.msuc01.manage.microsoftonline.cn",
    }
    LAB_NAMES = {"gcc": "global", "gcc-high": "usgov-l4", "dod": "usgov-l5"}

    @pytest.fixture
    def world(self, pki: LabPki, app_credential: AppCredential, tmp_path: Path) -> Iterator[Bench]:
        application = Application(CLIENT, certificates=(app_credential.cert_file,))
        tenants = [
            Tenant(_tenant_of(name), (application,), (Device(DEVICE, compliant=False),), self.LAB_NAMES.get(name, name))
            for name in self.CRS_HOSTS
        ]
        aliases = {"login.lab.example": LOGIN_HOST}
        with SimulatedMicrosoft(pki=pki, tenants=tenants, aliases=aliases) as sim:
            made = Bench(sim, app_credential, tmp_path)
            yield made
            for source in made.sources:
                source.close()

    def test_each_under_its_own_host_names(self, world: Bench) -> None:
        for name, crs_host in self.CRS_HOSTS.items():
            cloud = CLOUDS[name]
            if name == "china":
                # The operator has to give it, and the simulator made one up.
                cloud = replace(cloud, scope="https://api.manage.microsoftonline.cn//.default")
            source = world.source(name=name, cloud=cloud, tenant=_tenant_of(name))
            assert source.lookup(by_guid()) == NO, name
            source.warm_up()
            used = set(world.sim.counters()["connections"])
            assert used == {cloud.login_host, cloud.graph_host, crs_host}, name
            world.sim.clear_journal()

    def test_a_login_host_that_msal_does_not_know(self, world: Bench) -> None:
        # MSAL would ask login.microsoftonline.com about it.
        cloud = replace(CLOUDS["global"], login_host="login.lab.example")
        assert world.source(cloud=cloud, tenant=_tenant_of("global")).lookup(by_guid()) == NO
        assert set(world.sim.counters()["connections"]) == {"login.lab.example", GRAPH_HOST, CRS_HOST}

    def test_rs256(self, world: Bench) -> None:
        source = world.source(tenant=_tenant_of("global"), assertion_mode=AssertionMode.RS256)
        assert source.lookup(by_guid()) == NO


def _tenant_of(name: str) -> str:
    return f"{sum(name.encode()):08d}-2222-3333-4444-555555555555"
