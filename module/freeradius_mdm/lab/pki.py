"""The lab's certificate authorities and everything they issue, as PEM files in one directory.

Layout: `ca.pem`, `ca.key`, `other-ca.pem`, `other-ca.key`, and `NAME.pem` with `NAME.key` for each
certificate. All key files have mode 0600. No Diffie-Hellman file is made or needed: with OpenSSL 3,
FreeRADIUS takes its own groups when `dh_file` is not set.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID as Eku

from . import certificates as build
from .certificates import Issuer, KeyType, Profile, Validity

__all__ = ["AppCredential", "Credential", "KeyType", "LabPki", "Profile", "thumbprints"]

_ISSUE_DAYS = 365
_CA_DAYS = 3650


@dataclass(frozen=True, slots=True)
class Credential:
    """A certificate and its key, each a PEM file."""

    cert_file: Path
    key_file: Path
    certificate: x509.Certificate


@dataclass(frozen=True, slots=True)
class AppCredential(Credential):
    """What mdmd signs its client assertions with.

    Thumbprints: 40 and 64 upper-case hexadecimal digits, no colons.
    """

    sha1: str
    sha256: str


def thumbprints(certificate: x509.Certificate) -> tuple[str, str]:
    """SHA-1 and SHA-256 of the DER form, upper-case hexadecimal: as the portal shows a certificate."""
    # SHA-1 names the certificate, it protects nothing: the portal and `x5t` want it.
    sha1 = certificate.fingerprint(hashes.SHA1())  # noqa: S303
    return sha1.hex().upper(), certificate.fingerprint(hashes.SHA256()).hex().upper()


class LabPki:
    """One directory with a lab CA, a second CA that nobody trusts, and what they issue.

    Every issuing method writes new files over old ones of the same name; only the CAs are kept.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._cas: dict[str, Issuer] = {}

    @property
    def ca_file(self) -> Path:
        """The root that clients and servers of the lab trust."""
        return self.directory / "ca.pem"

    @property
    def other_ca_file(self) -> Path:
        """The root of `other_ca=True`: trusted by nobody."""
        return self.directory / "other-ca.pem"

    def create(self) -> LabPki:
        """Make the directory and both CAs, or load those that are there. Returns itself."""
        self.directory.mkdir(parents=True, exist_ok=True)
        for stem, name in (("ca", "Lab CA"), ("other-ca", "Some other CA")):
            self._cas[stem] = self._load_ca(stem) or self._new_ca(stem, name)
        return self

    def server(
        self,
        name: str,
        hosts: Iterable[str] = (),
        *,
        days: float = _ISSUE_DAYS,
        other_ca: bool = False,
        key_type: KeyType = KeyType.RSA_2048,
        directory: Path | None = None,
    ) -> Credential:
        """A TLS server certificate for DNS names and IP addresses; CN is the first host, or `name`.

        `directory`: where its files go, the PKI's own by default.
        Also the RADIUS server's (EKU serverAuth, which supplicants check). `days` below 0: expired that
        long ago.
        """
        names = [_host_name(host) for host in hosts]
        subject = build.common_name(str(names[0].value) if names else name)
        usages = [Eku.SERVER_AUTH]
        return self._issue(
            name, subject, key_type, days, other_ca, names=names, extended_usages=usages, directory=directory
        )

    def client(
        self,
        name: str,
        device_id: str | None,
        *,
        profile: Profile = Profile.SCEP,
        common_name: str | None = None,
        sid: str | None = None,
        uris: Sequence[str] | None = None,
        upn: str | None = None,
        email: str | None = None,
        dns: Sequence[str] = (),
        names: Sequence[x509.GeneralName] | None = None,
        days: float = _ISSUE_DAYS,
        other_ca: bool = False,
        key_type: KeyType = KeyType.RSA_2048,
    ) -> Credential:
        """A client certificate as an Intune profile would have it issued (`certificates.FORMS`).

        `device_id`: the Intune device id that the SAN URI carries; None leaves that URI out. `uris`
        replaces all URI names and `names` all names, both unchecked: that is how forgeries are made, for
        example `uris=["https://x/, URI:ID:Microsoft Endpoint Manager:GUID:..."]` or a name with NUL in
        it.
        """
        form = build.FORMS[profile]
        subject = common_name or (device_id if form.subject_is_device_id and device_id else name)
        if names is None:
            names = build.client_names(form, device_id, sid=sid, uris=uris, upn_name=upn, email=email, dns=dns)
        return self._issue(
            name,
            build.common_name(subject),
            key_type,
            days,
            other_ca,
            names=names,
            extended_usages=form.extended_usages,
            key_usage_critical=form.key_usage_critical,
            extra=[build.sid_extension(sid)] if sid is not None and form.sid_extension else [],
        )

    def application(
        self,
        name: str,
        *,
        common_name: str | None = None,
        days: float = _ISSUE_DAYS,
        key_type: KeyType = KeyType.RSA_2048,
    ) -> AppCredential:
        """A self-signed certificate for the app registration and its key: mdmd's credential at Entra."""
        key = build.new_key(key_type)
        subject = build.common_name(common_name or name)
        certificate = build.self_signed(subject, key, Validity.days(days), ca=False)
        cert_file = self._write(name, certificate, key)
        return AppCredential(cert_file, cert_file.with_suffix(".key"), certificate, *thumbprints(certificate))

    def pfx(self, name: str, credential: Credential, passphrase: str) -> Path:
        """`NAME.pfx`, mode 0600: a credential as PKCS #12, encrypted with `passphrase`."""
        key = serialization.load_pem_private_key(credential.key_file.read_bytes(), None)
        if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
            raise TypeError(f"{credential.key_file}: not a key of this PKI")
        encryption = serialization.BestAvailableEncryption(passphrase.encode())
        blob = pkcs12.serialize_key_and_certificates(name.encode(), key, credential.certificate, None, encryption)
        file = self._file(name, ".pfx")
        _write_private(file, blob)
        return file

    def _issue(
        self,
        name: str,
        subject: x509.Name,
        key_type: KeyType,
        days: float,
        other_ca: bool,
        *,
        names: Sequence[x509.GeneralName],
        extended_usages: Sequence[x509.ObjectIdentifier],
        key_usage_critical: bool = True,
        extra: Sequence[x509.ExtensionType] = (),
        directory: Path | None = None,
    ) -> Credential:
        if not self._cas:
            self.create()
        key = build.new_key(key_type)
        certificate = build.issue(
            subject,
            key,
            self._cas["other-ca" if other_ca else "ca"],
            Validity.days(days),
            extended_usages=extended_usages,
            names=names,
            key_usage_critical=key_usage_critical,
            extra=extra,
        )
        cert_file = self._write(name, certificate, key, directory)
        return Credential(cert_file, cert_file.with_suffix(".key"), certificate)

    def _new_ca(self, stem: str, name: str) -> Issuer:
        key = build.new_key(KeyType.RSA_2048)
        subject = build.common_name(name, "freeradius-mdm lab")
        certificate = build.self_signed(subject, key, Validity.days(_CA_DAYS), ca=True)
        self._write(stem, certificate, key)
        return Issuer(certificate, key)

    def _load_ca(self, stem: str) -> Issuer | None:
        cert_file, key_file = self._file(stem, ".pem"), self._file(stem, ".key")
        if not (cert_file.exists() and key_file.exists()):
            return None
        key = serialization.load_pem_private_key(key_file.read_bytes(), None)
        if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
            raise TypeError(f"{key_file}: not a key of this PKI")
        return Issuer(x509.load_pem_x509_certificate(cert_file.read_bytes()), key)

    def _write(
        self, name: str, certificate: x509.Certificate, key: build.PrivateKey, directory: Path | None = None
    ) -> Path:
        self.directory.mkdir(parents=True, exist_ok=True)
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        _write_private(self._file(name, ".key", directory), pem)
        cert_file = self._file(name, ".pem", directory)
        cert_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return cert_file

    def _file(self, name: str, suffix: str, directory: Path | None = None) -> Path:
        if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.@-]*", name):
            raise ValueError(f"not a file name: {name!r}")
        return (directory or self.directory) / f"{name}{suffix}"


def _write_private(file: Path, data: bytes) -> None:
    # Created with its mode, so that the key is never readable by others, not even for a moment.
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(data)


def _host_name(host: str) -> x509.DNSName | x509.IPAddress:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
