"""Client assertions as section 2.3 lists them, made by hand, and every way to get them wrong."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from freeradius_mdm.lab.certificates import KeyType
from freeradius_mdm.lab.microsoft import SimulatedMicrosoft
from freeradius_mdm.lab.pki import AppCredential, LabPki
from tests.lab.microsoft.client import CLIENT, TENANT, V1_TOKEN_URL, V2_TOKEN_URL, LabClient

PS256 = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
PADDINGS = {"RS256": padding.PKCS1v15(), "PS256": PS256}


def bare(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def digest(credential: AppCredential, name: str) -> bytes:
    return hashlib.new(name, credential.certificate.public_bytes(serialization.Encoding.DER)).digest()


def key_of(credential: AppCredential) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(credential.key_file.read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    usual = {"aud": V2_TOKEN_URL, "iss": CLIENT, "sub": CLIENT, "jti": "one", "nbf": now, "iat": now, "exp": now + 300}
    return {name: value for name, value in (usual | changes).items() if value is not None}


def assertion(credential: AppCredential, header: dict[str, Any], body: dict[str, Any]) -> str:
    signed = ".".join(bare(json.dumps(part).encode()) for part in (header, body))
    signature = key_of(credential).sign(signed.encode(), PADDINGS[header["alg"]], hashes.SHA256())
    return f"{signed}.{bare(signature)}"


def good_header(credential: AppCredential) -> dict[str, Any]:
    return {"alg": "PS256", "typ": "JWT", "x5t#S256": bare(digest(credential, "sha256"))}


FORMS = {
    "Microsoft's guidance": ("PS256", "x5t#S256", "sha256", bare, {}),
    "MSAL, padded, float times, no nbf": (
        "PS256",
        "x5t#S256",
        "sha256",
        lambda data: base64.urlsafe_b64encode(data).decode(),
        {"nbf": None, "iat": time.time(), "exp": time.time() + 600.0},
    ),
    "MSAL with thumbprint": (
        "RS256",
        "x5t",
        "sha1",
        lambda data: base64.urlsafe_b64encode(data).decode(),
        {"nbf": None, "iat": time.time(), "exp": time.time() + 600.0},
    ),
    "ISE": ("RS256", "x5t", "sha1", lambda data: base64.b64encode(data).decode(), {"aud": V1_TOKEN_URL}),
    "unpadded SHA-1": ("RS256", "x5t", "sha1", bare, {}),
    "standard alphabet SHA-256": (
        "PS256",
        "x5t#S256",
        "sha256",
        lambda data: base64.b64encode(data).decode(),
        {"jti": None},
    ),
}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_is_taken(client: LabClient, credential: AppCredential, name: str) -> None:
    algorithm, field, hash_name, encode, changes = FORMS[name]
    header = {"alg": algorithm, "typ": "JWT", field: encode(digest(credential, hash_name))}

    answer = client.ask_with_assertion(assertion(credential, header, claims(**changes)))
    assert answer.status_code == 200, answer.text


def test_old_ise_without_client_id_on_v1(client: LabClient, credential: AppCredential) -> None:
    header = {"alg": "RS256", "typ": "JWT", "x5t": base64.b64encode(digest(credential, "sha1")).decode()}
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": assertion(credential, header, claims(aud=V1_TOKEN_URL)),
        "resource": "https://api.manage.microsoft.com/",
        "scope": "openid",
    }
    assert client.http.post(V1_TOKEN_URL, data=form).status_code == 200


def test_one_assertion_may_be_used_again(client: LabClient, credential: AppCredential) -> None:
    made = assertion(credential, good_header(credential), claims())

    assert [client.ask_with_assertion(made).status_code for _ in range(2)] == [200, 200]


# What is wrong with the claims: the error of section 2.5.
WRONG_CLAIMS = [
    # Outside the 300 s of tolerance, and just inside.
    ({"exp": -301}, 401, 700024),
    ({"nbf": 310}, 401, 700024),
    # Other audiences: another tenant, another cloud, something else.
    ({"aud": V2_TOKEN_URL.replace(TENANT, "99999999-2222-3333-4444-555555555555")}, 401, 50012),
    ({"aud": V2_TOKEN_URL.replace(".com", ".us")}, 401, 50012),
    ({"aud": "https://login.microsoftonline.com"}, 401, 50012),
    ({"aud": None}, 401, 50012),
    # Somebody else's assertion.
    ({"iss": "99999999-bbbb-cccc-dddd-eeeeeeeeeeee"}, 401, 700021),
    ({"sub": None}, 401, 700021),
    ({"exp": None}, 401, 50027),
]


@pytest.mark.parametrize(("changes", "status", "code"), WRONG_CLAIMS)
def test_wrong_claims(
    client: LabClient, credential: AppCredential, changes: dict[str, Any], status: int, code: int
) -> None:
    now = time.time()
    changes = {name: now + value if isinstance(value, int) else value for name, value in changes.items()}

    answer = client.ask_with_assertion(assertion(credential, good_header(credential), claims(**changes)))
    assert (answer.status_code, answer.json()["error_codes"]) == (status, [code])
    assert answer.json()["error"] == "invalid_client"


@pytest.mark.parametrize("changes", [{"exp": -290}, {"nbf": 290}])
def test_three_hundred_seconds_are_tolerated(
    client: LabClient, credential: AppCredential, changes: dict[str, int]
) -> None:
    moved = {name: time.time() + value for name, value in changes.items()}

    assert client.ask_with_assertion(assertion(credential, good_header(credential), claims(**moved))).status_code == 200


def test_unknown_key_names_its_thumbprint(client: LabClient, pki: LabPki) -> None:
    stranger = pki.application("stranger")

    answer = client.ask_with_assertion(
        assertion(stranger, {"alg": "RS256", "x5t": bare(digest(stranger, "sha1"))}, claims())
    )
    assert (answer.status_code, answer.json()["error_codes"]) == (401, [700027])
    assert (
        f"[Reason - The key was not found., Thumbprint of key used by client: '{stranger.sha1}'"
        in answer.json()["error_description"]
    )


def test_signature_of_another_key_under_a_known_thumbprint(
    client: LabClient, credential: AppCredential, pki: LabPki
) -> None:
    stranger = pki.application("stranger2")

    answer = client.ask_with_assertion(assertion(stranger, good_header(credential), claims()))
    assert (answer.status_code, answer.json()["error_codes"]) == (401, [700027])


def test_changed_payload(client: LabClient, credential: AppCredential) -> None:
    head, _, signature = assertion(credential, good_header(credential), claims()).split(".")
    forged = ".".join([head, bare(json.dumps(claims(jti="two")).encode()), signature])

    assert client.ask_with_assertion(forged).json()["error_codes"] == [700027]


def test_expired_certificate(sim: SimulatedMicrosoft, client: LabClient, pki: LabPki) -> None:
    old = pki.application("old", days=-1)
    sim.change_application(CLIENT, certificates=[old.cert_file.read_text()])

    answer = client.ask_with_assertion(assertion(old, good_header(old), claims()))
    description = answer.json()["error_description"]
    assert answer.json()["error_codes"] == [700027]
    assert "[Reason - The key used is expired., Thumbprint of key used by client: " in description
    assert "Found key 'Start=" in description


def test_short_key(sim: SimulatedMicrosoft, client: LabClient, pki: LabPki) -> None:
    weak = pki.application("weak", key_type=KeyType.RSA_1024)
    sim.change_application(CLIENT, certificates=[weak.cert_file.read_text()])

    answer = client.ask_with_assertion(assertion(weak, good_header(weak), claims()))
    assert (answer.status_code, answer.json()["error_codes"]) == (401, [50032])


def test_no_thumbprint(client: LabClient, credential: AppCredential) -> None:
    answer = client.ask_with_assertion(assertion(credential, {"alg": "RS256", "typ": "JWT"}, claims()))

    assert (answer.status_code, answer.json()["error_codes"]) == (401, [50027])


@pytest.mark.parametrize("text", ["", "a.b", "a.b.c.d", "!!.!!.!!", "e30.W10.e30"])
def test_garbage(client: LabClient, text: str) -> None:
    code = client.ask_with_assertion(text).json()["error_codes"]

    assert code == [50027 if text else 7000218]


@pytest.mark.parametrize("algorithm", ["ES384", "HS256", "none"])
def test_other_algorithms(client: LabClient, credential: AppCredential, algorithm: str) -> None:
    header = {"alg": algorithm, "x5t#S256": bare(digest(credential, "sha256"))}
    signed = ".".join(bare(json.dumps(part).encode()) for part in (header, claims()))
    signature = ec.generate_private_key(ec.SECP384R1()).sign(signed.encode(), ec.ECDSA(hashes.SHA384()))

    answer = client.ask_with_assertion(f"{signed}.{bare(signature)}")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert answer.json()["error_codes"] == [5002738]


def test_a_certificate_without_rsa_key(sim: SimulatedMicrosoft, client: LabClient, pki: LabPki) -> None:
    curve = pki.application("curve", key_type=KeyType.EC_256)
    sim.change_application(CLIENT, certificates=[curve.cert_file.read_text()])
    signed = f"{bare(json.dumps(good_header(curve)).encode())}.{bare(json.dumps(claims()).encode())}"

    answer = client.ask_with_assertion(f"{signed}.{bare(b'signature')}")
    assert (answer.status_code, answer.json()["error_codes"]) == (400, [5002730])
