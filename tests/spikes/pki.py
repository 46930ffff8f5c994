"""A throw-away PKI made with the openssl command: a CA, a server, good and bad clients."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

DEVICE_GUID = "0d9f6f0e-53a4-4f0b-9d25-2a7e6f1c4b11"
SID_URI = "tag:microsoft.com,2022-09-14:sid:S-1-5-21-1-2-3-1104"
DEVICE_URI = f"ID:Microsoft Endpoint Manager:GUID:{DEVICE_GUID}"

# The strong-mapping SID stands first on purpose: a reader that takes the first URI name takes the wrong one.
CLIENT_EXTENSIONS = f"""
[ext]
basicConstraints = CA:FALSE
keyUsage = digitalSignature
extendedKeyUsage = clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = @names
[names]
URI.1 = {SID_URI}
URI.2 = {DEVICE_URI}
email.1 = user@example.com
otherName.1 = 1.3.6.1.4.1.311.20.2.3;UTF8:user@corp.example.com
"""
SERVER_EXTENSIONS = """
[ext]
basicConstraints = CA:FALSE
keyUsage = digitalSignature, keyEncipherment
extendedKeyUsage = serverAuth
subjectAltName = DNS:radius.example.com
"""
CA_EXTENSIONS = """
[ext]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
"""


def _openssl(*arguments: object) -> None:
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"openssl {arguments[0]}: {done.stderr.strip()[-400:]}")


def _issue(where: Path, name: str, ca: str | None, extensions: str, days: int = 30) -> None:
    """Write NAME.key and NAME.pem; negative days give a certificate that has expired."""
    key, request, certificate = (where / f"{name}.{ending}" for ending in ("key", "csr", "pem"))
    config = where / f"{name}.cnf"
    config.write_text(extensions, encoding="utf-8")
    subject = f"/O=Example/CN={name}"
    _openssl("req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", request, "-subj", subject)
    signer = ["-signkey", key] if ca is None else ["-CA", where / f"{ca}.pem", "-CAkey", where / f"{ca}.key"]
    _openssl(
        "x509",
        "-req",
        "-in",
        request,
        "-out",
        certificate,
        "-days",
        days,
        "-sha256",
        "-set_serial",
        random.SystemRandom().getrandbits(62),
        *signer,
        "-extfile",
        config,
        "-extensions",
        "ext",
    )


def make(where: Path) -> None:
    """Write ca, server, client, expired, other-ca and stranger into the directory."""
    where.mkdir(parents=True)
    _issue(where, "ca", None, CA_EXTENSIONS)
    _issue(where, "server", "ca", SERVER_EXTENSIONS)
    _issue(where, "client", "ca", CLIENT_EXTENSIONS)
    _issue(where, "expired", "ca", CLIENT_EXTENSIONS, days=-1)
    _issue(where, "other-ca", None, CA_EXTENSIONS)
    _issue(where, "stranger", "other-ca", CLIENT_EXTENSIONS)
    for path in where.iterdir():
        path.chmod(0o644)
