"""Writing a file whole or not at all, and never over another."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from ..codes import OperationCode
from ..errors import OperationError
from .files import Owner


def put(path: Path, data: bytes, mode: int, owner: Owner | None) -> None:
    """Make a new file. Raises OperationError: M1840 when it is there already, M1807 when this user may not."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        if not path.parent.is_dir():
            path.parent.mkdir(parents=True)
        _write(temporary, data, mode, owner)
        try:
            path.hardlink_to(temporary)  # a rename would replace what is there
        except FileExistsError:
            raise in_the_way(path) from None
        finally:
            temporary.unlink()
        sync(path.parent)
    except PermissionError as error:
        raise not_permitted(error, path) from None
    except OSError as error:
        what = f"{path} can't be written: {error.strerror}"
        raise OperationError(OperationCode.NOT_DONE, what, next="is the disk full, or mounted read-only?") from None


def _write(path: Path, data: bytes, mode: int, owner: Owner | None) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        if owner is not None and os.geteuid() == 0:
            os.fchown(handle, owner.uid, owner.gid)
        os.fchmod(handle, mode)
        view = memoryview(data)
        while view:
            view = view[os.write(handle, view) :]
        os.fsync(handle)
    finally:
        os.close(handle)


def sync(directory: Path) -> None:
    """Let renames and new names in a directory outlive a power cut."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def in_the_way(path: Path, next_: str = "") -> OperationError:
    """M1840 for a file."""
    return OperationError(
        OperationCode.CERTIFICATE_IN_THE_WAY,
        f"{path} is there already",
        allowed="no file of that name: keys and certificates are never overwritten",
        next=next_ or "look at it with mdmctl cert show; move it away if it is not needed any more",
    )


def not_permitted(error: PermissionError, path: Path) -> OperationError:
    """M1807 for a file."""
    return OperationError(
        OperationCode.NOT_PERMITTED,
        f"{error.filename or path}: {error.strerror}",
        allowed="a user who may write there",
        next="run it as root, for example with sudo",
    )
