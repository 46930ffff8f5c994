"""Downloadable ACLs: files `NAME.acl`, their canonical text and the version made from it.

The network device compares names only, so the version must change with the content and be the same on every
node: 8 hexadecimal digits of a hash of the canonical text (ise.md section 5.3). Standard library only:
radiusd imports this.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,59}")
ALLOWED_NAME = "letters, digits, '_', '-' and '.', at most 60 characters; case matters"
_LONGEST_ACE = 233  # bytes that fit behind `ip:inacl#1000=` in one Cisco-AVPair (ise.md section 5.4)


def canonical(text: str) -> tuple[str, ...]:
    """The ACEs as they are sent: no comments, remarks or empty lines, one blank between words.

    Raises ValueError, its text led by the line number, for a line that can't be sent.
    """
    entries: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith(("!", "#")) or words[0].lower() == "remark":
            continue
        ace = " ".join(words)
        if not ace.isascii() or not ace.isprintable():
            raise ValueError(f"{number}: holds characters outside printable ASCII")
        if len(ace) > _LONGEST_ACE:
            raise ValueError(f"{number}: has {len(ace)} characters, an ACE can have {_LONGEST_ACE}")
        entries.append(ace)
    if not entries:
        raise ValueError("1: holds no access control entry")
    return tuple(entries)


def version(entries: tuple[str, ...]) -> str:
    """8 hexadecimal digits that change with the content."""
    return hashlib.sha256("\n".join(entries).encode()).hexdigest()[:8]


def wire_name(name: str, version_: str) -> str:
    """The name under which a network device asks for the ACL."""
    return f"#ACSACL#-IP-{name}-{version_}"


def read_directory(directory: Path) -> tuple[dict[str, str], list[tuple[Path, int, str]]]:
    """Every `NAME.acl` of the directory as name and version, and what is wrong as (file, line, text)."""
    versions: dict[str, str] = {}
    faults: list[tuple[Path, int, str]] = []
    for path in sorted(directory.glob("*.acl")) if directory.is_dir() else ():
        try:
            if not NAME.fullmatch(path.stem):
                raise ValueError(f"1: the name {path.stem!r} does not fit: {ALLOWED_NAME}")
            versions[path.stem] = version(canonical(path.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            faults.append((path, 1, "is not UTF-8 text"))
        except OSError as error:
            faults.append((path, 1, f"can't be read: {error.strerror}"))
        except ValueError as error:
            line, _, what = str(error).partition(": ")
            faults.append((path, int(line), what))
    return versions, faults
