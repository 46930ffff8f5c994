"""How the files of a certificate's renewal are called, and which key belongs while they are being exchanged.

Beside `application.pem` and `application.key` lie `application.next.pem` and `.next.key`, made and uploaded but not yet
in use, and `application.previous.pem` and `.previous.key`, in use before. Two files can't be replaced in one step: the
key is replaced first, then the certificate, so that whoever reads the certificate before its key, as `credentials.load`
does, meets one of three pairs: both old, both new, or the old certificate beside the new key. In the last case, which
lasts for as long as an exchange was interrupted there, the old key is the one set aside.
"""

from __future__ import annotations

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from .credential_files import read_key

NEXT = "next"
PREVIOUS = "previous"


def beside(file: Path, stage: str) -> Path:
    """`application.next.pem` for `application.pem` and `next`; where the file is a link, beside what it points to."""
    real = file.resolve() if file.is_symlink() else file
    return real.with_name(f"{real.stem}.{stage}{real.suffix}")


def key_for(leaf: x509.Certificate, key_file: Path, passphrase_file: Path | None) -> RSAPrivateKey:
    """The key in use, or the one set aside when only that belongs to the certificate. Raises SourceError M1212."""
    key = read_key(key_file, passphrase_file)
    aside = beside(key_file, PREVIOUS)
    if key.public_key() != leaf.public_key() and aside.exists():
        set_aside = read_key(aside, passphrase_file)
        if set_aside.public_key() == leaf.public_key():
            return set_aside
    return key
