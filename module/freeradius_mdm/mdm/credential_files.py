"""The files of a credential, each read and checked by itself: certificate, private key, client secret.

Every fault is a SourceError M1212 that names the file and the operator's next step. `credentials` puts the parts
together for MSAL; the connection test looks at them one by one.
"""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.x509.oid import NameOID

from ..errors import SourceError
from .codes import MdmCode
from .failures import failure

SMALLEST_KEY = 2048  # bits, Entra's limit
_LARGEST_FILE = 1 << 18
_OTHERS = stat.S_IRGRP | stat.S_IWGRP | stat.S_IROTH | stat.S_IWOTH


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """What an operator compares with the app registration. Fingerprints: upper-case hexadecimal, no colons."""

    subject: str
    sha1: str
    sha256: str
    not_after: datetime

    def __str__(self) -> str:
        return f"{self.subject}, SHA-1 {self.sha1}, SHA-256 {self.sha256}, valid until {self.not_after:%Y-%m-%d}"


def facts_of(leaf: x509.Certificate) -> CertificateFacts:
    """Subject, fingerprints and end of a certificate."""
    return CertificateFacts(
        subject=leaf.subject.rfc4514_string(),
        sha1=leaf.fingerprint(SHA1()).hex().upper(),  # noqa: S303  the portal shows SHA-1
        sha256=leaf.fingerprint(SHA256()).hex().upper(),
        not_after=leaf.not_valid_after_utc,
    )


def common_name(leaf: x509.Certificate) -> str:
    """The subject's CN, "" without one."""
    names = leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else ""


def unusable(seen: str, advice: str) -> SourceError:
    """M1212 with what was seen and the next step."""
    return failure(MdmCode.CREDENTIAL, seen, advice=advice)


def read(path: Path, *, private: bool) -> bytes:
    """The file's octets. `private`: refused when group or others may read or write it. Raises M1212."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if private and mode & _OTHERS:
                raise unusable(
                    f"{path} can be read or written by others (mode {stat.S_IMODE(mode):04o})",
                    f"chmod 0400 {path}, owned by mdmd's user",
                )
            data = file.read(_LARGEST_FILE + 1)
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        advice = "put it there, or name the right file" if missing else "make it readable for mdmd's user"
        raise unusable(f"{path} can't be read: {error.strerror}", advice) from None
    if len(data) > _LARGEST_FILE:
        raise unusable(f"{path} is over {_LARGEST_FILE} bytes", "name the right file")
    return data


def check_there(server: str, certificate_file: Path, key_file: Path) -> None:
    """Return if neither file is missing. Raises M1212; of a new site, `server` is the one to make both for."""
    gone = [path for path in (key_file, certificate_file) if _is_missing(path)]
    if not gone:
        return
    make = f"mdmctl cert new {server}"
    if len(gone) == 2 or key_file == certificate_file:
        advice = f"{make}, which makes key and certificate"
    elif gone == [key_file]:
        advice = f"put the key of {certificate_file} there; or move that away, then {make} makes both anew"
    else:
        advice = f"put the certificate there that was issued for {key_file}; or move that away, then {make}"
    raise unusable(f"{gone[0]} can't be read: {os.strerror(errno.ENOENT)}", advice)


def _is_missing(path: Path) -> bool:
    try:
        path.stat()
    except FileNotFoundError:
        return True
    except OSError:  # a directory that can't be entered, for instance
        return False
    return False


def read_secret(path: Path) -> str:
    """A client secret. Raises M1212."""
    try:
        secret = read(path, private=True).decode("ascii").strip()
    except UnicodeDecodeError:
        raise unusable(f"{path} holds characters no secret has", "put the secret's value into it") from None
    # An editor's newline is not part of it, and MSAL would send it.
    if not secret or len(secret.split()) != 1:
        raise unusable(f"{path} is empty or holds more than one word", "put only the secret's VALUE into it")
    return secret


def read_certificate(path: Path) -> x509.Certificate:
    """The first certificate of the file, the only one Entra compares; its dates are not looked at. Raises M1212."""
    try:
        chain = x509.load_pem_x509_certificates(read(path, private=False))
    except ValueError:
        raise unusable(f"{path} is no PEM certificate", "the leaf certificate comes first, in PEM") from None
    leaf = chain[0]
    key = leaf.public_key()
    if not isinstance(key, RSAPublicKey):
        raise unusable(f"{path} has a {_kind(key)} key", "Entra takes RSA only: make a new RSA certificate")
    if key.key_size < SMALLEST_KEY:
        raise unusable(f"{path} has {key.key_size} bit", f"Entra needs {SMALLEST_KEY} bit RSA or more")
    return leaf


def check_life(path: Path, leaf: x509.Certificate, now: float) -> None:
    """Return if the certificate of that file is valid at `now`, epoch seconds. Raises M1212."""
    moment = datetime.fromtimestamp(now, UTC)
    if moment >= leaf.not_valid_after_utc:
        raise unusable(
            f"{path} expired on {leaf.not_valid_after_utc:%Y-%m-%d %H:%M:%SZ}",
            "make a new certificate, upload it to the app registration, then switch; or set the clock right",
        )
    if moment < leaf.not_valid_before_utc:
        raise unusable(
            f"{path} is valid from {leaf.not_valid_before_utc:%Y-%m-%d %H:%M:%SZ} only",
            "set this machine's clock right",
        )


def read_key(path: Path, passphrase_file: Path | None) -> RSAPrivateKey:
    """The private key, decrypted. Raises M1212."""
    passphrase = read(passphrase_file, private=True).strip(b"\r\n") if passphrase_file else None
    data = read(path, private=True)
    try:
        key = serialization.load_pem_private_key(data, passphrase or None)
    except TypeError:
        if passphrase is None:
            raise unusable(f"{path} is encrypted", "name its passphrase's file in key_passphrase_file") from None
        # A passphrase for a key without one: harmless, and what an operator forgets when decrypting the key.
        key = serialization.load_pem_private_key(data, None)
    except ValueError:
        raise unusable(f"{path} is no PEM private key, or the passphrase is wrong", "mend the file") from None
    if not isinstance(key, RSAPrivateKey):
        raise unusable(f"{path} is a {_kind(key)} key", "Entra takes RSA only: make a new RSA key and certificate")
    return key


def check_pair(key: RSAPrivateKey, leaf: x509.Certificate, key_file: Path, certificate_file: Path) -> None:
    """Return if the certificate was made for that key. Raises M1212."""
    if key.public_key() != leaf.public_key():
        raise unusable(
            f"{key_file} does not belong to {certificate_file}",
            "name the key this certificate was made with; in a chain file the leaf must come first",
        )


def _kind(key: object) -> str:
    return type(key).__name__.lstrip("_").removesuffix("PublicKey").removesuffix("PrivateKey")
