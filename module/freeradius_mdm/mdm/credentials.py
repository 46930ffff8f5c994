"""The credential of an application registration, checked offline before MSAL sees it (intune.md section 2.6).

MSAL does not notice a key that belongs to another certificate or a certificate that has expired, and finds an
encrypted or unusable key only at the first token. Here each of these is an error that names the file.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256

from ..config.model import AssertionMode, Server
from ..errors import SourceError
from .codes import MdmCode
from .failures import failure

SMALLEST_KEY = 2048  # bits, Entra's limit
_LARGEST_FILE = 1 << 18


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """What an operator compares with the app registration. Fingerprints: upper-case hexadecimal, no colons."""

    subject: str
    sha1: str
    sha256: str
    not_after: datetime

    def __str__(self) -> str:
        return f"{self.subject}, SHA-1 {self.sha1}, SHA-256 {self.sha256}, valid until {self.not_after:%Y-%m-%d}"


@dataclass(frozen=True, slots=True)
class Credential:
    """`for_msal` is MSAL's `client_credential`. `certificate` is None for a secret. Never printed."""

    for_msal: str | dict[str, str]
    certificate: CertificateFacts | None

    def __repr__(self) -> str:
        return f"Credential({self.certificate or 'client secret'})"


def load(server: Server, now: float) -> Credential:
    """Read and check the credential files. `now`: epoch seconds. Raises SourceError M1212."""
    if server.client_secret_file is not None:
        return Credential(_secret(server.client_secret_file), None)
    if server.certificate_file is None or server.key_file is None:
        raise _unusable("no credential is configured", "configure certificate_file and key_file")
    certificate, leaf_pem = _certificate(server.certificate_file, now)
    key_pem = _key(server.key_file, server.key_passphrase_file, certificate, server.certificate_file)
    facts = CertificateFacts(
        subject=certificate.subject.rfc4514_string(),
        sha1=certificate.fingerprint(SHA1()).hex().upper(),  # noqa: S303  the portal shows SHA-1
        sha256=certificate.fingerprint(SHA256()).hex().upper(),
        not_after=certificate.not_valid_after_utc,
    )
    parts = {"private_key": key_pem, "public_certificate": leaf_pem}
    if server.assertion_mode is AssertionMode.RS256:
        # This is how MSAL is told to sign with RS256 and x5t.
        parts["thumbprint"] = facts.sha1
    return Credential(parts, facts)


def stamp(server: Server) -> tuple[Any, ...]:
    """Changes whenever a credential file does; files that can't be read count as such."""
    files = (
        server.certificate_file,
        server.key_file,
        server.key_passphrase_file,
        server.client_secret_file,
    )
    return tuple(_file_stamp(path) for path in files)


def _file_stamp(path: Path | None) -> tuple[int, int, int] | None:
    if path is None:
        return None
    try:
        facts = path.stat()
    except OSError:
        return None
    return (facts.st_mtime_ns, facts.st_size, facts.st_ino)


def _unusable(seen: str, advice: str) -> SourceError:
    return failure(MdmCode.CREDENTIAL, seen, advice=advice)


def _read(path: Path, *, private: bool) -> bytes:
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if private and mode & (stat.S_IRGRP | stat.S_IWGRP | stat.S_IROTH | stat.S_IWOTH):
                raise _unusable(
                    f"{path} can be read or written by others (mode {stat.S_IMODE(mode):04o})",
                    f"chmod 0400 {path}, owned by mdmd's user",
                )
            data = file.read(_LARGEST_FILE + 1)
    except OSError as error:
        raise _unusable(f"{path} can't be read: {error.strerror}", "make it readable for mdmd's user") from None
    if len(data) > _LARGEST_FILE:
        raise _unusable(f"{path} is over {_LARGEST_FILE} bytes", "name the right file")
    return data


def _secret(path: Path) -> str:
    try:
        secret = _read(path, private=True).decode("ascii").strip()
    except UnicodeDecodeError:
        raise _unusable(f"{path} holds characters no secret has", "put the secret's value into it") from None
    # An editor's newline is not part of it, and MSAL would send it.
    if not secret or len(secret.split()) != 1:
        raise _unusable(f"{path} is empty or holds more than one word", "put only the secret's VALUE into it")
    return secret


def _certificate(path: Path, now: float) -> tuple[x509.Certificate, str]:
    """The first certificate, the only one Entra compares, and its PEM."""
    try:
        chain = x509.load_pem_x509_certificates(_read(path, private=False))
    except ValueError:
        raise _unusable(f"{path} is no PEM certificate", "the leaf certificate comes first, in PEM") from None
    leaf = chain[0]
    key = leaf.public_key()
    if not isinstance(key, RSAPublicKey):
        raise _unusable(f"{path} has a {_kind(key)} key", "Entra takes RSA only: make a new RSA certificate")
    if key.key_size < SMALLEST_KEY:
        raise _unusable(f"{path} has {key.key_size} bit", f"Entra needs {SMALLEST_KEY} bit RSA or more")
    moment = datetime.fromtimestamp(now, UTC)
    if moment >= leaf.not_valid_after_utc:
        raise _unusable(
            f"{path} expired on {leaf.not_valid_after_utc:%Y-%m-%d %H:%M:%SZ}",
            "make a new certificate, upload it to the app registration, then switch; or set the clock right",
        )
    if moment < leaf.not_valid_before_utc:
        raise _unusable(
            f"{path} is valid from {leaf.not_valid_before_utc:%Y-%m-%d %H:%M:%SZ} only",
            "set this machine's clock right",
        )
    return leaf, leaf.public_bytes(serialization.Encoding.PEM).decode("ascii")


def _key(path: Path, passphrase_file: Path | None, leaf: x509.Certificate, certificate_file: Path) -> str:
    """The key, decrypted, as PEM."""
    passphrase = _read(passphrase_file, private=True).strip(b"\r\n") if passphrase_file else None
    data = _read(path, private=True)
    try:
        key = serialization.load_pem_private_key(data, passphrase or None)
    except TypeError:
        if passphrase is None:
            raise _unusable(f"{path} is encrypted", "name its passphrase's file in key_passphrase_file") from None
        # A passphrase for a key without one: harmless, and what an operator forgets when decrypting the key.
        key = serialization.load_pem_private_key(data, None)
    except ValueError:
        raise _unusable(f"{path} is no PEM private key, or the passphrase is wrong", "mend the file") from None
    if not isinstance(key, RSAPrivateKey):
        raise _unusable(f"{path} is a {_kind(key)} key", "Entra takes RSA only: make a new RSA key and certificate")
    if key.public_key() != leaf.public_key():
        raise _unusable(
            f"{path} does not belong to {certificate_file}",
            "name the key this certificate was made with; in a chain file the leaf must come first",
        )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return pem.decode("ascii")


def _kind(key: object) -> str:
    return type(key).__name__.lstrip("_").removesuffix("PublicKey").removesuffix("PrivateKey")
