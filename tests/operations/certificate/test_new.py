"""Making keys, certificates and signing requests.

What Entra wants: RSA of 2048 bits or more, signed with SHA-256 (Microsoft identity platform, certificate credentials).
Extensions: RFC 5280, 4.2.1.3 (digitalSignature) and 4.2.1.12 (clientAuth, 1.3.6.1.5.5.7.3.2).
"""

from __future__ import annotations

import datetime as dt
import os
import socket
import stat
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from freeradius_mdm.operations.certificate.new import Wanted
from freeradius_mdm.operations.certificate.write import put
from freeradius_mdm.operations.codes import OperationCode
from freeradius_mdm.operations.errors import OperationError

from .bench import CLIENT, QUICK, Site, certificate

NOW = 1_800_000_000.0  # 2027-01-15 08:00:00 UTC


def key_of(file: Path, passphrase: bytes | None = None) -> RSAPrivateKey:
    key = serialization.load_pem_private_key(file.read_bytes(), passphrase)
    assert isinstance(key, RSAPrivateKey)
    return key


def refused(site: Site, wanted: Wanted = QUICK) -> OperationError:
    before = site.contents()
    with pytest.raises(OperationError) as caught:
        site.new(wanted)
    assert site.contents() == before
    return caught.value


def test_the_first_pair_goes_where_the_configuration_names_it(site: Site) -> None:
    made = site.new(Wanted(), now=NOW)
    assert site.names() == {"application.pem", "application.key"}
    assert (made.certificate_file, made.key_file, made.next) == (*site.files.both, False)
    leaf = certificate(made.certificate_file)
    assert leaf.subject.rfc4514_string() == leaf.issuer.rfc4514_string() == f"CN=freeradius-mdm {socket.gethostname()}"
    # Two years; from an hour ago, because clocks differ.
    assert leaf.not_valid_before_utc == dt.datetime(2027, 1, 15, 7, tzinfo=dt.UTC)
    assert leaf.not_valid_after_utc == dt.datetime(2029, 1, 14, 8, tzinfo=dt.UTC)
    key = leaf.public_key()
    assert isinstance(key, RSAPublicKey)
    assert (key.key_size, key.public_numbers().e) == (3072, 65537)
    assert key == key_of(made.key_file).public_key()
    usage = leaf.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert (usage.value.digital_signature, usage.value.key_encipherment, usage.value.key_cert_sign) == (
        True,
        False,
        False,
    )
    extended = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert [oid.dotted_string for oid in extended] == ["1.3.6.1.5.5.7.3.2"]
    assert leaf.signature_hash_algorithm is not None
    assert leaf.signature_hash_algorithm.name == "sha256"
    assert leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False


