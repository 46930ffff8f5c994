"""The FreeRADIUS of this machine: which one, and what it says of itself and of a configuration."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_NAMES = ("freeradius", "radiusd")
# Where packages and a build from source put it; /usr/sbin is not on everybody's PATH.
_PLACES = ("/usr/sbin", "/usr/local/sbin", "/sbin")
_ASKED_FOR = 10.0  # seconds that `-v` is given
_CHECKED_FOR = 120.0  # and `-C`, which connects to databases


@dataclass(frozen=True, slots=True)
class Said:
    """What a run of it printed, and its exit status; None when it did not end in time."""

    status: int | None
    text: str


@dataclass(frozen=True, slots=True)
class FreeRadius:
    """`command`: the program, with what has to stand before it. `root`: where its absolute paths begin for us.

    `version` is () and `banner` "" when it does not tell.
    """

    command: tuple[str, ...]
    root: Path = Path("/")
    version: tuple[int, ...] = ()
    banner: str = field(default="", repr=False)

    @property
    def release(self) -> str:
        """Like `3.2.7`."""
        return ".".join(map(str, self.version)) or "of unknown version"

    def path(self, there: str | Path) -> Path:
        """One of its absolute paths, as we see it."""
        return self.root / str(there).lstrip("/")

    def run(self, *arguments: str, seconds: float = _CHECKED_FOR, account: Account | None = None) -> Said:
        """Run it to its end. Raises OSError when there is no such program."""
        try:
            done = subprocess.run(
                [*self.command, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=seconds,
                check=False,
                **as_account(account),
            )
        except subprocess.TimeoutExpired as error:
            return Said(None, (error.stdout or b"").decode(errors="replace"))
        return Said(done.returncode, done.stdout.decode(errors="replace"))


@dataclass(frozen=True, slots=True)
class Account:
    """A user with its groups, as the kernel sees them."""

    name: str
    uid: int
    gid: int
    groups: tuple[int, ...] = ()


def account_of(user: str | int, group: int | None = None) -> Account | None:
    """The account of a user's name or number, None when this machine has none."""
    try:
        entry = pwd.getpwuid(user) if isinstance(user, int) else pwd.getpwnam(user)
    except KeyError:
        return None
    gid = entry.pw_gid if group is None else group
    return Account(entry.pw_name, entry.pw_uid, gid, tuple(os.getgrouplist(entry.pw_name, gid)))


def as_account(account: Account | None) -> dict[str, Any]:
    """What makes subprocess run a program as that account; nothing when that is who we are, or we can't."""
    if account is None or account.uid == os.geteuid() or os.geteuid() != 0:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": list(account.groups)}


def find(command: Sequence[str] = (), root: Path = Path("/")) -> FreeRadius | None:
    """The program of that command, or the one that is installed; None when there is none."""
    candidates = [tuple(command)] if command else [(found,) for name in _NAMES if (found := _which(name))]
    for candidate in candidates:
        plain = FreeRadius(candidate, root)
        try:
            said = plain.run("-v", seconds=_ASKED_FOR)
        except OSError:
            continue
        banner = said.text.partition("\n")[0].strip()
        return FreeRadius(candidate, root, version_of(banner), banner)
    return None


def version_of(banner: str) -> tuple[int, ...]:
    """From the first line of `radiusd -v`, which packagers add to: `... Version 3.2.1+dfsg, for host ...`."""
    found = re.search(r"Version (\d+)\.(\d+)(?:\.(\d+))?", banner)
    return tuple(int(part) for part in found.groups(default="0")) if found else ()


def _which(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path=os.pathsep.join(_PLACES))
