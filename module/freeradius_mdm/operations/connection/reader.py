"""Who has to read the credential: mdmd's user, who is seldom the one that runs the test."""

from __future__ import annotations

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from ...config.model import Config

_USUAL_NAME = "mdmd"  # as the service file has it
_ACL = "system.posix_acl_access"


@dataclass(frozen=True, slots=True)
class Reader:
    """A user by name and number, with the groups that count."""

    name: str
    uid: int
    groups: frozenset[int]

    @property
    def is_us(self) -> bool:
        """True when this program runs as that user."""
        return self.uid == os.geteuid()


def mdmd_user(config: Config) -> Reader:
    """The owner of the state directory, which mdmd makes; before there is one the user `mdmd`, else ourselves."""
    try:
        return _reader(pwd.getpwuid(config.service.state_directory.stat().st_uid))
    except (OSError, KeyError):
        pass
    try:
        return _reader(pwd.getpwnam(_USUAL_NAME))
    except KeyError:
        uid = os.geteuid()
        return Reader(f"user {uid}", uid, frozenset(os.getgroups()) | {os.getegid()})


def lacks(reader: Reader, path: Path) -> str:
    """What keeps that user from reading the file, "" when nothing does.

    Judged by owner, group and mode; a place with an access control list is passed over.
    """
    if reader.uid == 0:
        return ""
    real = path.resolve()
    for place in (*reversed(real.parents), real):
        try:
            facts = place.stat()
        except OSError as error:
            return f"{place}: {error.strerror}"
        wanted = stat.S_IROTH if place == real else stat.S_IXOTH
        if not _allows(facts, reader, wanted) and not _has_acl(place):
            what = "read" if place == real else "enter"
            return f"{reader.name} may not {what} {place} (mode {stat.S_IMODE(facts.st_mode):04o}, {owner_of(facts)})"
    return ""


def owner_of(facts: os.stat_result) -> str:
    """`owner mdmd`, by name where it has one."""
    try:
        return f"owner {pwd.getpwuid(facts.st_uid).pw_name}"
    except KeyError:
        return f"owner {facts.st_uid}"


def _reader(entry: pwd.struct_passwd) -> Reader:
    return Reader(entry.pw_name, entry.pw_uid, frozenset(os.getgrouplist(entry.pw_name, entry.pw_gid)))


def _allows(facts: os.stat_result, reader: Reader, wanted: int) -> bool:
    """`wanted`: the bit as it stands for others."""
    if facts.st_uid == reader.uid:
        return bool(facts.st_mode & (wanted << 6))
    if facts.st_gid in reader.groups:
        return bool(facts.st_mode & (wanted << 3))
    return bool(facts.st_mode & wanted)


def _has_acl(place: Path) -> bool:
    try:
        return _ACL in os.listxattr(place)
    except OSError:
        return False
