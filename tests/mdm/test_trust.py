import ssl
from pathlib import Path

import pytest

from freeradius_mdm.errors import SourceError
from freeradius_mdm.lab.pki import LabPki
from freeradius_mdm.mdm.trust import client_context, system_bundle


def test_verification_can_not_be_off() -> None:
    context = client_context(None)
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


def test_the_operators_ca_is_added_to_the_systems(pki: LabPki) -> None:
    system = client_context(None).cert_store_stats()["x509_ca"]
    assert system > 50
    assert client_context(pki.ca_file).cert_store_stats()["x509_ca"] == system + 1


def test_the_environment_has_no_say(monkeypatch: pytest.MonkeyPatch, pki: LabPki) -> None:
    before = client_context(None).cert_store_stats()
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, str(pki.ca_file))
    assert client_context(None).cert_store_stats() == before


def test_the_systems_bundle_is_there() -> None:
    assert system_bundle().is_file()


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_an_unreadable_bundle_is_named(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SourceError) as caught:
        client_context(file)
    assert caught.value.code == "M1203"
    assert "ca.pem" in caught.value.detail
