"""Taking the next certificate into use without an outage.

First Entra proves that it takes the next one. Then the files are exchanged so that whoever reads them in between finds
a pair that belongs together (mdm/renewal_files.py), and so that an interrupted exchange is completed by doing it again:

    1. the key and the certificate in use are set aside, as previous: nothing in use has changed
    2. next key over key: the certificate in use now finds its key among what was set aside
    3. next certificate over certificate

mdmd reads the files anew with its next token request, since their stamp has changed; nothing is restarted.
"""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ...config.model import Server
from ...errors import SourceError
from ...mdm.credential_files import CertificateFacts, facts_of, read_certificate, read_key
from ..codes import OperationCode
from ..errors import OperationError
from .files import Files, files_of
from .write import not_permitted, sync

Rename = Callable[[Path, Path], None]
Prove = Callable[[Server, Files], None]


@dataclass(frozen=True, slots=True)
class Switched:
    """What is in use now, and what was before ("" where that could not be read)."""

    server: str
    client_id: str
    certificate_file: Path
    key_file: Path
    subject: str
    sha1: str
    sha256: str
    not_after: float
    previous_sha1: str
    previous_sha256: str
    completed: bool  # an exchange was interrupted before, and this one has completed it
    steps: tuple[str, ...]


def switch(server: Server, prove: Prove, rename: Rename = os.replace) -> Switched:
    """Prove and exchange. Raises OperationError M1807, M1841, M1842, M1843, and what `prove` raises.

    As long as `prove` has not returned nothing is changed.
    """
    files = files_of(server)
    with _alone(files):
        completing = _check(server, files)
        candidate = Files(files.next.certificate, files.key) if completing else files.next
        now, before = _usable(candidate), _facts(files.certificate)
        prove(server, candidate)
        try:
            exchange(files, completing=completing, rename=rename)
        except PermissionError as error:
            raise not_permitted(error, files.key) from None
        except OSError as error:
            raise OperationError(
                OperationCode.CERTIFICATE_NOT_SWITCHED,
                f"{error.filename or files.certificate}: {error.strerror}",
                allowed="mdmd signs in as before, with the certificate and key that belong together",
                next="mend what is told there, then run it again: it goes on where it stopped",
            ) from None
    return Switched(
        server=server.name,
        client_id=server.client_id,
        certificate_file=files.certificate,
        key_file=files.key,
        subject=now.subject,
        sha1=now.sha1,
        sha256=now.sha256,
        not_after=now.not_after.timestamp(),
        previous_sha1=before.sha1 if before else "",
        previous_sha256=before.sha256 if before else "",
        completed=completing,
        steps=_steps(server, files, before),
    )


def exchange(files: Files, *, completing: bool = False, rename: Rename = os.replace) -> None:
    """The three steps, or only the last one. Raises OSError; done again it goes on where it stopped."""
    following, previous = files.next, files.previous
    if not completing:
        for given, kept in zip(files.both, previous.both, strict=True):
            if given.exists():
                _set_aside(given, kept, rename)
        for one, other in zip(following.both, files.both, strict=True):
            if other.exists():
                _like(one, other)
        if files.key != files.certificate:
            rename(following.key, _real(files.key))
            sync(_real(files.key).parent)
    rename(following.certificate, _real(files.certificate))
    sync(_real(files.certificate).parent)


def _set_aside(file: Path, kept: Path, rename: Rename) -> None:
    """A second name for the file, which the rename over the first one leaves alone."""
    temporary = kept.with_name(f".{kept.name}.new")
    temporary.unlink(missing_ok=True)
    temporary.hardlink_to(_real(file))
    rename(temporary, kept)
    temporary.unlink(missing_ok=True)  # two names of one file: rename does nothing then (rename(2))
    sync(kept.parent)


def _like(file: Path, other: Path) -> None:
    """Owner and mode of the file that it replaces: mdmd has to be able to read it.

    A link is not followed: the directory may be mdmd's, and root runs this.
    """
    wanted = other.stat()
    descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        facts = os.fstat(descriptor)
        if (wanted.st_uid, wanted.st_gid) != (facts.st_uid, facts.st_gid):
            os.fchown(descriptor, wanted.st_uid, wanted.st_gid)
        if stat.S_IMODE(wanted.st_mode) != stat.S_IMODE(facts.st_mode):
            os.fchmod(descriptor, stat.S_IMODE(wanted.st_mode))
    finally:
        os.close(descriptor)


def _real(file: Path) -> Path:
    return file.resolve() if file.is_symlink() else file


def _check(server: Server, files: Files) -> bool:
    """True when an interrupted exchange is to be completed. Raises OperationError when there is no next pair."""
    following = files.next
    if set(following.there) == set(following.both):
        return False
    if following.certificate.exists() and _belong(server, Files(following.certificate, files.key)):
        return True
    there = following.there
    if not there:
        what, next_ = f"{server.name} has no next certificate", f"make one: mdmctl cert new {server.name}"
    elif there == (following.key,):
        what = f"{following.certificate} is missing beside its key"
        next_ = f"put the certificate there that was issued for {following.key}, in PEM"
    else:
        what = f"{following.key} is missing beside its certificate"
        next_ = "put the key there that the certificate was made with, mode 0600"
    raise OperationError(
        OperationCode.CERTIFICATE_NOT_SWITCHED,
        what,
        where=str(following.certificate),
        allowed=f"{following.certificate} and {following.key}",
        next=next_,
    )


def _belong(server: Server, files: Files) -> bool:
    try:
        key = read_key(files.key, server.key_passphrase_file)
        return key.public_key() == read_certificate(files.certificate).public_key()
    except SourceError:
        return False


def _usable(files: Files) -> CertificateFacts:
    try:
        return facts_of(read_certificate(files.certificate))
    except SourceError as error:
        what, where = error.detail, str(files.certificate)
        raise OperationError(OperationCode.CERTIFICATE_UNUSABLE, what, where=where, next=error.advice) from None


def _facts(certificate: Path) -> CertificateFacts | None:
    try:
        return facts_of(read_certificate(certificate))
    except SourceError:
        return None


@contextmanager
def _alone(files: Files) -> Iterator[None]:
    """One switch at a time in that directory."""
    directory = _real(files.certificate).parent
    try:
        handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise OperationError(
            OperationCode.CERTIFICATE_UNUSABLE,
            f"{directory}: {error.strerror}",
            next="check certificate_file in mdm.toml",
        ) from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OperationError(
                OperationCode.CERTIFICATE_NOT_SWITCHED, "another mdmctl cert switch is running", where=str(directory)
            ) from None
        yield
    finally:
        os.close(handle)


def _steps(server: Server, files: Files, before: CertificateFacts | None) -> tuple[str, ...]:
    old = f"SHA-1 {before.sha1}" if before else "of the one used before"
    kept = ", ".join(map(str, files.previous.both))
    return (
        "mdmd takes it with its next token, within the hour; nothing is to be restarted",
        f"then delete the old certificate in the portal: App registrations, client id {server.client_id}, "
        f"Certificates & secrets, Certificates, {old}",
        f"delete {kept} when every server that uses this application has switched",
    )
