"""ACL files for the unit tests, read as the configuration reads them, and a store that mdmd would have written."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from freeradius_mdm.dacl import Dacl, read_directory

CLIENT = "192.0.2.10"
OTHER = "192.0.2.11"
LONG = [f"permit tcp any host 10.0.{number // 250}.{number % 250} eq 443" for number in range(300)]


def dacls(directory: Path, **texts: str) -> Mapping[str, Dacl]:
    """`NAME="lines"` as NAME.acl, `NAME_ipv6` and `NAME_agnostic` as the other two types."""
    directory.mkdir(parents=True, exist_ok=True)
    for file in directory.glob("*.acl"):
        file.unlink()
    for name, text in texts.items():
        (directory / f"{name.replace('_', '.')}.acl").write_text(text + "\n", encoding="utf-8")
    found = read_directory(directory)
    assert found.faults == []
    return found.dacls


def named(name: str, *lines: str, kind: str = "IP") -> str:
    """The wire name, by hand from ise.md section 5.3 and DESIGN.md: SHA-256 over the lines, 8 hexadecimal digits."""
    return f"#ACSACL#-{kind}-{name}-{hashlib.sha256(chr(10).join(lines).encode()).hexdigest()[:8]}"
