"""TLS of the simulator: a certificate for each host, made when it is asked for, and broken ones for faults."""

from __future__ import annotations

import ssl
import warnings
from collections.abc import Iterable
from pathlib import Path

from ..certificates import KeyType
from ..pki import Credential, LabPki
from .faults import ActiveFaults

_SERVER_NAME, _HOST_NAME, _HANDSHAKE, _CLIENT_HELLO = 0, 0, 22, 1


class TlsContexts:
    """Server contexts, chosen by the name a client asks for and the faults that act."""

    def __init__(self, pki: LabPki, directory: Path, hosts: Iterable[str]) -> None:
        self._pki = pki
        self._directory = directory
        self._hosts = frozenset(hosts)
        self._cache: dict[str, ssl.SSLContext] = {}
        self._usual = self._context("usual", sorted(self._hosts))
        # Made here and not on demand: setting TLS 1.1 warns, and silencing warnings is no job for a second thread.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            old = self._context("tls-1.1", sorted(self._hosts))
            old.minimum_version = ssl.TLSVersion.TLSv1
            old.maximum_version = ssl.TLSVersion.TLSv1_1
            old.set_ciphers("ALL:@SECLEVEL=0")
        self._cache["tls-1.1"] = old

    def choose(self, host: str, faults: ActiveFaults, mint: bool) -> ssl.SSLContext:
        """The context for one connection; `mint` makes a certificate for a host that has none yet."""
        match faults.first("tls-1.1", "tls-expired", "tls-wrong-name", "tls-unknown-ca"):
            case "tls-1.1":
                return self._cache["tls-1.1"]
            case "tls-expired":
                return self._cached(f"expired-{host}", [host], days=-1)
            case "tls-wrong-name":
                return self._cached("wrong-name", ["some-other-host.example"])
            case "tls-unknown-ca":
                return self._cached(f"unknown-ca-{host}", [host], other_ca=True)
        if host not in self._hosts and not mint:
            return self._usual
        return self._cached(f"host-{host}", [host])

    def _cached(self, name: str, hosts: list[str], *, days: float = 30, other_ca: bool = False) -> ssl.SSLContext:
        if name not in self._cache:
            self._cache[name] = self._context(name, hosts, days=days, other_ca=other_ca)
        return self._cache[name]

    def _context(self, name: str, hosts: list[str], *, days: float = 30, other_ca: bool = False) -> ssl.SSLContext:
        credential: Credential = self._pki.server(
            name, hosts, days=days, other_ca=other_ca, key_type=KeyType.EC_256, directory=self._directory
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(credential.cert_file, credential.key_file)
        return context


def server_name(data: bytes) -> str | None:
    """The host name in a ClientHello, "" if it has none; None while `data` is not all of it (RFC 8446, RFC 6066)."""
    try:
        if data[0] != _HANDSHAKE:
            return ""
        if len(data) < 5 + int.from_bytes(data[3:5]):
            return None
        if data[5] != _CLIENT_HELLO:
            return ""
        at = 9 + 2 + 32
        at += 1 + data[at]  # session id
        at += 2 + int.from_bytes(data[at : at + 2])  # cipher suites
        at += 1 + data[at]  # compression methods
        return _from_extensions(data, at + 2, at + 2 + int.from_bytes(data[at : at + 2]))
    except IndexError:
        return None if len(data) < 5 else ""


def _from_extensions(data: bytes, at: int, end: int) -> str:
    while at + 4 <= end:
        kind, size = int.from_bytes(data[at : at + 2]), int.from_bytes(data[at + 2 : at + 4])
        body = data[at + 4 : at + 4 + size]
        if kind == _SERVER_NAME and len(body) > 5 and body[2] == _HOST_NAME:
            return body[5 : 5 + int.from_bytes(body[3:5])].decode("ascii", "replace").lower()
        at += 4 + size
    return ""
