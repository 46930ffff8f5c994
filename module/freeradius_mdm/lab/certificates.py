"""How one lab certificate is built: keys, names, extensions, and what the two Intune profiles put in.

Facts about the names: intune.md section 8. How the two profiles differ beyond the names is not published per
profile; the differences in `FORMS` are the lab's choice, made so that code that leans on one form fails here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID as Eku
from cryptography.x509.oid import NameOID

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

DEVICE_URI = "ID:Microsoft Endpoint Manager:GUID:{}"
SID_URI = "tag:microsoft.com,2022-09-14:sid:{}"
UPN_OID = x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")
SID_EXTENSION_OID = x509.ObjectIdentifier("1.3.6.1.4.1.311.25.2")
_SID_VALUE_OID = bytes.fromhex("060a2b060104018237190201")
_ENCRYPTING_FILE_SYSTEM = x509.ObjectIdentifier("1.3.6.1.4.1.311.10.3.4")


class KeyType(StrEnum):
    """RSA 2048 is what Intune's profiles ask for; EC is cheap for a fleet; Entra refuses RSA 1024."""

    RSA_2048 = "rsa2048"
    RSA_1024 = "rsa1024"
    EC_256 = "ec256"


class Profile(StrEnum):
    """The Intune certificate profile that a client certificate looks like."""

    SCEP = "scep"
    PKCS = "pkcs"


@dataclass(frozen=True, slots=True)
class Form:
    """What a profile decides besides the names.

    `subject_is_device_id`: CN is the device id, otherwise the device's name. `sid_first`: the
    strong-mapping URI stands before the device URI. `sid_extension`: the account's SID also goes into
    Microsoft's own extension, as the certificate connector does for PKCS. `others_reversed`: DNS names,
    e-mail and user name in the opposite order.
    """

    subject_is_device_id: bool
    sid_first: bool
    sid_extension: bool
    others_reversed: bool
    key_usage_critical: bool
    extended_usages: tuple[x509.ObjectIdentifier, ...]


FORMS = {
    Profile.SCEP: Form(True, True, False, False, True, (Eku.CLIENT_AUTH,)),
    Profile.PKCS: Form(
        False, False, True, True, False, (Eku.CLIENT_AUTH, Eku.EMAIL_PROTECTION, _ENCRYPTING_FILE_SYSTEM)
    ),
}


@dataclass(frozen=True, slots=True)
class Validity:
    """Both ends of a certificate's life, UTC."""

    start: dt.datetime
    end: dt.datetime

    @classmethod
    def days(cls, days: float) -> Validity:
        """From an hour ago for `days`; below 0: a certificate that ended that many days ago."""
        now = dt.datetime.now(dt.UTC).replace(microsecond=0)
        if days < 0:
            return cls(now + dt.timedelta(days=days - 365), now + dt.timedelta(days=days))
        return cls(now - dt.timedelta(hours=1), now + dt.timedelta(days=days))


@dataclass(frozen=True, slots=True)
class Issuer:
    """A certificate authority: what signs."""

    certificate: x509.Certificate
    key: PrivateKey


def new_key(kind: KeyType) -> PrivateKey:
    """A fresh private key; RSA 2048 takes about 40 ms."""
    if kind is KeyType.EC_256:
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(65537, 2048 if kind is KeyType.RSA_2048 else 1024)


def common_name(name: str, organisation: str | None = None) -> x509.Name:
    """`O=organisation, CN=name`. A CN longer than 64 characters is kept as it is: forgeries need it."""
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, name, _validate=False)]
    if organisation is not None:
        parts.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation))
    return x509.Name(parts)


def upn(value: str) -> x509.OtherName:
    """A user principal name as Microsoft stores it: otherName with a UTF8String below 128 bytes."""
    data = value.encode()
    return x509.OtherName(UPN_OID, _der(0x0C, data))


def client_names(
    form: Form,
    device_id: str | None,
    *,
    sid: str | None = None,
    uris: Sequence[str] | None = None,
    upn_name: str | None = None,
    email: str | None = None,
    dns: Sequence[str] = (),
) -> list[x509.GeneralName]:
    """Subject alternative names of a client certificate, in order.

    `uris` given: exactly these, in this order, with no check at all. Otherwise the device URI and, with
    `sid`, the strong-mapping URI in the profile's order.
    """
    if uris is None:
        uris = [DEVICE_URI.format(device_id)] if device_id is not None else []
        if sid is not None:
            uris.insert(0 if form.sid_first else len(uris), SID_URI.format(sid))
    others: list[x509.GeneralName] = []
    if upn_name is not None:
        others.append(upn(upn_name))
    if email is not None:
        # Unchecked, because a forged address is none; some releases of Python refuse it here.
        others.append(x509.RFC822Name._init_without_validation(email))
    others.extend(x509.DNSName(name) for name in dns)
    if form.others_reversed:
        others.reverse()
    return [*others, *map(x509.UniformResourceIdentifier, uris)]


def sid_extension(sid: str) -> x509.UnrecognizedExtension:
    """szOID_NTDS_CA_SECURITY_EXT with an account's SID (MS-WCCE 2.2.2.7.7.4)."""
    value = _der(0xA0, _der(0x04, sid.encode()))
    return x509.UnrecognizedExtension(SID_EXTENSION_OID, _der(0x30, _der(0xA0, _SID_VALUE_OID + value)))


def issue(
    subject: x509.Name,
    key: PrivateKey,
    issuer: Issuer,
    validity: Validity,
    *,
    extended_usages: Sequence[x509.ObjectIdentifier],
    names: Sequence[x509.GeneralName] = (),
    key_usage_critical: bool = True,
    extra: Sequence[x509.ExtensionType] = (),
) -> x509.Certificate:
    """An end entity certificate with the extensions that strict verifiers want."""
    is_rsa = isinstance(key, rsa.RSAPrivateKey)
    builder = (
        _start(subject, key, validity)
        .issuer_name(issuer.certificate.subject)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(key_encipherment=is_rsa), critical=key_usage_critical)
        .add_extension(x509.ExtendedKeyUsage(extended_usages), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), critical=False)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    for extension in extra:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(issuer.key, hashes.SHA256())


def self_signed(subject: x509.Name, key: PrivateKey, validity: Validity, *, ca: bool) -> x509.Certificate:
    """A root, or the certificate an administrator uploads to an app registration."""
    usage = _key_usage(ca=True) if ca else _key_usage()
    return (
        _start(subject, key, validity)
        .issuer_name(subject)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )


def _start(subject: x509.Name, key: PrivateKey, validity: Validity) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(validity.start)
        .not_valid_after(validity.end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _key_usage(*, ca: bool = False, key_encipherment: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        content_commitment=False,
        key_encipherment=key_encipherment,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )


def _der(tag: int, content: bytes) -> bytes:
    # Short form only: everything built here is far below 128 bytes, and a name that is not must fail loudly.
    if len(content) > 127:
        raise ValueError("a value longer than 127 bytes needs the long form of DER")
    return bytes([tag, len(content)]) + content
