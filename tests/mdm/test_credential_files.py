"""The files of a credential one by one; what each refuses is in test_credentials.py, where they are put together."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from freeradius_mdm.errors import SourceError
from freeradius_mdm.lab import certificates
from freeradius_mdm.lab.pki import AppCredential, LabPki
from freeradius_mdm.mdm import credential_files


def test_the_dates_are_a_matter_of_their_own(pki: LabPki) -> None:
    old = pki.application("ended", days=-1)
    leaf = credential_files.read_certificate(old.cert_file)
    assert leaf == old.certificate
    with pytest.raises(SourceError, match="expired on"):
        credential_files.check_life(old.cert_file, leaf, time.time())
    credential_files.check_life(old.cert_file, leaf, time.time() - 2 * 86400)


def test_a_pair(app_credential: AppCredential) -> None:
    key = credential_files.read_key(app_credential.key_file, None)
    leaf = credential_files.read_certificate(app_credential.cert_file)
    credential_files.check_pair(key, leaf, app_credential.key_file, app_credential.cert_file)
    assert credential_files.facts_of(leaf).sha1 == app_credential.sha1


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([(NameOID.ORGANIZATION_NAME, "Contoso"), (NameOID.COMMON_NAME, "radius1.example.net")], "radius1.example.net"),
        ([(NameOID.ORGANIZATION_NAME, "Contoso")], ""),
    ],
)
def test_the_common_name(names: list[tuple[x509.ObjectIdentifier, str]], expected: str) -> None:
    subject = x509.Name([x509.NameAttribute(kind, text) for kind, text in names])
    key = certificates.new_key(certificates.KeyType.EC_256)
    leaf = certificates.self_signed(subject, key, certificates.Validity.days(1), ca=False)
    assert credential_files.common_name(leaf) == expected


def test_a_secret_and_its_newline(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.touch(0o600)
    file.write_bytes(b"a~Secret.Value_1\r\n")
    assert credential_files.read_secret(file) == "a~Secret.Value_1"
