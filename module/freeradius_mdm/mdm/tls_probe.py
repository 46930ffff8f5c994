"""What a server presents in the TLS handshake: issuer chain, SHA-256, expiry (intune.md section 9).

For the text of an error and for the connection test. It shakes hands without verifying, reads the certificates
and hangs up: nothing is sent, so nothing can be disclosed.
"""

from __future__ import annotations

import base64
import http.client
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from .dialing import connect, host_and_port


@dataclass(frozen=True, slots=True)
class PresentedCertificate:
    """One certificate of the chain. Names as in RFC 4514; `sha256`: upper-case hexadecimal, no colons."""

    subject: str
    issuer: str
    sha256: str
    not_after: datetime

    def __str__(self) -> str:
        return (
            f"{self.subject} issued by {self.issuer}, SHA-256 {self.sha256}, "
            f"valid until {self.not_after:%Y-%m-%d %H:%M:%SZ}"
        )


def presented_chain(host: str, connect_to: str | None, proxy: str | None, timeout: float) -> str:
    """One line about the certificates that `host` shows, or why they could not be had. Never raises."""
    try:
        return "; ".join(map(str, presented(host, connect_to, proxy, timeout))) or "no certificate shown"
    except Exception as error:  # a diagnosis must not hide what it is about
        return f"the certificate could not be fetched for this message ({type(error).__name__})"


def presented(host: str, connect_to: str | None, proxy: str | None, timeout: float) -> tuple[PresentedCertificate, ...]:
    """The certificates that `host` sends, its own first, within `timeout` seconds.

    The whole chain where Python can tell it, else only the first one. Raises OSError, ValueError, HTTPException.
    """
    return tuple(_facts(der) for der in _fetch(host, connect_to, proxy, timeout))


def wanted_root(chain: Sequence[PresentedCertificate]) -> str:
    """The root that a client has to have for this chain: the issuer of its last certificate; "" without a chain.

    A chain that a server sends whole ends in the root itself, which is its own issuer.
    """
    return chain[-1].issuer if chain else ""


def _fetch(host: str, connect_to: str | None, proxy: str | None, timeout: float) -> list[bytes]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if proxy is not None:
        return _fetch_through_proxy(host, proxy, context, timeout)
    target, port = host_and_port(connect_to) if connect_to else (host, 443)
    raw = connect(target, port, timeout)
    try:
        with context.wrap_socket(raw, server_hostname=host) as secured:
            return _chain(secured)
    finally:
        raw.close()


def _fetch_through_proxy(host: str, proxy: str, context: ssl.SSLContext, timeout: float) -> list[bytes]:
    address = urlsplit(proxy)
    if address.scheme != "http":
        raise OSError("only a plain proxy can be asked")
    tunnel = http.client.HTTPSConnection(address.hostname or "", address.port or 80, timeout=timeout, context=context)
    tunnel.set_tunnel(host, 443, _proxy_password(address.username, address.password))
    try:
        tunnel.connect()
        return _chain(tunnel.sock)
    finally:
        tunnel.close()


def _proxy_password(user: str | None, password: str | None) -> dict[str, str]:
    """The header for a proxy address with a user in it (RFC 7617)."""
    if not user:
        return {}
    pair = f"{unquote(user)}:{unquote(password or '')}".encode()
    return {"Proxy-Authorization": f"Basic {base64.b64encode(pair).decode()}"}


def _chain(secured: socket.socket | None) -> list[bytes]:
    """The whole chain where Python can tell it (3.13, and 3.10 on by a private name), else the first certificate."""
    if not isinstance(secured, ssl.SSLSocket):
        return []
    whole = getattr(secured, "get_unverified_chain", None) or getattr(
        getattr(secured, "_sslobj", None), "get_unverified_chain", None
    )
    certificates = whole() if whole is not None else None
    if certificates:
        return [c if isinstance(c, bytes) else ssl.PEM_cert_to_DER_cert(c.public_bytes()) for c in certificates[:6]]
    first = secured.getpeercert(binary_form=True)
    return [first] if first else []


def _facts(der: bytes) -> PresentedCertificate:
    certificate = x509.load_der_x509_certificate(der)
    return PresentedCertificate(
        certificate.subject.rfc4514_string(),
        certificate.issuer.rfc4514_string(),
        certificate.fingerprint(SHA256()).hex().upper(),
        certificate.not_valid_after_utc,
    )
