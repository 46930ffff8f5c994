"""Making a key and a self-signed certificate, or a signing request for a site's own PKI.

What Entra takes: RSA of 2048 bits or more, the certificate in PEM or DER, self-signed or not, its subject as one likes
(Microsoft identity platform, "Certificate credentials"). Nothing is ever overwritten: the first pair goes where the
configuration names it, every later one beside it, as the next.
"""

from __future__ import annotations

import datetime as dt
import socket
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ...config.model import Server
from ...errors import SourceError
from ...mdm.credential_files import facts_of, read
from ..codes import OperationCode
from ..errors import OperationError
from .files import Files, Owner, files_of, owner_of
from .service_user import ServiceUser, service_user, warnings_about
from .write import in_the_way, put

BITS = (2048, 3072, 4096)
DEFAULT_BITS = 3072  # NIST SP 800-57 part 1, table 2: 128 bits of security
DEFAULT_DAYS = 730
MOST_DAYS = 1095
_LONGEST_NAME = 64  # RFC 5280, ub-common-name
_START_EARLIER = dt.timedelta(hours=1)  # a clock at Microsoft or here may be a little off


@dataclass(frozen=True, slots=True)
class Wanted:
    """`name`: the subject's CN, "" for the usual one. `csr`: a signing request instead of a certificate."""

    name: str = ""
    days: int = DEFAULT_DAYS
    bits: int = DEFAULT_BITS
    csr: bool = False


@dataclass(frozen=True, slots=True)
class Made:
    """What was made. `next`: it is to replace one in use. `certificate_file`: of a signing request the place where the
    issued certificate belongs. `sha1`, `sha256`: the certificate's, as the portal shows them, "" for a request.
    """

    server: str
    client_id: str
    next: bool
    key_file: Path
    certificate_file: Path
    csr_file: Path | None
    subject: str
    sha1: str
    sha256: str
    not_after: float | None
    owner: str
    steps: tuple[str, ...]
    warnings: tuple[str, ...] = ()


def new(server: Server, wanted: Wanted, now: float, state_directory: Path | None = None) -> Made:
    """Make the files. `now`: epoch seconds. `state_directory`: mdmd's.

    Raises OperationError M1800, M1807, M1840, M1841. The key belongs to whom the key in use does, else to mdmd's
    user; where there is no such user it is the caller's.
    """
    _check(wanted)
    files, is_next = _place(files_of(server))
    if wanted.csr and files.certificate == files.key:
        raise OperationError(
            OperationCode.CERTIFICATE_UNUSABLE,
            "certificate_file and key_file are one file, which a signing request can't be made for",
            where=str(files.certificate),
            allowed="a file each",
            next="name two files in mdm.toml",
        )
    encryption = _encryption(server)
    key = rsa.generate_private_key(65537, wanted.bits)
    key_pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, wanted.name or default_name())])
    certificate = None if wanted.csr else _certificate(subject, key, wanted.days, now)
    user = service_user(state_directory)
    owner = _owner_for(files_of(server), user)
    if certificate is None:
        if files.request.exists():
            raise in_the_way(files.request)
        put(files.key, key_pem, 0o600, owner)
        put(files.request, _request(subject, key), 0o644, owner)
    elif files.certificate == files.key:
        put(files.key, certificate.public_bytes(Encoding.PEM) + key_pem, 0o600, owner)
    else:
        put(files.key, key_pem, 0o600, owner)
        put(files.certificate, certificate.public_bytes(Encoding.PEM), 0o644, owner)
    facts = facts_of(certificate) if certificate is not None else None
    actual = owner_of(files.key)
    give_away = () if owner in (None, actual) else (_give_away(files, owner),)
    return Made(
        server=server.name,
        client_id=server.client_id,
        next=is_next,
        key_file=files.key,
        certificate_file=files.certificate,
        csr_file=files.request if certificate is None else None,
        subject=subject.rfc4514_string(),
        sha1=facts.sha1 if facts else "",
        sha256=facts.sha256 if facts else "",
        not_after=facts.not_after.timestamp() if facts else None,
        owner=str(actual),
        steps=(*give_away, *_steps(server, files, is_next, wanted.csr)),
        warnings=() if give_away else warnings_about(files.key, actual, user),
    )


