"""What is seen of a certificate, against openssl's word, and every warning."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from freeradius_mdm.lab.certificates import KeyType
from freeradius_mdm.lab.pki import LabPki
from freeradius_mdm.operations.certificate.new import Wanted
from freeradius_mdm.operations.certificate.show import CertificateView, ServerCertificates, show
from freeradius_mdm.operations.certificate.switch import exchange
from freeradius_mdm.operations.codes import OperationCode
from freeradius_mdm.operations.errors import OperationError

from .bench import CLIENT, Site

DAY = 86400.0


def shown(site: Site, now: float | None = None) -> ServerCertificates:
    return show(site.server, time.time() if now is None else now)


def only(site: Site, now: float | None = None) -> CertificateView:
    (view,) = shown(site, now).certificates
    return view


def openssl(file: Path, *what: str) -> str:
    command = ["openssl", "x509", "-in", str(file), "-noout", "-nameopt", "RFC2253", *what]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip().partition("=")[2]


def test_the_one_in_use(site: Site) -> None:
    made = site.new(Wanted(name="radius1", bits=2048))
    view = only(site)
    assert (view.stage, view.belongs, view.warnings) == ("in-use", True, ())
    assert (view.certificate_file, view.key_file) == (made.certificate_file, made.key_file)
    assert (view.subject, view.issuer, view.self_signed) == ("CN=radius1", "CN=radius1", True)
    assert view.subject == openssl(made.certificate_file, "-subject")
    assert view.serial.upper().zfill(40) == openssl(made.certificate_file, "-serial").zfill(40)
    assert (view.key_type, view.key_bits) == ("RSA", 2048)
    assert view.sha1 == openssl(made.certificate_file, "-fingerprint", "-sha1").replace(":", "")
    assert view.sha256 == openssl(made.certificate_file, "-fingerprint", "-sha256").replace(":", "")
    assert view.not_after is not None
    assert view.not_before is not None
    # Two years, from an hour ago.
    assert round(view.not_after - view.not_before) == 730 * DAY + 3600
    found = shown(site)
    assert (found.server, found.client_id, found.notes) == ("intune", CLIENT, ())


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (31 * DAY, None),
        (29 * DAY, "it expires in 29 days: make the next one with mdmctl cert new"),
        (-1, "it has expired: Entra refuses it; make a new one with mdmctl cert new"),
        (740 * DAY, "it is not valid yet: is this machine's clock right?"),
    ],
)
def test_its_end_is_warned_of(site: Site, left: float, said: str | None) -> None:
    end = site.new().not_after
    assert end is not None
    assert only(site, end - left).warnings == ((said,) if said else ())


def test_the_next_one_and_the_one_before(site: Site) -> None:
    site.in_use()
    site.new()
    found = shown(site)
    assert [view.stage for view in found.certificates] == ["in-use", "next"]
    assert found.notes == ("upload the next one, then run mdmctl cert switch intune",)
    exchange(site.files)
    found = shown(site)
    assert [view.stage for view in found.certificates] == ["in-use", "previous"]
    assert found.notes == ()
    # That the old one expires one day is nobody's business.
    assert found.certificates[1].not_after is not None
    assert shown(site, found.certificates[1].not_after + 1).certificates[1].warnings == ()


def test_an_interrupted_switch(site: Site) -> None:
    site.new()
    site.new()
    renames = 0

    def rename(old: Path, new: Path) -> None:
        nonlocal renames
        renames += 1
        if renames == 4:
            raise KeyboardInterrupt
        old.replace(new)

    with pytest.raises(KeyboardInterrupt):
        exchange(site.files, rename=rename)
    found = shown(site)
    assert found.certificates[0].belongs is False
    assert found.notes == ("a switch was interrupted, mdmd still signs in: run mdmctl cert switch intune again",)


def test_a_request_waits_for_its_certificate(site: Site) -> None:
    site.in_use()
    made = site.new(Wanted(bits=2048, csr=True))
    assert shown(site).notes == (f"put the certificate that was issued for {made.key_file} at {made.certificate_file}",)


def other_key(site: Site, pki: LabPki) -> str:
    site.files.key.write_bytes(pki.application("other").key_file.read_bytes())
    return f"{site.files.key} does not belong to {site.files.certificate}"


def open_key(site: Site, _: LabPki) -> str:
    site.files.key.chmod(0o640)
    return f"{site.files.key} is open to others than"


def no_key(site: Site, _: LabPki) -> str:
    site.files.key.unlink()
    return f"{site.files.key} can't be looked at: No such file or directory"


def no_certificate(site: Site, _: LabPki) -> str:
    site.files.certificate.unlink()
    return f"M: {site.files.certificate} can't be read: No such file or directory"


def garbage(site: Site, _: LabPki) -> str:
    site.files.certificate.write_text("nothing")
    return f"{site.files.certificate} is no PEM certificate"


def small(site: Site, pki: LabPki) -> str:
    made = pki.application("small", key_type=KeyType.RSA_1024)
    site.files.certificate.write_bytes(made.cert_file.read_bytes())
    return "Entra needs 2048 bit RSA or more"


def elliptic(site: Site, pki: LabPki) -> str:
    made = pki.application("elliptic", key_type=KeyType.EC_256)
    site.files.certificate.write_bytes(made.cert_file.read_bytes())
    return "Entra takes RSA only, this is EC"


@pytest.mark.parametrize("spoil", [other_key, open_key, no_key, no_certificate, garbage, small, elliptic])
def test_what_wants_attention(site: Site, pki: LabPki, spoil: Callable[[Site, LabPki], str]) -> None:
    site.new()
    said = spoil(site, pki).removeprefix("M: ")
    assert any(said in warning for warning in only(site).warnings)


def test_a_server_with_a_secret(site: Site) -> None:
    site.server = replace(site.server, certificate_file=None, key_file=None, client_secret_file=Path("/secret"))
    with pytest.raises(OperationError) as caught:
        shown(site)
    assert caught.value.code == OperationCode.CERTIFICATE_UNUSABLE
