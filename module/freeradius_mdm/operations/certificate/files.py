"""Where a server's certificate and key lie, and who owns them."""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from ...config.model import Server
from ...mdm.renewal_files import NEXT, PREVIOUS, beside
from ..codes import OperationCode
from ..errors import OperationError


@dataclass(frozen=True, slots=True)
class Files:
    """A certificate and its key; both can be one file."""

    certificate: Path
    key: Path

    @property
    def next(self) -> Files:
        """The pair that shall follow."""
        return self._stage(NEXT)

    @property
    def previous(self) -> Files:
        """The pair that was in use before."""
        return self._stage(PREVIOUS)

    @property
    def request(self) -> Path:
        """Where a certificate signing request for that pair goes."""
        return self.certificate.with_suffix(".csr")

    @property
    def both(self) -> tuple[Path, ...]:
        """The certificate, and the key where that is another file."""
        return (self.certificate,) if self.certificate == self.key else (self.certificate, self.key)

    @property
    def there(self) -> tuple[Path, ...]:
        """Those that exist."""
        return tuple(file for file in self.both if os.path.lexists(file))

    def _stage(self, stage: str) -> Files:
        return Files(beside(self.certificate, stage), beside(self.key, stage))


def files_of(server: Server) -> Files:
    """The configured files. Raises OperationError M1841 for a server that signs in with a client secret."""
    if server.certificate_file is None or server.key_file is None:
        raise OperationError(
            OperationCode.CERTIFICATE_UNUSABLE,
            f"{server.name} signs in with a client secret",
            where=f"client_secret_file = {server.client_secret_file}",
            allowed="certificate_file and key_file",
            next="name the files for certificate and key in place of client_secret_file, and run this again",
        )
    return Files(server.certificate_file, server.key_file)


@dataclass(frozen=True, slots=True)
class Owner:
    """A user and a group, by number."""

    uid: int
    gid: int

    def __str__(self) -> str:
        try:
            return pwd.getpwuid(self.uid).pw_name
        except KeyError:
            return f"uid {self.uid}"


def owner_of(file: Path) -> Owner:
    """Who owns a file. Raises OSError."""
    facts = file.stat()
    return Owner(facts.st_uid, facts.st_gid)