def test_openssl_agrees(site: Site) -> None:
    made = site.new()
    for which, said in (("sha1", made.sha1), ("sha256", made.sha256)):
        command = ["openssl", "x509", "-in", str(made.certificate_file), "-noout", "-fingerprint", f"-{which}"]
        shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        assert shown.strip().rpartition("=")[2].replace(":", "") == said
    # Self-signed, for clients.
    command = ["openssl", "verify", "-purpose", "sslclient", "-CAfile", str(made.certificate_file)]
    assert subprocess.run([*command, str(made.certificate_file)], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("bits", [2048, 4096])
def test_as_the_operator_wants_it(site: Site, bits: int) -> None:
    made = site.new(Wanted(name="RADIUS Köln", days=1095, bits=bits), now=NOW)
    leaf = certificate(made.certificate_file)
    assert leaf.subject.rfc4514_string() == "CN=RADIUS Köln"
    assert (leaf.not_valid_after_utc - dt.datetime(2027, 1, 15, 8, tzinfo=dt.UTC)).days == 1095
    assert key_of(made.key_file).key_size == bits


def test_nobody_else_reads_the_key(site: Site) -> None:
    old = os.umask(0)
    try:
        made = site.new()
    finally:
        os.umask(old)
    assert stat.S_IMODE(made.key_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(made.certificate_file.stat().st_mode) == 0o644


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_new_key_is_its_predecessors_owners(site: Site) -> None:
    site.new()
    for file in site.files.both:
        os.chown(file, 12345, 12346)
    made = site.new()
    for file in (made.key_file, made.certificate_file):
        facts = file.stat()
        assert (facts.st_uid, facts.st_gid) == (12345, 12346)
    assert made.owner == "uid 12345"


def test_the_next_pair_lies_beside_the_one_in_use(site: Site) -> None:
    site.new()
    before = site.contents()
    made = site.new()
    assert made.next
    assert site.names() == {"application.pem", "application.key", "application.next.pem", "application.next.key"}
    assert {name: site.contents()[name] for name in before} == before
    assert key_of(made.key_file).public_key() == certificate(made.certificate_file).public_key()


def test_what_to_upload_where(site: Site) -> None:
    first = site.new()
    assert first.steps == (
        f"Entra admin centre, App registrations, All applications, the one with client id {CLIENT}",
        f"Certificates & secrets, Certificates, Upload certificate: {first.certificate_file} (never the key)",
        "mdmctl test intune",
    )
    following = site.new()
    assert following.steps[1].endswith(f"{site.directory}/application.next.pem (never the key)")
    assert following.steps[-1].endswith("mdmctl cert switch intune, which proves first that Entra takes it")


def test_a_signing_request(site: Site) -> None:
    made = site.new(replace(QUICK, csr=True, name="radius1"))
    assert made.csr_file == site.directory / "application.csr"
    assert stat.S_IMODE(made.key_file.stat().st_mode) == 0o600
    assert site.names() == {"application.key", "application.csr"}
    request = x509.load_pem_x509_csr(made.csr_file.read_bytes())
    assert request.is_signature_valid
    assert request.subject.rfc4514_string() == "CN=radius1"
    assert request.public_key() == key_of(made.key_file).public_key()
    extended = request.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert [oid.dotted_string for oid in extended] == ["1.3.6.1.5.5.7.3.2"]
    assert (made.sha1, made.not_after) == ("", None)
    assert made.steps[0] == f"have your PKI issue the certificate, and put it in PEM at {made.certificate_file}"
    # It is waiting for its certificate: another key would make that worthless.
    error = refused(site)
    assert error.code == OperationCode.CERTIFICATE_IN_THE_WAY
    assert "application.pem is missing: put there what belongs to it" in error.next


def test_the_next_one_as_a_request(site: Site) -> None:
    site.new()
    made = site.new(replace(QUICK, csr=True))
    assert (made.key_file.name, made.certificate_file.name) == ("application.next.key", "application.next.pem")
    assert site.names() >= {"application.next.csr"}
    assert not made.certificate_file.exists()


@pytest.mark.parametrize("there", ["application.next.key", "application.next.pem"])
def test_nothing_is_overwritten(site: Site, there: str) -> None:
    site.new()
    (site.directory / there).write_text("mine")
    error = refused(site)
    assert error.code == OperationCode.CERTIFICATE_IN_THE_WAY
    assert error.what == f"{site.directory / there} is there already"
    assert "mdmctl cert switch" in error.next


def test_not_even_through_a_link_that_leads_nowhere(site: Site) -> None:
    site.new()
    (site.directory / "application.next.key").symlink_to(site.directory / "elsewhere")
    assert refused(site).code == OperationCode.CERTIFICATE_IN_THE_WAY
    assert not (site.directory / "elsewhere").exists()


def test_a_file_that_appears_meanwhile_is_not_overwritten_either(tmp_path: Path) -> None:
    file = tmp_path / "application.key"
    put(file, b"one", 0o600, None)
    with pytest.raises(OperationError) as caught:
        put(file, b"two", 0o600, None)
    assert caught.value.code == OperationCode.CERTIFICATE_IN_THE_WAY
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("application.key", b"one")]


def test_half_a_pair_is_not_made_whole_by_guessing(site: Site) -> None:
    site.files.certificate.write_text("mine")
    error = refused(site)
    assert error.code == OperationCode.CERTIFICATE_IN_THE_WAY
    assert error.next == (
        f"{site.files.key} is missing: put there what belongs to it, or move application.pem away to begin anew"
    )


def test_where_the_configuration_names_a_link_the_pair_lies_beside_the_real_file(site: Site) -> None:
    site.new()
    real = site.directory / "real"
    real.mkdir()
    for file in site.files.both:
        file.rename(real / file.name)
        file.symlink_to(real / file.name)
    assert site.new().key_file == real / "application.next.key"


def test_one_file_for_both(site: Site) -> None:
    site.server = replace(site.server, key_file=site.server.certificate_file)
    made = site.new()
    assert site.names() == {"application.pem"}
    assert key_of(made.key_file).public_key() == certificate(made.certificate_file).public_key()
    assert stat.S_IMODE(made.certificate_file.stat().st_mode) == 0o600
    assert refused(site, replace(QUICK, csr=True)).code == OperationCode.CERTIFICATE_UNUSABLE


def test_the_key_is_encrypted_as_the_one_in_use(site: Site) -> None:
    passphrase = site.directory / "passphrase"
    passphrase.write_text("open sesame\n")
    passphrase.chmod(0o600)
    site.server = replace(site.server, key_passphrase_file=passphrase)
    made = site.new()
    assert made.key_file.read_bytes().startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
    key_of(made.key_file, b"open sesame")
    passphrase.chmod(0o644)
    assert "chmod 0400" in refused(site).next


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (replace(QUICK, bits=1024), "--bits 1024 does not fit"),
        (replace(QUICK, days=0), "--days 0 does not fit"),
        (replace(QUICK, days=1096), "--days 1096 does not fit"),
        (replace(QUICK, name="x" * 65), f"--name '{'x' * 65}' does not fit"),
        (replace(QUICK, name="a\nb"), r"--name 'a\nb' does not fit"),
    ],
)
def test_what_does_not_fit(site: Site, wanted: Wanted, said: str) -> None:
    error = refused(site, wanted)
    assert (error.code, error.what) == (OperationCode.WRONG_ARGUMENT, said)


def test_a_server_with_a_secret(site: Site) -> None:
    site.server = replace(site.server, certificate_file=None, key_file=None, client_secret_file=Path("/secret"))
    error = refused(site)
    assert (error.code, error.what) == (OperationCode.CERTIFICATE_UNUSABLE, "intune signs in with a client secret")


def test_the_directory_is_made(site: Site) -> None:
    site.server = replace(
        site.server, certificate_file=site.directory / "new" / "a.pem", key_file=site.directory / "new" / "a.key"
    )
    assert site.new().key_file.exists()


def test_a_place_that_can_not_be_written(site: Site) -> None:
    (site.directory / "file").write_text("")
    place = site.directory / "file" / "a.pem"
    site.server = replace(site.server, certificate_file=place, key_file=place.with_suffix(".key"))
    with pytest.raises(OperationError) as caught:
        site.new()
    assert caught.value.code == OperationCode.NOT_DONE
