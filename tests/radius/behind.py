"""What tests look at and turn behind a site's back: its store, its mdmd, and what the simulated Intune was asked."""

from __future__ import annotations

import json
import sqlite3
import urllib.request
from contextlib import closing
from typing import Any

from freeradius_mdm.compliance import ComplianceRecord
from freeradius_mdm.decision import Decision
from freeradius_mdm.lab.processes import wait_for
from freeradius_mdm.lab.site import Site
from freeradius_mdm.store.query import StoreQueries
from tests.radius.endpoint import Endpoint

CRS = "fef.msud01.manage.microsoft.com"  # the simulated Compliance Retrieval Service's host


def queries(endpoint: Endpoint) -> int:
    """How often the simulated Intune was asked about that device."""
    return len(endpoint.site.microsoft.journal(operation="device", subject=endpoint.device_id))


def record(endpoint: Endpoint) -> ComplianceRecord | None:
    """The stored record of a device."""
    found = StoreQueries(endpoint.site.state_directory / "store.sqlite").records()
    return next((each for each in found if each.key.value == endpoint.device_id), None)


def grow_older(endpoint: Endpoint, seconds: float) -> None:
    """Let the stored answer be that much older: time goes by without anybody waiting for it."""
    store = endpoint.site.state_directory / "store.sqlite"
    with closing(sqlite3.connect(store, timeout=5)) as connection, connection:
        changed = connection.execute(
            "UPDATE records SET answered_at = answered_at - ? WHERE value = ?", (seconds, endpoint.device_id)
        )
        assert changed.rowcount == 1


def decisions_of(endpoint: Endpoint, count: int = 1) -> list[Decision]:
    """A device's stored decisions, oldest first, as soon as there are `count` of them."""

    def found() -> list[Decision]:
        return [each for each in endpoint.site.decisions() if each.user == endpoint.identity]

    wait_for(lambda: len(found()) >= count, f"{count} decisions about {endpoint.identity} are in the store", 10)
    return found()


def codes(decision: Decision) -> list[str]:
    """The codes of a decision's steps, in order."""
    return [step.code for step in decision.steps]


def health(site: Site) -> dict[str, Any]:
    """What mdmd says about itself."""
    with urllib.request.urlopen(f"http://{site.mdmd_address}/v1/health", timeout=10) as response:
        body: dict[str, Any] = json.load(response)
    return body


def wait_until_warm(site: Site) -> None:
    """Wait until mdmd has tokens and the service's address, so that a first question costs one exchange."""
    wait_for(lambda: bool(health(site)["servers"][0]["warm"]), "mdmd is warm", 10)
