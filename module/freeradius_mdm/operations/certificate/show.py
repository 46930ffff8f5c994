"""What there is to see of a server's certificates, and what wants attention before it becomes an outage."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256

from ...config.model import Server
from ...errors import SourceError
from ...mdm.credential_files import SMALLEST_KEY, read, read_key
from .files import Files, files_of, owner_of
from .service_user import service_user, warnings_about

SOON = 30 * 86400.0  # seconds before the end from which it is warned of
_PRIVATE = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class CertificateView:
    """One certificate file. Times: epoch seconds; fingerprints: upper-case hexadecimal, as the portal shows them.

    `stage`: in-use, next or previous. `belongs`: whether it was made with the key beside it, None when that can't be
    told. `key_type`, `key_bits`: of the certificate's public key. With a file that can't be read all but `stage`,
    the files and `warnings` is empty.
    """

    stage: str
    certificate_file: Path
    key_file: Path
    warnings: tuple[str, ...]
    belongs: bool | None = None
    subject: str = ""
    issuer: str = ""
    self_signed: bool = False
    serial: str = ""
    not_before: float | None = None
    not_after: float | None = None
    sha1: str = ""
    sha256: str = ""
    key_type: str = ""
    key_bits: int = 0


@dataclass(frozen=True, slots=True)
class ServerCertificates:
    """`notes`: what is to be known about the pairs together."""

    server: str
    client_id: str
    certificates: tuple[CertificateView, ...]
    notes: tuple[str, ...] = ()


def show(server: Server, now: float) -> ServerCertificates:
    """The certificate in use, the next and the previous one. Raises OperationError M1841 for a client secret."""
    files = files_of(server)
    if not files.there:
        what = f"neither certificate nor key is there: make them with mdmctl cert new {server.name}"
        shown = [CertificateView("in-use", files.certificate, files.key, (what,))]
    else:
        shown = [_view("in-use", files, server.key_passphrase_file, now)]
    shown += [
        _view(stage, pair, server.key_passphrase_file, now)
        for stage, pair in (("next", files.next), ("previous", files.previous))
        if pair.there
    ]
    return ServerCertificates(server.name, server.client_id, tuple(shown), _notes(server, files, shown))


def _notes(server: Server, files: Files, shown: list[CertificateView]) -> tuple[str, ...]:
    stages = {view.stage: view for view in shown}
    if shown[0].belongs is False and "previous" in stages:
        return (f"a switch was interrupted, mdmd still signs in: run mdmctl cert switch {server.name} again",)
    if "next" in stages and stages["next"].sha1 and stages["next"].belongs:
        return (f"upload the next one, then run mdmctl cert switch {server.name}",)
    if "next" in stages and not files.next.certificate.exists():
        return (f"put the certificate that was issued for {files.next.key} at {files.next.certificate}",)
    return ()


def _view(stage: str, files: Files, passphrase_file: Path | None, now: float) -> CertificateView:
    belongs, warnings = None, _key_warnings(files.key)
    try:
        leaf = x509.load_pem_x509_certificates(read(files.certificate, private=False))[0]
    except SourceError as error:
        return CertificateView(stage, files.certificate, files.key, (_said(error), *warnings))
    except ValueError:
        said = f"{files.certificate} is no PEM certificate: the certificate itself comes first, in PEM"
        return CertificateView(stage, files.certificate, files.key, (said, *warnings))
    try:
        belongs = read_key(files.key, passphrase_file).public_key() == leaf.public_key()
    except SourceError as error:
        if not warnings:
            warnings.append(_said(error))
    if belongs is False:
        warnings.insert(0, f"{files.key} does not belong to {files.certificate}")
    kind, bits = _key(leaf)
    return CertificateView(
        stage=stage,
        certificate_file=files.certificate,
        key_file=files.key,
        warnings=(*_certificate_warnings(leaf, kind, bits, stage, now), *warnings),
        belongs=belongs,
        subject=leaf.subject.rfc4514_string(),
        issuer=leaf.issuer.rfc4514_string(),
        self_signed=leaf.subject == leaf.issuer,
        serial=f"{leaf.serial_number:x}",
        not_before=leaf.not_valid_before_utc.timestamp(),
        not_after=leaf.not_valid_after_utc.timestamp(),
        sha1=leaf.fingerprint(SHA1()).hex().upper(),  # noqa: S303  the portal shows SHA-1
        sha256=leaf.fingerprint(SHA256()).hex().upper(),
        key_type=kind,
        key_bits=bits,
    )


def _key(leaf: x509.Certificate) -> tuple[str, int]:
    key = leaf.public_key()
    if isinstance(key, RSAPublicKey | EllipticCurvePublicKey):
        return "RSA" if isinstance(key, RSAPublicKey) else "EC", key.key_size
    return type(key).__name__.lstrip("_").removesuffix("PublicKey"), 0


def _certificate_warnings(leaf: x509.Certificate, kind: str, bits: int, stage: str, now: float) -> list[str]:
    found = []
    left = leaf.not_valid_after_utc.timestamp() - now
    if stage != "previous" and left <= 0:
        found.append("it has expired: Entra refuses it; make a new one with mdmctl cert new")
    elif stage != "previous" and left < SOON:
        found.append(f"it expires in {left / 86400:.0f} days: make the next one with mdmctl cert new")
    if leaf.not_valid_before_utc.timestamp() > now:
        found.append("it is not valid yet: is this machine's clock right?")
    if kind != "RSA":
        found.append(f"Entra takes RSA only, this is {kind}: make a new one with mdmctl cert new")
    elif bits < SMALLEST_KEY:
        found.append(f"Entra needs {SMALLEST_KEY} bit RSA or more: make a new one with mdmctl cert new")
    return found


def _key_warnings(file: Path) -> list[str]:
    try:
        mode = stat.S_IMODE(file.stat().st_mode)
        owner = owner_of(file)
    except OSError as error:
        return [f"{file} can't be looked at: {error.strerror}"]
    if mode & _PRIVATE:
        return [f"{file} is open to others than {owner} (mode {mode:04o}): chmod 0400 {file}"]
    user = service_user()
    return list(warnings_about(file, owner, user)) if user.owner is not None else []


def _said(error: SourceError) -> str:
    return f"{error.detail}: {error.advice}"
