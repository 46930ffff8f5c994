"""The TLS side of EAP-TLS: a context built once, and one handshake through memory instead of a socket."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from freeradius_mdm.lab.radius.errors import CredentialsError


class TlsVersion(Enum):
    """The versions EAP-TLS is used with: RFC 5216 with 1.2, RFC 9190 with 1.3."""

    TLS_1_2 = "1.2"
    TLS_1_3 = "1.3"

    @property
    def number(self) -> ssl.TLSVersion:
        return ssl.TLSVersion.TLSv1_2 if self is TlsVersion.TLS_1_2 else ssl.TLSVersion.TLSv1_3


@dataclass(frozen=True, slots=True)
class Certificates:
    """PEM files of a device: certificate (intermediates behind it), key, and the CA of the RADIUS server."""

    certificate: Path
    key: Path
    ca: Path
    key_password: str | None = field(default=None, repr=False)


class TlsProfile:
    """What all handshakes of a device share: certificates, versions, the server name wanted.

    Building it reads three files; keep it. The server's certificate is always verified against `ca`; with
    `server_name` its DNS name must fit as well (the name is then also sent as SNI). A session can be resumed
    only with the profile it was made with. Raises CredentialsError.
    """

    def __init__(
        self,
        certificates: Certificates,
        *,
        minimum: TlsVersion = TlsVersion.TLS_1_2,
        maximum: TlsVersion = TlsVersion.TLS_1_3,
        server_name: str | None = None,
    ) -> None:
        self.server_name = server_name
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.context.check_hostname = server_name is not None
        self.context.minimum_version = minimum.number
        self.context.maximum_version = maximum.number
        self._load(certificates)

    def handshake(self, session: ssl.SSLSession | None = None) -> Handshake:
        """Begin a handshake; `session` of an earlier one asks the server to resume it."""
        return Handshake(self, session)

    def _load(self, files: Certificates) -> None:
        for path in (files.certificate, files.key, files.ca):
            if not path.is_file():
                raise CredentialsError(f"{path}: no such file; `make run` has made its own in .state/lab/pki")
        try:
            # An empty password keeps OpenSSL from asking at the terminal when the key is encrypted.
            self.context.load_cert_chain(files.certificate, files.key, files.key_password or "")
        except (ssl.SSLError, OSError) as error:
            raise CredentialsError(
                f"{files.certificate} with {files.key}: {_reason(error)}; do the two belong together?"
            ) from error
        try:
            self.context.load_verify_locations(files.ca)
        except (ssl.SSLError, OSError) as error:
            raise CredentialsError(f"{files.ca}: {_reason(error)}; is it a PEM file?") from error


class Handshake:
    """One TLS client connection fed with flights of octets.

    `established` is true once our side has finished; with TLS 1.3 the server may still refuse our
    certificate. `error` says why TLS failed, on either side. `application_data` is what the server sent after
    it: the commitment octet 0x00 of RFC 9190 section 2.5.
    """

    def __init__(self, profile: TlsProfile, session: ssl.SSLSession | None) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = profile.context.wrap_bio(
            self._incoming, self._outgoing, server_hostname=profile.server_name, session=session
        )
        self.established = False
        self.error: str | None = None
        self.application_data = b""

    def step(self, flight: bytes) -> bytes:
        """Take the server's flight (empty to begin), give ours; empty when there is nothing to say."""
        self._incoming.write(flight)
        try:
            if not self.established:
                self._tls.do_handshake()
                self.established = True
            # Also when nothing is expected: reading makes OpenSSL take in session tickets and late alerts.
            while data := self._tls.read():
                self.application_data += data
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as error:
            self.error = _reason(error)
        return self._outgoing.read()

    @property
    def version(self) -> str | None:
        """`TLSv1.2` or `TLSv1.3`; None before the handshake ended."""
        return self._tls.version()

    @property
    def resumed(self) -> bool:
        return bool(self._tls.session_reused)

    @property
    def session(self) -> ssl.SSLSession | None:
        """What to resume later. With TLS 1.3 the ticket comes after the handshake, so ask at the very end."""
        return self._tls.session if self.established and self.error is None else None


def _reason(error: Exception) -> str:
    """OpenSSL's words without the place in Python's source they were raised at."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the server's certificate is not accepted: {error.verify_message}"
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.lower().replace("_", " ")
    return str(error)
