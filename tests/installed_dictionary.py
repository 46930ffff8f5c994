"""FreeRADIUS's dictionary as we read it, and once more by a few regular expressions, to be compared."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from freeradius_mdm.dictionaries import Dictionary, load
from tests.reply_oracle import Known

INSTALLED = Path("/usr/share/freeradius")


@functools.cache
def installed(directory: Path = INSTALLED) -> tuple[Dictionary, Mapping[str, Known]]:
    """FreeRADIUS's dictionary as we read it, and once more by a few regular expressions."""
    dictionary = load(directory / "dictionary")
    known: dict[str, Known] = {}
    names_of: dict[tuple[int, int], dict[str, int]] = {}
    vendors: dict[str, tuple[int, tuple[int, int, int]]] = {"": (0, (1, 1, 0))}
    included = re.findall(r"(?m)^\$INCLUDE\s+(\S+)", (directory / "dictionary").read_text())
    texts = [(directory / name).read_text(errors="replace") for name in included]
    values = []
    for text in texts:
        for name, number, form in re.findall(r"(?m)^VENDOR\s+(\S+)\s+(\d+)(?:\s+format=(\S+))?", text):
            parts = form.split(",") if form else ["1", "1"]
            vendors[name] = (int(number), (int(parts[0]), int(parts[1]), len(parts) - 2))
        for block in re.split(r"(?m)^(?=BEGIN-VENDOR|END-VENDOR)", text):
            head = re.match(r"BEGIN-VENDOR\s+(\S+)\s*\n", block)
            vendor, format_ = vendors[head[1] if head else ""]
            for name, number, type_, flags in re.findall(
                r"(?m)^ATTRIBUTE\s+(\S+)\s+(0x[0-9a-fA-F]+|\d+)\s+(\w+)[ \t]*([a-z_=,0-9]*)", block
            ):
                key = (vendor, int(number, 0))
                type_ = {"uint32": "integer", "uint16": "short"}.get(type_.lower(), type_.lower())
                known[name] = Known(*key, type_, "has_tag" in flags, names_of.setdefault(key, {}), format_)
            values += re.findall(r"(?m)^VALUE\s+(\S+)\s+(\S+)\s+(0x[0-9a-fA-F]+|\d+)", block)
    of_name = {name.lower(): (each.vendor, each.number) for name, each in known.items()}
    for name, value, number in values:
        if name.lower() in of_name:
            names_of[of_name[name.lower()]][value] = int(number, 0)
    return dictionary, MappingProxyType(known)
