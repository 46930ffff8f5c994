"""Personalities of the token endpoint, and every row of section 2.5 on demand."""

from __future__ import annotations

import pytest

from freeradius_mdm.lab.microsoft import SimulatedMicrosoft
from tests.lab.microsoft.client import CLIENT, GRAPH_SCOPE, LOGIN, TENANT, LabClient

NAMED = [
    ("cert-unknown", 401, "invalid_client", 700027, "[Reason - The key was not found., Thumbprint of key used by"),
    ("cert-expired", 401, "invalid_client", 700027, "[Reason - The key used is expired., Thumbprint of key used by"),
    ("clock-skew", 401, "invalid_client", 700024, "Current time: "),
    ("secret-bad", 401, "invalid_client", 7000215, "Invalid client secret provided"),
    ("app-missing", 400, "unauthorized_client", 700016, CLIENT),
    ("app-disabled", 400, "unauthorized_client", 7000112, CLIENT),
    ("tenant-missing", 400, "invalid_request", 90002, TENANT),
    ("ca-block", 400, "invalid_grant", 53003, "Conditional Access"),
    ("alg-refused", 400, "invalid_request", 5002738, "RS256"),
]


@pytest.mark.parametrize(("personality", "status", "error", "code", "text"), NAMED)
def test_named_errors(
    sim: SimulatedMicrosoft, client: LabClient, personality: str, status: int, error: str, code: int, text: str
) -> None:
    sim.fault(personality)

    answer = client.ask_token()
    body = answer.json()
    assert (answer.status_code, body["error"], body["error_codes"]) == (status, error, [code])
    assert body["error_description"].startswith(f"AADSTS{code}: ")
    assert text in body["error_description"]
    assert "?" not in body["error_description"]


# The whole table of section 2.5.
TABLE = {
    700027: (401, "invalid_client"),
    700024: (401, "invalid_client"),
    50012: (401, "invalid_client"),
    50027: (401, "invalid_client"),
    50032: (401, "invalid_client"),
    5002738: (400, "invalid_request"),
    5002730: (400, "invalid_request"),
    500133: (401, "invalid_client"),
    7000215: (401, "invalid_client"),
    7000222: (401, "invalid_client"),
    7000218: (401, "invalid_client"),
    700016: (400, "unauthorized_client"),
    7000229: (400, "unauthorized_client"),
    7000112: (400, "unauthorized_client"),
    90002: (400, "invalid_request"),
    500011: (400, "invalid_resource"),
    500014: (400, "invalid_resource"),
    70011: (400, "invalid_scope"),
    65001: (400, "invalid_grant"),
    53003: (400, "invalid_grant"),
    50049: (400, "invalid_instance"),
}


@pytest.mark.parametrize("code", TABLE)
def test_any_row_on_demand(sim: SimulatedMicrosoft, client: LabClient, code: int) -> None:
    sim.fault("aadsts", code=str(code))

    answer = client.ask_token()
    assert (answer.status_code, answer.json()["error"]) == TABLE[code]
    assert answer.json()["error_codes"] == [code]


def test_another_code_for_refused_algorithms(sim: SimulatedMicrosoft, client: LabClient) -> None:
    sim.fault("alg-refused", code="5002730")

    assert client.ask_token().json()["error_codes"] == [5002730]


def test_tenant_missing_in_the_oidc_document(sim: SimulatedMicrosoft, client: LabClient) -> None:
    sim.fault("tenant-missing")

    answer = client.http.get(f"{LOGIN}/{TENANT}/v2.0/.well-known/openid-configuration")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_tenant")


def test_role_less(sim: SimulatedMicrosoft, client: LabClient) -> None:
    sim.fault("role-less")

    assert client.device().status_code == 403


def test_consent_later(sim: SimulatedMicrosoft, client: LabClient) -> None:
    sim.fault("consent-later")

    assert client.device().status_code == 403
    client.forget_tokens()
    assert client.device().status_code == 200


@pytest.mark.parametrize(("options", "seconds"), [({}, 299), ({"seconds": "60"}, 60)])
def test_short_token(sim: SimulatedMicrosoft, client: LabClient, options: dict[str, str], seconds: int) -> None:
    sim.fault("short-token", **options)

    assert client.ask_token().json()["expires_in"] == seconds
    assert client.device().status_code == 200
    sim.advance(seconds)
    assert client.device().status_code == 401


def test_no_expires_in(sim: SimulatedMicrosoft, client: LabClient) -> None:
    sim.fault("no-expires-in")

    assert set(client.ask_token().json()) == {"token_type", "access_token"}


def test_error_body_under_200(sim: SimulatedMicrosoft, client: LabClient) -> None:
    sim.fault("200-error-body")

    answer = client.ask_token()
    assert answer.status_code == 200
    assert "error" in answer.json()
    assert "access_token" not in answer.json()


def test_a_certain_error_body_under_200(sim: SimulatedMicrosoft, client: LabClient) -> None:
    sim.fault("200-error-body")
    sim.fault("aadsts", code="53003")

    answer = client.ask_token()
    assert (answer.status_code, answer.json()["error_codes"]) == (200, [53003])


def test_html(sim: SimulatedMicrosoft, client: LabClient) -> None:
    sim.fault("html-403", path=f"/{TENANT}/oauth2")

    answer = client.ask_token()
    assert (answer.status_code, answer.headers["Content-Type"]) == (403, "text/html; charset=utf-8")


def test_redirect_offsite(sim: SimulatedMicrosoft, client: LabClient) -> None:
    sim.fault("307-offsite")

    answer = client.ask_token()
    assert answer.status_code == 307
    assert answer.headers["Location"] == f"https://crs.attacker.example/{TENANT}/oauth2/v2.0/token"


def test_one_scope_of_two(sim: SimulatedMicrosoft, client: LabClient) -> None:
    sim.fault("ca-block", nth=2, times=1)

    statuses = [client.ask_token(GRAPH_SCOPE).status_code for _ in range(3)]
    assert statuses == [200, 400, 200]
