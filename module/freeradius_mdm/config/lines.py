"""Which line of a TOML file a key stands on, for error messages; `tomllib` doesn't tell.

Finds table headers and the keys below them as people write them, one a line. What it can't find (a key inside
an inline table) gets the line of the closest table or key above. Standard library only.
"""

from __future__ import annotations

import re
import tomllib

_HEADER = re.compile(r"\s*(\[\[?)\s*(.+?)\s*\]\]?\s*(?:#.*)?")
_KEY = re.compile(r"""\s*((?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+)(?:\s*\.\s*(?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+))*)\s*=""")
_PART = re.compile(r""""([^"]*)"|'([^']*)'|([A-Za-z0-9_-]+)""")


def index(text: str) -> dict[str, int]:
    """Paths like `servers[1].tenant` (counted from 1) to line numbers, from 1."""
    lines: dict[str, int] = {}
    counts: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.fullmatch(line):
            table = _join(_parts(header[2]))
            if header[1] == "[[":
                lines.setdefault(table, number)  # the list as a whole stands where its first entry does
                counts[table] = counts.get(table, 0) + 1
                table = f"{table}[{counts[table]}]"
            lines.setdefault(table, number)
        elif key := _KEY.match(line):
            lines.setdefault(_join([*([table] if table else []), *_parts(key[1])]), number)
    return lines


def line_of(lines: dict[str, int], path: str) -> int | None:
    """The line of the path, or of the closest path above it."""
    while path:
        if path in lines:
            return lines[path]
        cut = max(path.rfind("."), path.rfind("["))
        path = path[: max(cut, 0)]
    return None


def _parts(dotted: str) -> list[str]:
    return [_unescaped(a) or b or c for a, b, c in _PART.findall(dotted)]


def _unescaped(text: str) -> str:
    """What stands between double quotes, as TOML reads it."""
    if "\\" not in text:
        return text
    try:
        return str(tomllib.loads(f'text = "{text}"')["text"])
    except tomllib.TOMLDecodeError:
        return text


def _join(parts: list[str]) -> str:
    return ".".join(parts)
