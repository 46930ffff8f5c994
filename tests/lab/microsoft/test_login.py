from __future__ import annotations

import base64
import dataclasses
import json
import re
from typing import Any

import jwt as pyjwt
import pytest

from freeradius_mdm.lab.microsoft import CLOUDS, Application, Secret, SimulatedMicrosoft, Tenant
from freeradius_mdm.lab.pki import AppCredential, LabPki
from tests.lab.microsoft.client import (
    CLIENT,
    CRS_SCOPE,
    GRAPH_SCOPE,
    LOGIN,
    SECRET,
    TENANT,
    V1_TOKEN_URL,
    V2_TOKEN_URL,
    LabClient,
)

WRONG = {"client_secret": "wrong"}


def payload(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", [TENANT, TENANT.upper(), "contoso.example"])
@pytest.mark.parametrize("slash", ["/", "//"])
def test_oidc_document(client: LabClient, name: str, slash: str) -> None:
    answer = client.http.get(f"{LOGIN}/{name}{slash}v2.0/.well-known/openid-configuration")

    assert answer.status_code == 200
    assert answer.json()["token_endpoint"] == V2_TOKEN_URL
    assert answer.json()["authorization_endpoint"] == f"{LOGIN}/{TENANT}/oauth2/v2.0/authorize"


@pytest.mark.parametrize("name", ["99999999-2222-3333-4444-555555555555", "common", "organizations"])
def test_oidc_document_of_an_unknown_tenant(client: LabClient, name: str) -> None:
    answer = client.http.get(f"{LOGIN}/{name}/v2.0/.well-known/openid-configuration")

    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_tenant"
    assert answer.json()["error_codes"] == [90002]


def test_a_tenant_of_another_cloud_is_unknown(client: LabClient) -> None:
    url = f"https://login.microsoftonline.us/{TENANT}/v2.0/.well-known/openid-configuration"

    assert client.http.get(url).json()["error"] == "invalid_tenant"


def test_instance_discovery_knows_microsofts_hosts_only(client: LabClient) -> None:
    url = (
        f"{LOGIN}/common/discovery/instance?api-version=1.1&authorization_endpoint=https://{{}}/t/oauth2/v2.0/authorize"
    )

    assert client.http.get(url.format("login.microsoftonline.us")).status_code == 200
    refused = client.http.get(url.format("login.lab.example"))
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_instance")
    assert refused.json()["error_codes"] == [50049]


def test_crs_token(client: LabClient) -> None:
    answer = client.ask_token(CRS_SCOPE)

    body = answer.json()
    assert {name: body[name] for name in ("token_type", "expires_in", "ext_expires_in")} == {
        "token_type": "Bearer",
        "expires_in": 3599,
        "ext_expires_in": 3599,
    }
    assert "refresh_token" not in body
    claims = payload(body["access_token"])
    assert claims["aud"] == "https://api.manage.microsoft.com/"
    assert claims["tid"] == TENANT
    assert claims["appid"] == CLIENT
    assert claims["roles"] == ["get_device_compliance"]
    assert claims["exp"] - claims["iat"] == 3599


def test_graph_token_has_graph_roles_only(client: LabClient) -> None:
    claims = payload(client.token(GRAPH_SCOPE))

    assert claims["aud"] == "https://graph.microsoft.com"
    assert claims["roles"] == ["Application.Read.All", "DeviceManagementManagedDevices.Read.All"]


def test_tokens_carry_a_signature_that_the_published_key_verifies(client: LabClient) -> None:
    token = client.token(CRS_SCOPE)

    keys = client.http.get(f"{LOGIN}/{TENANT}/discovery/v2.0/keys").json()
    key = pyjwt.PyJWKSet.from_dict(keys)[pyjwt.get_unverified_header(token)["kid"]]
    assert pyjwt.decode(token, key.key, ["RS256"], audience="https://api.manage.microsoft.com/")["tid"] == TENANT


def test_roles_are_absent_without_consent(sim: SimulatedMicrosoft, client: LabClient) -> None:
    sim.change_application(CLIENT, roles=[])

    answer = client.ask_token(CRS_SCOPE)
    assert answer.status_code == 200
    assert "roles" not in payload(answer.json()["access_token"])


def test_token_of_format_2(sim: SimulatedMicrosoft, client: LabClient) -> None:
    sim.change_tenant(token_format="2.0")  # noqa: S106

    claims = payload(client.ask_token(CRS_SCOPE).json()["access_token"])
    assert claims["aud"] == "c161e42e-d4df-4a3d-9b42-e7a3c31f59d4"
    assert claims["azp"] == CLIENT
    assert client.device().status_code == 200


@pytest.mark.parametrize(
    "scope",
    [
        f"openid profile offline_access {CRS_SCOPE}",
        f"{CRS_SCOPE} offline_access openid profile",
        f"profile {CRS_SCOPE} openid",
    ],
)
def test_oidc_scopes_around_the_default_one(client: LabClient, scope: str) -> None:
    assert client.ask_token(scope).status_code == 200


def test_one_slash_is_another_audience_that_crs_refuses(client: LabClient) -> None:
    answer = client.ask_token("https://api.manage.microsoft.com/.default")

    assert payload(answer.json()["access_token"])["aud"] == "https://api.manage.microsoft.com"
    authorization = f"Bearer {answer.json()['access_token']}"
    assert client.device(Authorization=authorization).status_code == 401


@pytest.mark.parametrize("form", [{}, {"scope": "openid"}])
def test_v1_endpoint_takes_resource(client: LabClient, form: dict[str, str]) -> None:
    body = {"grant_type": "client_credentials", "client_id": CLIENT, "client_secret": SECRET}
    body["resource"] = "https://api.manage.microsoft.com/"

    answer = client.http.post(V1_TOKEN_URL, data=body | form)
    assert payload(answer.json()["access_token"])["aud"] == "https://api.manage.microsoft.com/"


# Every row of section 2.5 that a request can bring about by itself: form changes, status, error, code.
NATURAL = [
    ({"client_secret": "the secret's id"}, 401, "invalid_client", 7000215),
    ({"client_secret": f"{SECRET}\n"}, 401, "invalid_client", 7000215),
    ({"client_secret": ""}, 401, "invalid_client", 7000218),
    ({"client_id": "99999999-bbbb-cccc-dddd-eeeeeeeeeeee"}, 400, "unauthorized_client", 700016),
    ({"scope": "openid"}, 400, "invalid_scope", 70011),
    ({"scope": "https://api.manage.microsoft.com/"}, 400, "invalid_scope", 70011),
    ({"scope": f"{CRS_SCOPE} {GRAPH_SCOPE}"}, 400, "invalid_scope", 70011),
    ({"scope": "https://api.manage.microsoft.us//.default"}, 400, "invalid_resource", 500011),
    ({"scope": "https://nobody.example/.default"}, 400, "invalid_resource", 500011),
]


@pytest.mark.parametrize(("form", "status", "error", "code"), NATURAL)
def test_refused_requests(client: LabClient, form: dict[str, str], status: int, error: str, code: int) -> None:
    answer = client.ask_token(**form)

    body = answer.json()
    assert (answer.status_code, body["error"], body["error_codes"]) == (status, error, [code])
    assert body["error_description"].startswith(f"AADSTS{code}: ")


def test_expired_secret(pki: LabPki) -> None:
    application = Application(CLIENT, secrets=(Secret(SECRET, expires_at=1_000_000.0),))
    with SimulatedMicrosoft(pki=pki, tenants=[Tenant(TENANT, (application,))]) as sim:
        client = LabClient(sim.address, sim.ca_file)
        assert client.ask_token().json()["error_codes"] == [7000222]
        client.http.close()


def test_a_cloud_that_refuses_pss(pki: LabPki, credential: AppCredential, monkeypatch: pytest.MonkeyPatch) -> None:
    picky = dataclasses.replace(CLOUDS["global"], refuses_pss=True)
    monkeypatch.setitem(CLOUDS, "global", picky)
    application = Application(CLIENT, (credential.cert_file,))
    with SimulatedMicrosoft(pki=pki, tenants=[Tenant(TENANT, (application,))]) as sim:
        client = LabClient(sim.address, sim.ca_file)
        answer = client.ask_with_assertion(pyjwt.encode({}, credential.key_file.read_text(), "PS256"))
        assert (answer.status_code, answer.json()["error_codes"]) == (400, [5002730])
        client.http.close()


@pytest.mark.parametrize(
    ("change", "code", "status", "error"),
    [
        ({"disabled": True}, 7000112, 400, "unauthorized_client"),
        ({"service_principal": False}, 7000229, 400, "unauthorized_client"),
    ],
)
def test_application_states(
    sim: SimulatedMicrosoft, client: LabClient, change: dict[str, bool], code: int, status: int, error: str
) -> None:
    sim.change_application(CLIENT, **change)

    answer = client.ask_token()
    assert (answer.status_code, answer.json()["error"], answer.json()["error_codes"]) == (status, error, [code])


@pytest.mark.parametrize(("state", "code"), [("absent", 500011), ("disabled", 500014)])
def test_intune_service_principal(sim: SimulatedMicrosoft, client: LabClient, state: str, code: int) -> None:
    sim.change_tenant(intune=state)

    answer = client.ask_token(CRS_SCOPE)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_resource")
    assert answer.json()["error_codes"] == [code]
    assert client.ask_token(GRAPH_SCOPE).status_code == 200


@pytest.mark.parametrize(("style", "gap"), [("crlf", "\r\n"), ("blanks", " ")])
def test_both_styles_of_descriptions(sim: SimulatedMicrosoft, client: LabClient, style: str, gap: str) -> None:
    sim.change_settings(description_style=style)

    answer = client.ask_token(**WRONG)
    body = answer.json()
    assert set(body) == {
        "error",
        "error_description",
        "error_codes",
        "timestamp",
        "trace_id",
        "correlation_id",
        "error_uri",
    }
    tail = f"{gap}Trace ID: {body['trace_id']}{gap}Correlation ID: {body['correlation_id']}"
    assert body["error_description"].endswith(f"{tail}{gap}Timestamp: {body['timestamp']}")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ", body["timestamp"])


def test_the_correlation_id_is_the_clients_request_id(client: LabClient) -> None:
    request_id = "7d1c3a3e-5a39-4d46-8f0b-ff1f6a0e3a55"
    client.http.headers["client-request-id"] = request_id

    assert client.ask_token(**WRONG).json()["correlation_id"] == request_id


def test_get_is_refused(client: LabClient) -> None:
    assert client.http.get(V2_TOKEN_URL).json()["error_codes"] == [900561]
