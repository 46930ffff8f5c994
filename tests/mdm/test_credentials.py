"""Everything MSAL would not notice (intune.md section 2.6)."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256

from freeradius_mdm.config.model import AssertionMode
from freeradius_mdm.errors import SourceError
from freeradius_mdm.lab import certificates
from freeradius_mdm.lab.certificates import KeyType
from freeradius_mdm.lab.pki import AppCredential, LabPki
from freeradius_mdm.mdm import credentials

from .bench import plain_server

NOW = time.time()


def load(app: AppCredential, now: float = NOW, **changes: Any) -> credentials.Credential:
    files = {"certificate_file": app.cert_file, "key_file": app.key_file}
    return credentials.load(replace(plain_server(), **{**files, **changes}), now)


def refused(app: AppCredential, now: float = NOW, **changes: Any) -> SourceError:
    with pytest.raises(SourceError) as caught:
        load(app, now, **changes)
    assert caught.value.code == "M1212"
    return caught.value


def encrypted(key_file: Path, target: Path, passphrase: bytes) -> Path:
    key = serialization.load_pem_private_key(key_file.read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    target.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(passphrase),
        )
    )
    target.chmod(0o600)
    return target


def private(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    path.chmod(0o600)
    return path


def test_ps256_has_no_thumbprint(app_credential: AppCredential) -> None:
    credential = load(app_credential)
    assert isinstance(credential.for_msal, dict)
    assert set(credential.for_msal) == {"private_key", "public_certificate"}


def test_rs256_is_asked_for_by_the_sha1_thumbprint_without_colons(app_credential: AppCredential) -> None:
    credential = load(app_credential, assertion_mode=AssertionMode.RS256)
    assert isinstance(credential.for_msal, dict)
    expected = app_credential.certificate.fingerprint(SHA1()).hex()  # noqa: S303
    assert credential.for_msal["thumbprint"].lower() == expected
    assert len(expected) == 40


def test_fingerprints_are_shown_the_way_the_portal_shows_them(app_credential: AppCredential) -> None:
    facts = load(app_credential).certificate
    assert facts is not None
    assert facts.sha256 == app_credential.certificate.fingerprint(SHA256()).hex().upper()
    assert facts.sha1 in str(facts)


def test_nothing_secret_is_printed(app_credential: AppCredential, tmp_path: Path) -> None:
    secret = private(tmp_path / "secret", b"very-secret")
    assert "very-secret" not in repr(load(app_credential, client_secret_file=secret))
    assert "PRIVATE" not in repr(load(app_credential))


def test_a_secret_loses_its_newline(app_credential: AppCredential, tmp_path: Path) -> None:
    secret = private(tmp_path / "secret", b"a~Secret.Value_1\n")
    assert load(app_credential, client_secret_file=secret).for_msal == "a~Secret.Value_1"


@pytest.mark.parametrize("content", [b"", b"\n", b"two words", b"one\ntwo", "schlüssel".encode()])
def test_what_is_no_secret(app_credential: AppCredential, tmp_path: Path, content: bytes) -> None:
    assert "secret" in refused(app_credential, client_secret_file=private(tmp_path / "secret", content)).detail


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o620])
def test_a_key_others_can_read_or_write(app_credential: AppCredential, tmp_path: Path, mode: int) -> None:
    key = private(tmp_path / "open.key", app_credential.key_file.read_bytes())
    key.chmod(mode)
    error = refused(app_credential, key_file=key)
    assert f"{mode:04o}" in error.detail
    assert "chmod" in error.advice


def test_a_missing_file_is_named(app_credential: AppCredential, tmp_path: Path) -> None:
    assert "gone.key" in refused(app_credential, key_file=tmp_path / "gone.key").detail
    assert "gone.pem" in refused(app_credential, certificate_file=tmp_path / "gone.pem").detail


def test_a_missing_file_is_made_by_mdmctl(app_credential: AppCredential, tmp_path: Path) -> None:
    """Of a new site neither is there; where one is, the other is not to be replaced without a thought."""
    gone_key, gone_certificate = tmp_path / "gone.key", tmp_path / "gone.pem"
    error = refused(app_credential, key_file=gone_key, certificate_file=gone_certificate)
    assert error.detail == f"the credential can't be used: {gone_key} can't be read: No such file or directory"
    assert error.advice == "mdmctl cert new intune, which makes key and certificate"
    assert refused(app_credential, key_file=gone_key).advice == (
        f"put the key of {app_credential.cert_file} there; or move that away, then mdmctl cert new intune makes both"
        " anew"
    )
    assert refused(app_credential, certificate_file=gone_certificate).advice == (
        f"put the certificate there that was issued for {app_credential.key_file}; or move that away, then mdmctl"
        " cert new intune"
    )
    assert "cert new" not in refused(app_credential, client_secret_file=tmp_path / "gone").advice


def test_key_and_certificate_that_do_not_belong_together(
    app_credential: AppCredential, pki: LabPki, tmp_path: Path
) -> None:
    other = pki.application("other-app")
    error = refused(app_credential, key_file=other.key_file)
    assert "does not belong" in error.detail
    assert str(app_credential.cert_file) in error.detail


def test_only_the_first_certificate_of_a_chain_counts(
    app_credential: AppCredential, pki: LabPki, tmp_path: Path
) -> None:
    leaf, ca = app_credential.cert_file.read_bytes(), pki.ca_file.read_bytes()
    chain = tmp_path / "chain.pem"
    chain.write_bytes(leaf + ca)
    credential = load(app_credential, certificate_file=chain)
    assert isinstance(credential.for_msal, dict)
    sent = x509.load_pem_x509_certificates(credential.for_msal["public_certificate"].encode())
    assert sent == [app_credential.certificate]
    chain.write_bytes(ca + leaf)
    refused(app_credential, certificate_file=chain)


def test_expired_and_not_yet_valid(app_credential: AppCredential) -> None:
    end = app_credential.certificate.not_valid_after_utc.timestamp()
    begin = app_credential.certificate.not_valid_before_utc.timestamp()
    assert "expired" in refused(app_credential, now=end).detail
    assert "valid from" in refused(app_credential, now=begin - 1).detail
    load(app_credential, now=end - 1)


def test_elliptic_curves_are_not_for_entra(pki: LabPki) -> None:
    assert "RSA" in refused(pki.application("ec-app", key_type=KeyType.EC_256)).advice


def test_an_elliptic_key_for_an_rsa_certificate(app_credential: AppCredential, pki: LabPki) -> None:
    other = pki.application("ec-key", key_type=KeyType.EC_256)
    assert "EC" in refused(app_credential, key_file=other.key_file).detail


def test_1024_bit_are_too_few(app_credential: AppCredential, tmp_path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505
    name = certificates.common_name("small")
    certificate = certificates.self_signed(name, key, certificates.Validity.days(5), ca=False)
    file = tmp_path / "small.pem"
    file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    assert "1024" in refused(app_credential, certificate_file=file).detail


@pytest.mark.parametrize("content", [b"", b"no key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_what_is_no_key(app_credential: AppCredential, tmp_path: Path, content: bytes) -> None:
    assert "bad.key" in refused(app_credential, key_file=private(tmp_path / "bad.key", content)).detail


@pytest.mark.parametrize("content", [b"", b"no certificate", b"\x30\x82\x01\x01"])
def test_what_is_no_certificate(app_credential: AppCredential, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "bad.pem"
    file.write_bytes(content)
    assert "bad.pem" in refused(app_credential, certificate_file=file).detail


def test_a_key_with_a_passphrase(app_credential: AppCredential, tmp_path: Path) -> None:
    key = encrypted(app_credential.key_file, tmp_path / "enc.key", b"open sesame")
    right = private(tmp_path / "right", b"open sesame\n")
    credential = load(app_credential, key_file=key, key_passphrase_file=right)
    assert isinstance(credential.for_msal, dict)
    assert "ENCRYPTED" not in credential.for_msal["private_key"]
    assert "key_passphrase_file" in refused(app_credential, key_file=key).advice
    wrong = private(tmp_path / "wrong", b"open barley")
    assert "wrong" in refused(app_credential, key_file=key, key_passphrase_file=wrong).detail


def test_a_passphrase_nobody_needs_does_no_harm(app_credential: AppCredential, tmp_path: Path) -> None:
    load(app_credential, key_passphrase_file=private(tmp_path / "phrase", b"x"))


def test_the_stamp_changes_with_a_file(app_credential: AppCredential, tmp_path: Path) -> None:
    secret = private(tmp_path / "secret", b"one")
    server = replace(plain_server(), client_secret_file=secret)
    before = credentials.stamp(server)
    assert credentials.stamp(server) == before
    private(tmp_path / "new", b"another").replace(secret)
    assert credentials.stamp(server) != before
    secret.unlink()
    assert credentials.stamp(server) != before
