"""Certificates as OpenSSL sees them: expected values come from intune.md sections 1.1 and 8, not from our code."""

from __future__ import annotations

import datetime as dt
import hashlib
import stat
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from freeradius_mdm.lab.certificates import KeyType
from freeradius_mdm.lab.pki import Credential, LabPki, Profile

DEVICE = "0d9f6f0e-53a4-4f0b-9d25-2a7e6f1c4b11"
DEVICE_URI = f"ID:Microsoft Endpoint Manager:GUID:{DEVICE}"
SID = "S-1-5-21-1004336348-1177238915-682003330-1104"
SID_URI = f"tag:microsoft.com,2022-09-14:sid:{SID}"


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> LabPki:
    return LabPki(tmp_path_factory.mktemp("lab") / "pki").create()


def uris(credential: Credential) -> list[str]:
    names = credential.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return names.get_values_for_type(x509.UniformResourceIdentifier)


def text(credential: Credential) -> str:
    command = ["openssl", "x509", "-in", str(credential.cert_file), "-noout", "-text"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def verifies(ca_file: Path, credential: Credential, purpose: str) -> bool:
    command = ["openssl", "verify", "-x509_strict", "-purpose", purpose, "-CAfile", str(ca_file)]
    return subprocess.run([*command, str(credential.cert_file)], check=False, capture_output=True).returncode == 0


def test_create_keeps_what_is_there(pki: LabPki) -> None:
    before = pki.ca_file.read_bytes()

    again = LabPki(pki.directory).create()
    assert again.ca_file.read_bytes() == before
    assert verifies(before_file := pki.ca_file, again.client("later", DEVICE), "sslclient"), before_file


def test_scep(pki: LabPki) -> None:
    made = pki.client("laptop", DEVICE, sid=SID, upn="user@contoso.example")

    assert verifies(pki.ca_file, made, "sslclient")
    assert made.certificate.subject.rfc4514_string() == f"CN={DEVICE}"
    assert uris(made) == [SID_URI, DEVICE_URI]
    shown = text(made)
    assert "TLS Web Client Authentication" in shown
    assert "TLS Web Server Authentication" not in shown
    assert "othername: UPN::user@contoso.example" in shown or "othername: UPN:user@contoso.example" in shown


def test_pkcs(pki: LabPki) -> None:
    made = pki.client(
        "laptop-2",
        DEVICE,
        profile=Profile.PKCS,
        sid=SID,
        email="user@contoso.example",
        dns=["laptop-2.contoso.example"],
    )

    assert verifies(pki.ca_file, made, "sslclient")
    assert made.certificate.subject.rfc4514_string() == "CN=laptop-2"
    assert uris(made) == [DEVICE_URI, SID_URI]
    shown = text(made)
    assert "email:user@contoso.example" in shown
    assert "DNS:laptop-2.contoso.example" in shown
    assert "1.3.6.1.4.1.311.25.2" in shown
    assert "TLS Web Client Authentication" in shown


def test_the_forms_differ_in_key_usage(pki: LabPki) -> None:
    critical = [
        pki.client("one", DEVICE, profile=profile)
        .certificate.extensions.get_extension_for_class(x509.KeyUsage)
        .critical
        for profile in Profile
    ]
    assert critical == [True, False]


def test_uris_in_any_order(pki: LabPki) -> None:
    made = pki.client("ordered", None, uris=[DEVICE_URI, SID_URI, "https://contoso.example/"])

    assert uris(made) == [DEVICE_URI, SID_URI, "https://contoso.example/"]


FORGERIES = [
    f"https://evil.example/, URI:{DEVICE_URI}",
    f"{DEVICE_URI}\x00.evil.example",
    "ID:Microsoft Endpoint Manager:GUID:{{DeviceId}}",
    "",
]


@pytest.mark.parametrize("uri", FORGERIES)
def test_forged_uris_arrive_as_they_are(pki: LabPki, uri: str) -> None:
    made = pki.client("forged", None, common_name="x", uris=[uri])

    read = x509.load_pem_x509_certificate(made.cert_file.read_bytes())
    names = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == [uri]


def test_forged_mail_and_common_name(pki: LabPki) -> None:
    made = pki.client("forged", None, common_name=f"x\x00{DEVICE}", email=f"a@b, URI:{DEVICE_URI}", uris=[])

    names = made.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.RFC822Name) == [f"a@b, URI:{DEVICE_URI}"]
    assert made.certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value == f"x\x00{DEVICE}"


def test_no_names_at_all(pki: LabPki) -> None:
    made = pki.client("bare", None, names=[])

    with pytest.raises(x509.ExtensionNotFound):
        made.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)


def test_expired(pki: LabPki) -> None:
    made = pki.client("late", DEVICE, days=-2)

    age = dt.datetime.now(dt.UTC) - made.certificate.not_valid_after_utc
    assert dt.timedelta(days=2) <= age < dt.timedelta(days=3)
    assert not verifies(pki.ca_file, made, "sslclient")


def test_other_ca(pki: LabPki) -> None:
    made = pki.client("stranger", DEVICE, other_ca=True)

    assert not verifies(pki.ca_file, made, "sslclient")
    assert verifies(pki.other_ca_file, made, "sslclient")


@pytest.mark.parametrize("key_type", [KeyType.RSA_2048, KeyType.EC_256])
def test_server(pki: LabPki, key_type: KeyType) -> None:
    made = pki.server("radius", ["radius.lab.example", "127.0.0.1", "::1"], key_type=key_type)

    assert verifies(pki.ca_file, made, "sslserver")
    assert made.certificate.subject.rfc4514_string() == "CN=radius.lab.example"
    shown = text(made)
    assert "DNS:radius.lab.example, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1" in shown


def test_application_credential(pki: LabPki) -> None:
    made = pki.application("mdmd", common_name="radius1.example.net")

    der = made.certificate.public_bytes(serialization.Encoding.DER)
    assert made.sha1 == hashlib.sha1(der).hexdigest().upper()  # noqa: S324
    assert made.sha256 == hashlib.sha256(der).hexdigest().upper()
    assert made.certificate.subject == made.certificate.issuer
    assert made.certificate.subject.rfc4514_string() == "CN=radius1.example.net"


def test_keys_are_for_their_owner_only(pki: LabPki) -> None:
    pki.application("again")
    pki.pfx("again", pki.application("again"), "open sesame")

    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in pki.directory.iterdir()}
    secret = {name: mode for name, mode in modes.items() if name.endswith((".key", ".pfx"))}
    assert {"ca.key", "other-ca.key", "again.key", "again.pfx"} <= set(secret)
    assert set(secret.values()) == {0o600}


def test_pfx(pki: LabPki) -> None:
    made = pki.application("bundle")

    key, certificate, _ = pkcs12.load_key_and_certificates(pki.pfx("bundle", made, "x").read_bytes(), b"x")
    assert certificate == made.certificate
    assert key is not None


@pytest.mark.parametrize("name", ["", "../up", "a/b", "-rf", "a\x00b"])
def test_names_are_file_names(pki: LabPki, name: str) -> None:
    with pytest.raises(ValueError, match="not a file name"):
        pki.client(name, DEVICE)
