"""Switching an MDM server on, which needs a passed test, and off (ISE: Status of an External MDM server)."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ...config.model import Config
from ...config.reader import load
from ...errors import ConfigError
from ..codes import OperationCode
from ..errors import OperationError
from . import configuration, edit
from .model import TestReport

Test = Callable[[Config], TestReport]


def enable(file: Path, server: str, test: Test) -> TestReport | None:
    """Set `enabled = true` after `test` has passed; None when it is enabled already, and nothing was done.

    Raises ConfigError when the file would be faulty with this server enabled, OperationError M1811 when the test
    failed, M1812 when the file could not be changed. The file is then as it was.
    """
    before = edit.text_of(file)
    config = configuration.read(file, server)
    if configuration.find(config, server).enabled:
        return None
    after = _edited(file, before, server, True)
    load(file, text=after)
    report = test(config)
    failed = report.failed_step
    if failed is not None:
        seen = f"{failed.title}: {failed.code} {failed.text[0] if failed.text else ''}".rstrip()
        raise OperationError(
            OperationCode.TEST_NOT_PASSED,
            f"{server} stays disabled: it did not pass its connection test",
            where=seen,
            allowed="a server is enabled after every step of mdmctl test has passed",
            next=failed.advice,
        )
    replace(file, before, after)
    return report


def disable(file: Path, server: str) -> bool:
    """Set `enabled = false`; False when it is disabled already.

    Raises OperationError M1806, or M1812, also when the file would be faulty without this server.
    """
    before = edit.text_of(file)
    config = configuration.read(file, server)
    if not configuration.find(config, server).enabled:
        return False
    after = _edited(file, before, server, False)
    try:
        load(file, text=after)
    except ConfigError as error:
        why = f"without {server} it would be faulty: {error.problems[0].what}"
        raise _not_changed(file, why, "enable another server first: mdmctl enable SERVER") from None
    replace(file, before, after)
    return True


def replace(file: Path, before: str, after: str) -> None:
    """Put the new text in the file's place at one stroke; owner, mode and extended attributes stay.

    Raises OperationError M1812, also when the file is not `before` any more. A symbolic link stays one.
    """
    target = file.resolve()
    temporary: Path | None = None
    try:
        facts = target.stat()
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        temporary = Path(name)
        with os.fdopen(handle, "wb") as made:
            made.write(after.encode("utf-8"))
            ours = os.fstat(made.fileno())
            if (ours.st_uid, ours.st_gid) != (facts.st_uid, facts.st_gid):
                os.fchown(made.fileno(), facts.st_uid, facts.st_gid)
            os.fchmod(made.fileno(), stat.S_IMODE(facts.st_mode))
            _copy_attributes(target, made.fileno())
            made.flush()
            os.fsync(made.fileno())
        if target.read_bytes() != before.encode("utf-8"):
            raise _not_changed(file, "somebody else has changed it meanwhile", "look at it, then run this again")
        temporary.replace(target)
        temporary = None
    except OSError as error:
        advice = "run this as root, or as the owner of the file and its directory"
        raise _not_changed(file, error.strerror or type(error).__name__, advice) from None
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def _edited(file: Path, text: str, server: str, enabled: bool) -> str:
    after = edit.with_enabled(text, server, enabled)
    if after is None:
        word = "true" if enabled else "false"
        advice = f"write enabled = {word} into the entry yourself"
        raise _not_changed(file, f"there is no line where enabled = {word} can be set for {server}", advice)
    return after


def _copy_attributes(source: Path, target: int) -> None:
    """What SELinux and access control lists keep beside a file; where there is none, nothing is lost."""
    with suppress(OSError):
        for name in os.listxattr(source):
            with suppress(OSError):
                os.setxattr(target, name, os.getxattr(source, name))


def _not_changed(file: Path, why: str, advice: str) -> OperationError:
    return OperationError(
        OperationCode.NOT_CHANGED,
        f"mdm.toml was not changed: {why}",
        where=str(file),
        allowed="one line is changed, all others stay byte for byte",
        next=advice,
    )
