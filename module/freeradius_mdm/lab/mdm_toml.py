"""The lab's mdm.toml: the example that is shipped, with the lab's own addresses, files and intervals put in."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from ..errors import MdmError
from .raddb import OVERLAY

EXAMPLE = OVERLAY / "mods-config/mdm/mdm.toml"


def write(file: Path, settings: Mapping[str, str], extra_server_lines: str = "", policy: str = "") -> None:
    """Write the example to `file`, and its dACLs beside it.

    `settings`: key to TOML value (with its quotes), each of which stands in the example, be it in a comment: the first
    of that name, or with `TABLE.` in front that of [TABLE]. `extra_server_lines` are added to the `[[servers]]`
    entry. `policy`: rules and profiles, instead of the example's.
    """
    text = EXAMPLE.read_text(encoding="utf-8")
    for key, value in settings.items():
        table, _, name = key.rpartition(".")
        start = text.index(f"\n[{table}]\n") if table else 0
        line = f"{name} = {value}".replace("\\", r"\\")
        below, count = re.subn(rf"(?m)^(?:# )?{name} = [^\n]*$", line, text[start:], count=1)
        text = text[:start] + below
        if not count:
            raise MdmError(f"{EXAMPLE} has no setting {key}")
    if extra_server_lines:
        text = text.replace("[[servers]]\n", f"[[servers]]\n{extra_server_lines}\n", 1)
    if policy:
        text = text[: text.index("[[rules]]\n")] + policy
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    dacls = file.parent / "dacls"
    if not dacls.exists():
        shutil.copytree(EXAMPLE.parent / "dacls", dacls)


def quoted(value: object) -> str:
    """A TOML string."""
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
