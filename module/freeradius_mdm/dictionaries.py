"""The attribute names this FreeRADIUS knows, read from its dictionary files.

rlm_python3 skips an unknown name without a word, and whether a certificate's URI names have an attribute of their
own differs between releases; both are looked up at start. Standard library only: radiusd imports this.
"""

from __future__ import annotations

from pathlib import Path


def attribute_names(*files: Path) -> frozenset[str]:
    """Every ATTRIBUTE name of the files and of what they `$INCLUDE`. Raises OSError for a file that can't be read."""
    names: set[str] = set()
    for file in files:
        _read(file, names, set())
    return frozenset(names)


def _read(file: Path, names: set[str], seen: set[Path]) -> None:
    if file in seen:
        return
    seen.add(file)
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
        words = line.split()
        if len(words) < 2:
            continue
        keyword = words[0].upper()
        if keyword == "ATTRIBUTE":
            names.add(words[1])
        elif keyword == "$INCLUDE" or (keyword == "$INCLUDE-" and (file.parent / words[1]).exists()):
            _read(file.parent / words[1], names, seen)
