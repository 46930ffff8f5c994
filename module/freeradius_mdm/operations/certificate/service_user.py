"""As which user mdmd runs here: that user alone has to be able to read its key."""

from __future__ import annotations

import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .files import Owner

USUAL = "mdmd"  # as in freeradius/systemd/mdmd.service
_UNIT = "mdmd.service"
_WITHIN = 5.0  # seconds for systemd to answer
MAKE = "adduser --system --no-create-home --ingroup freerad"  # Debian's, as mdmd.service says


@dataclass(frozen=True, slots=True)
class ServiceUser:
    """`owner` is None when there is no user of that name."""

    name: str
    owner: Owner | None


def service_user(state_directory: Path | None = None) -> ServiceUser:
    """The user that mdmd's unit names; else the owner of the state directory, which mdmd makes; else the usual one.

    Without systemd, in a container for instance, there is no unit to be asked about.
    """
    named = _of_unit()
    if not named and state_directory is not None:
        try:
            facts = state_directory.stat()
        except OSError:
            pass
        else:
            owner = Owner(facts.st_uid, facts.st_gid)
            return ServiceUser(str(owner), owner)
    named = named or USUAL
    try:
        user = pwd.getpwnam(named)
    except KeyError:
        return ServiceUser(named, None)
    return ServiceUser(named, Owner(user.pw_uid, user.pw_gid))


def warnings_about(key: Path, actual: Owner, user: ServiceUser) -> tuple[str, ...]:
    """What is wrong with a key that belongs to `actual`; nothing when mdmd can read it."""
    if user.owner is None:
        return (
            f"there is no user {user.name}, as which mdmd runs, so that {key} belongs to {actual}:"
            f" {MAKE} {user.name}, then chown {user.name} {key}",
        )
    if user.owner.uid != actual.uid:
        return (f"{key} belongs to {actual}, and mdmd runs as {user.name}: chown {user.name} {key}",)
    return ()


def _of_unit() -> str:
    """systemd.exec(5), User=: empty means root. "" when systemd does not know the unit, or is not there."""
    command = ["systemctl", "show", "--property=LoadState", "--property=User", _UNIT]
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=_WITHIN).stdout
    except (OSError, subprocess.SubprocessError):
        return ""
    values = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
    return values.get("User") or "root" if values.get("LoadState") == "loaded" else ""