def default_name() -> str:
    """`freeradius-mdm HOST`."""
    return f"freeradius-mdm {socket.gethostname()}"[:_LONGEST_NAME]


def upload_steps(server: Server, certificate_file: Path) -> tuple[str, ...]:
    """Where a certificate is uploaded."""
    return (
        f"Entra admin centre, App registrations, All applications, the one with client id {server.client_id}",
        f"Certificates & secrets, Certificates, Upload certificate: {certificate_file} (never the key)",
    )


def _owner_for(files: Files, user: ServiceUser) -> Owner | None:
    """Whose a new key has to be; None for whoever calls."""
    try:
        return owner_of(files.key)
    except OSError:
        return user.owner


def _give_away(files: Files, owner: Owner | None) -> str:
    """For a user who is not root and so can't do it."""
    return f"as root: chown {owner} {files.key}, else mdmd can't read it"


def _steps(server: Server, files: Files, is_next: bool, csr: bool) -> tuple[str, ...]:
    issue = (f"have your PKI issue the certificate, and put it in PEM at {files.certificate}",) if csr else ()
    after = (
        f"some minutes later: mdmctl cert switch {server.name}, which proves first that Entra takes it"
        if is_next
        else f"mdmctl test {server.name}"
    )
    return (*issue, *upload_steps(server, files.certificate), after)


def _check(wanted: Wanted) -> None:
    faults = (
        (wanted.bits not in BITS, f"--bits {wanted.bits}", " or ".join(map(str, BITS))),
        (not 1 <= wanted.days <= MOST_DAYS, f"--days {wanted.days}", f"1 to {MOST_DAYS}"),
        (
            len(wanted.name) > _LONGEST_NAME or not (wanted.name.isprintable() and wanted.name == wanted.name.strip()),
            f"--name {wanted.name!r}",
            f"at most {_LONGEST_NAME} printable characters, the subject's common name",
        ),
    )
    for wrong, what, allowed in faults:
        if wrong:
            raise OperationError(OperationCode.WRONG_ARGUMENT, f"{what} does not fit", allowed=allowed)


def _place(files: Files) -> tuple[Files, bool]:
    """Where the new pair goes, and whether it is to follow one in use."""
    there = files.there
    if not there:
        return files, False
    if len(there) < len(files.both):
        missing = files.certificate if there == (files.key,) else files.key
        raise in_the_way(
            there[0],
            f"{missing} is missing: put there what belongs to it, or move {there[0].name} away to begin anew",
        )
    following = files.next
    if following.there:
        raise in_the_way(
            following.there[0], "mdmctl cert switch takes it into use; or move it away if it was never uploaded"
        )
    return following, True


def _encryption(server: Server) -> KeySerializationEncryption:
    """As the key in use: mdmd reads both with one passphrase."""
    if server.key_passphrase_file is None:
        return NoEncryption()
    try:
        passphrase = read(server.key_passphrase_file, private=True).strip(b"\r\n")
    except SourceError as error:
        raise OperationError(
            OperationCode.CERTIFICATE_UNUSABLE, error.detail, where="key_passphrase_file", next=error.advice
        ) from None
    return BestAvailableEncryption(passphrase) if passphrase else NoEncryption()


def _extensions() -> tuple[tuple[x509.ExtensionType, bool], ...]:
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (usage, True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False),
    )


def _certificate(subject: x509.Name, key: rsa.RSAPrivateKey, days: int, now: float) -> x509.Certificate:
    start = dt.datetime.fromtimestamp(now, dt.UTC).replace(microsecond=0)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start - _START_EARLIER)
        .not_valid_after(start + dt.timedelta(days=days))
        .add_extension(identifier, critical=False)
    )
    for extension, critical in _extensions():
        builder = builder.add_extension(extension, critical)
    return builder.sign(key, SHA256())


def _request(subject: x509.Name, key: rsa.RSAPrivateKey) -> bytes:
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    for extension, critical in _extensions():
        builder = builder.add_extension(extension, critical)
    return builder.sign(key, SHA256()).public_bytes(Encoding.PEM)
