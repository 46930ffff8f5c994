"""Certificate files that can't be used say so, with the file's name and the next step."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from freeradius_mdm.lab.radius import Certificates, CredentialsError, TlsProfile
from tests.lab.radius.pki import Authority

PASSWORD = "open sesame"  # noqa: S105


@pytest.fixture(scope="module")
def good(authority: Authority) -> Certificates:
    return authority.issue("tls")


def with_file(files: Certificates, which: str, path: Path) -> Certificates:
    changed = {"certificate": files.certificate, "key": files.key, "ca": files.ca} | {which: path}
    return Certificates(changed["certificate"], changed["key"], changed["ca"])


@pytest.mark.parametrize("which", ["certificate", "key", "ca"])
def test_missing_file(good: Certificates, tmp_path: Path, which: str) -> None:
    with pytest.raises(CredentialsError, match=r"missing\.pem: no such file"):
        TlsProfile(with_file(good, which, tmp_path / "missing.pem"))


@pytest.mark.parametrize("which", ["certificate", "key", "ca"])
def test_no_pem(good: Certificates, tmp_path: Path, which: str) -> None:
    broken = tmp_path / "broken.pem"
    broken.write_text("not a certificate\n", encoding="utf-8")
    with pytest.raises(CredentialsError, match=r"broken\.pem"):
        TlsProfile(with_file(good, which, broken))


def test_key_of_another_certificate(good: Certificates, authority: Authority) -> None:
    with pytest.raises(CredentialsError, match="key values mismatch; do the two belong together"):
        TlsProfile(replace(good, key=authority.issue("another").key))


def test_key_password(good: Certificates, tmp_path: Path) -> None:
    key = serialization.load_pem_private_key(good.key.read_bytes(), None)
    locked = tmp_path / "locked.key"
    locked.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(PASSWORD.encode()),
        )
    )
    files = replace(good, key=locked, key_password=PASSWORD)
    TlsProfile(files)
    assert PASSWORD not in repr(files)
    for password in (None, "wrong"):
        with pytest.raises(CredentialsError, match=r"locked\.key"):
            TlsProfile(replace(files, key_password=password))
