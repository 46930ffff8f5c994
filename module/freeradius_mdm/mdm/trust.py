"""Whom we believe: the system's certificate authorities, plus the operator's (intune.md section 9).

The environment has no say: REQUESTS_CA_BUNDLE and SSL_CERT_FILE belong to whoever wrote the shell profile. There is
no way to switch verification off, and nothing is pinned: Microsoft moves between chains without notice.
"""

from __future__ import annotations

import ssl
from pathlib import Path

import certifi

from .codes import MdmCode
from .failures import failure

# Debian and Ubuntu, Red Hat, SUSE, Alpine.
_SYSTEM_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


def system_bundle() -> Path:
    """The operating system's bundle, else certifi's."""
    return next((path for name in _SYSTEM_BUNDLES if (path := Path(name)).is_file()), Path(certifi.where()))


def client_context(ca_file: Path | None) -> ssl.SSLContext:
    """A context that verifies chain and name, TLS 1.2 at least. Raises SourceError when a bundle is unreadable."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    for bundle in (system_bundle(), ca_file):
        if bundle is None:
            continue
        try:
            context.load_verify_locations(cafile=bundle)
        except (OSError, ssl.SSLError) as error:
            reason = error.strerror or str(error)
            raise failure(
                MdmCode.TLS,
                f"the trust store {bundle} can't be read: {reason}",
                advice="ca_file must be a PEM file of CA certificates that mdmd may read",
            ) from None
    return context
