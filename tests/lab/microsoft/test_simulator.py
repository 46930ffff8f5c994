"""The simulator's own life."""

from __future__ import annotations

import gc

import pytest
import requests

from freeradius_mdm.lab.microsoft import SimulatedMicrosoft, Tenant
from freeradius_mdm.lab.pki import LabPki
from tests.lab.microsoft.client import DEVICE, LabClient


def test_it_ends_with_an_answer_under_way(pki: LabPki, tenant: Tenant, caplog: pytest.LogCaptureFixture) -> None:
    # The client has gone, the answer to it is 10 seconds away: asyncio logs "Task was destroyed but it is pending".
    with SimulatedMicrosoft(pki=pki, tenants=[tenant]) as running:
        running.fault("slow-10s", path=f"*{DEVICE}*")
        client = LabClient(running.address, running.ca_file)
        with pytest.raises(requests.Timeout):
            client.device(timeout=0.3)
        client.http.close()
    del running
    gc.collect()

    assert [record.getMessage() for record in caplog.records if record.name == "asyncio"] == []
