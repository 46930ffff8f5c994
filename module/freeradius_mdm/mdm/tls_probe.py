"""What a server presented when TLS failed: issuer chain, SHA-256, expiry (intune.md section 9).

Only ever run after a failure, for the text of the error. It shakes hands without verifying, reads the certificates
and hangs up: nothing is sent, so nothing can be disclosed.
"""

from __future__ import annotations

import http.client
import socket
import ssl
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from .dialing import connect, host_and_port


def presented_chain(host: str, connect_to: str | None, proxy: str | None, timeout: float) -> str:
    """One line about the certificates that `host` shows, or why they could not be had. Never raises."""
    try:
        return "; ".join(_describe(der) for der in _fetch(host, connect_to, proxy, timeout)) or "no certificate shown"
    except Exception as error:  # a diagnosis must not hide what it is about
        return f"the certificate could not be fetched for this message ({type(error).__name__})"


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
    if address.scheme != "http" or address.username:
        raise OSError("only a plain proxy can be asked")
    tunnel = http.client.HTTPSConnection(address.hostname or "", address.port or 80, timeout=timeout, context=context)
    tunnel.set_tunnel(host, 443)
    try:
        tunnel.connect()
        return _chain(tunnel.sock)
    finally:
        tunnel.close()


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


def _describe(der: bytes) -> str:
    certificate = x509.load_der_x509_certificate(der)
    return (
        f"{certificate.subject.rfc4514_string()} issued by {certificate.issuer.rfc4514_string()}, "
        f"SHA-256 {certificate.fingerprint(SHA256()).hex().upper()}, "
        f"valid until {certificate.not_valid_after_utc:%Y-%m-%d %H:%M:%SZ}"
    )
