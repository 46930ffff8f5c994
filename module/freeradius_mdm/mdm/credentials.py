"""The credential of an application registration, checked offline before MSAL sees it (intune.md section 2.6).

MSAL does not notice a key that belongs to another certificate or a certificate that has expired, and finds an
encrypted or unusable key only at the first token. Here each of these is an error that names the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ..config.model import AssertionMode, Server
from .credential_files import (
    CertificateFacts,
    check_life,
    check_pair,
    check_there,
    facts_of,
    read_certificate,
    read_secret,
    unusable,
)
from .renewal_files import key_for

__all__ = ["CertificateFacts", "Credential", "load", "stamp"]


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
        return Credential(read_secret(server.client_secret_file), None)
    if server.certificate_file is None or server.key_file is None:
        raise unusable("no credential is configured", "configure certificate_file and key_file")
    check_there(server.name, server.certificate_file, server.key_file)
    leaf = read_certificate(server.certificate_file)
    check_life(server.certificate_file, leaf, now)
    key = key_for(leaf, server.key_file, server.key_passphrase_file)
    check_pair(key, leaf, server.key_file, server.certificate_file)
    facts = facts_of(leaf)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    parts = {"private_key": pem.decode("ascii"), "public_certificate": leaf.public_bytes(Encoding.PEM).decode("ascii")}
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
