"""What MSAL's transport refuses to do, against the simulated login host."""

import json
from collections.abc import Iterator

import pytest

from freeradius_mdm.errors import SourceError
from freeradius_mdm.mdm.http import HttpClient
from freeradius_mdm.mdm.msal_http import MsalHttp, TokenRefused

from .bench import LOGIN_HOST, TENANT, Bench, FakeClock

OIDC = f"https://{LOGIN_HOST}/{TENANT}/v2.0/.well-known/openid-configuration"


@pytest.fixture
def msal_http(bench: Bench) -> Iterator[MsalHttp]:
    client = HttpClient(bench.server())
    yield MsalHttp(client, LOGIN_HOST, FakeClock())
    client.close()


def test_a_success_in_msals_shape(msal_http: MsalHttp) -> None:
    response = msal_http.get(OIDC, headers={"Accept": "application/json"})
    response.raise_for_status()
    assert response.status_code == 200
    assert json.loads(response.text)["token_endpoint"].startswith(f"https://{LOGIN_HOST}/")
    assert response.headers["content-type"].startswith("application/json")


@pytest.mark.parametrize(
    "url",
    [
        "https://attacker.example/token",
        "http://login.microsoftonline.com/token",
        "https://user@login.microsoftonline.com/token",
        "https://login.microsoftonline.com.attacker.example/token",
        "https://169.254.169.254/metadata",
    ],
)
def test_an_assertion_goes_to_login_servers_only(msal_http: MsalHttp, bench: Bench, url: str) -> None:
    for call in (msal_http.get, msal_http.post):
        with pytest.raises(SourceError) as caught:
            call(url)
        assert caught.value.code == "M1213"
    assert bench.sim.counters()["connections"] == {}


def test_an_unknown_tenant(msal_http: MsalHttp) -> None:
    with pytest.raises(TokenRefused) as caught:
        msal_http.get(OIDC.replace(TENANT, "99999999-2222-3333-4444-555555555555"))
    assert caught.value.refusal.error == "invalid_tenant"
    assert "tenant" in caught.value.advice
