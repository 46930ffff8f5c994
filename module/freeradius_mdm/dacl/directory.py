"""The directory of ACL files: `NAME.acl`, `NAME.ipv6.acl`, `NAME.agnostic.acl`.

Standard library only: radiusd imports this.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..config.codes import ConfigCode
from ..errors import Problem
from .acl import Dacl
from .kinds import AclType, Refused
from .names import ALLOWED_NAME, NAME
from .text import Checked, check

_RENAME = "rename the file"
_READABLE = "let radiusd's and mdmd's users read it: both read the ACLs"

Finding = tuple[Path, int, str]  # file, line from 1, text


@dataclass(frozen=True, slots=True)
class Directory:
    """Every ACL that can be served by name, what is wrong (`problems` for the configuration's error), and warnings."""

    dacls: Mapping[str, Dacl]
    refused: tuple[tuple[Path, Refused], ...]
    warnings: list[Finding]

    @property
    def faults(self) -> list[Finding]:
        """What is wrong, each with what is allowed."""
        return [(file, fault.line, str(fault)) for file, fault in self.refused]

    @property
    def problems(self) -> list[Problem]:
        """What is wrong, as the configuration's error tells it."""
        return [
            Problem(ConfigCode.DACL, f"{file}:{fault.line}", fault.what, fault.allowed, fault.hint)
            for file, fault in self.refused
        ]


def read_directory(directory: Path) -> Directory:
    """Read every ACL file, by name; a missing directory is an empty one. Names that begin with a dot are passed over:
    editors leave such files."""
    dacls: dict[str, Dacl] = {}
    seen: dict[str, Path] = {}
    refused: list[tuple[Path, Refused]] = []
    warnings: list[Finding] = []
    for file in sorted(directory.glob("*.acl")) if directory.is_dir() else ():
        if file.name.startswith("."):
            continue
        try:
            name, type_ = _name_and_type(file)
            if name in seen:
                what = f"the ACL {name} is there already, as {seen[name].name}"
                allowed = "a name of its own for each ACL, whatever its type: profiles tell them by name"
                raise Refused(what, allowed, 1, _RENAME)
            seen[name] = file
            checked = _check(file, type_)
        except Refused as fault:
            refused.append((file, fault))
            continue
        refused += [(file, fault) for fault in checked.faults]
        warnings += [(file, warning.line, warning.text) for warning in checked.warnings]
        if not checked.faults:
            entries = tuple(ace.text for ace in checked.aces)
            dacls[name] = Dacl(name, type_, file, checked.style, entries, checked.aces)
    return Directory(dacls, tuple(refused), warnings)


def _name_and_type(file: Path) -> tuple[str, AclType]:
    types = (type_ for type_ in (AclType.IPV6, AclType.AGNOSTIC) if file.name.endswith(type_.suffix))
    type_ = next(types, AclType.IPV4)
    name = file.name.removesuffix(type_.suffix)
    if not NAME.fullmatch(name):
        raise Refused(f"the name {name!r} does not fit", ALLOWED_NAME, 1, _RENAME)
    ending = next(
        (f".{each.value}" for each in (AclType.IPV6, AclType.AGNOSTIC) if name.endswith(f".{each.value}")), ""
    )
    if ending:
        what = f"the name {name!r} ends in {ending}, which tells an ACL's type"
        allowed = f"NAME.acl, NAME.ipv6.acl or NAME.agnostic.acl with a NAME that does not end in {ending}"
        raise Refused(what, allowed, 1, _RENAME)
    return name, type_


def _check(file: Path, type_: AclType) -> Checked:
    try:
        data = file.read_bytes()
    except OSError as error:
        raise Refused(f"can't be read: {error.strerror}", "a readable file", 1, _READABLE) from None
    try:
        return check(data.decode(), type_)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise Refused("is not UTF-8 text", "ASCII, and UTF-8 in remarks", line, "save the file as UTF-8") from None
