"""An app registration as Graph shows it, and the Date header that clients compare their clocks with."""

from __future__ import annotations

import base64
import email.utils

import pytest
from cryptography import x509

from freeradius_mdm.lab.microsoft import SimulatedMicrosoft
from freeradius_mdm.lab.pki import AppCredential

from .client import LabClient
from .conftest import CLIENT

PATH = f"/v1.0/applications(appId='{CLIENT}')"


def test_select_cuts_down(client: LabClient) -> None:
    body = client.graph(f"{PATH}?$select=displayName").json()
    assert {name for name in body if not name.startswith("@")} == {"displayName"}


def test_a_certificate_comes_only_when_keys_are_selected(client: LabClient, credential: AppCredential) -> None:
    """Graph v1.0, keyCredential: `key` is returned for a single object with $select=keyCredentials, else null."""
    assert client.graph(PATH).json()["keyCredentials"][0]["key"] is None
    key = client.graph(f"{PATH}?$select=keyCredentials").json()["keyCredentials"][0]["key"]
    assert x509.load_der_x509_certificate(base64.b64decode(key)) == credential.certificate


def test_secrets_are_hinted_at(client: LabClient) -> None:
    """Graph v1.0, passwordCredential: the first three characters, and never the text."""
    for secret in client.graph(f"{PATH}?$select=passwordCredentials").json()["passwordCredentials"]:
        assert len(secret["hint"]) == 3
        assert secret["secretText"] is None


def test_another_display_name(client: LabClient, sim: SimulatedMicrosoft) -> None:
    sim.change_application(CLIENT, key_name="CN=other")
    assert client.graph(PATH).json()["keyCredentials"][0]["displayName"] == "CN=other"


@pytest.mark.parametrize("seconds", [0, 3600, -3600])
def test_the_date_header_is_the_labs_clock(client: LabClient, sim: SimulatedMicrosoft, seconds: int) -> None:
    before = email.utils.parsedate_to_datetime(client.graph(PATH).headers["Date"])
    sim.advance(seconds)
    after = email.utils.parsedate_to_datetime(client.graph(PATH).headers["Date"])
    assert abs((after - before).total_seconds() - seconds) < 10
