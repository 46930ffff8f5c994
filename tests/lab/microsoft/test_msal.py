"""The real MSAL gets tokens, in each of its assertion modes (intune.md section 2.6)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msal
import pytest

from freeradius_mdm.lab.microsoft import SimulatedMicrosoft
from freeradius_mdm.lab.pki import AppCredential, LabPki
from tests.lab.microsoft.client import CLIENT, CRS_SCOPE, GRAPH_SCOPE, LOGIN, SECRET, TENANT, LabClient

MODES = ["PS256, key and certificate", "RS256, thumbprint", "PS256, PFX", "secret"]


def msal_credential(mode: str, credential: AppCredential, pki: LabPki) -> Any:
    pem = {
        "private_key": credential.key_file.read_text(),
        "public_certificate": credential.cert_file.read_text(),
    }
    match mode:
        case "PS256, key and certificate":
            return pem
        case "RS256, thumbprint":
            return pem | {"thumbprint": credential.sha1}
        case "PS256, PFX":
            file: Path = pki.pfx("mdmd", credential, "open sesame")
            return {"private_key_pfx_path": str(file), "passphrase": "open sesame"}
    return SECRET


def application(client: LabClient, credential: Any) -> msal.ConfidentialClientApplication:
    return msal.ConfidentialClientApplication(
        CLIENT,
        client_credential=credential,
        authority=f"{LOGIN}/{TENANT}",
        instance_discovery=False,
        azure_region=False,
        http_client=client.http,
    )


@pytest.mark.parametrize("mode", MODES)
def test_tokens_for_both_resources(
    sim: SimulatedMicrosoft, client: LabClient, credential: AppCredential, pki: LabPki, mode: str
) -> None:
    app = application(client, msal_credential(mode, credential, pki))

    for scope in (GRAPH_SCOPE, CRS_SCOPE):
        result = app.acquire_token_for_client([scope])
        assert result.get("token_source") == "identity_provider", result
        assert app.acquire_token_for_client([scope])["token_source"] == "cache"  # noqa: S105
    assert sum(sim.counters()["token_posts"].values()) == 2


def test_short_tokens_are_not_cached(sim: SimulatedMicrosoft, client: LabClient) -> None:
    sim.fault("short-token")
    app = application(client, SECRET)

    for _ in range(3):
        assert app.acquire_token_for_client([CRS_SCOPE])["token_source"] == "identity_provider"  # noqa: S105
    assert sum(sim.counters()["token_posts"].values()) == 3


def test_a_refusal_comes_back_as_a_dictionary(sim: SimulatedMicrosoft, client: LabClient) -> None:
    sim.fault("ca-block")

    result = application(client, SECRET).acquire_token_for_client([CRS_SCOPE])
    assert result["error_codes"] == [53003]
