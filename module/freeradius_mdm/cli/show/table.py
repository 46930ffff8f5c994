"""A table for people: columns as wide as they need to be, the head dim, no lines around it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich import box
from rich.table import Table
from rich.text import Text


def table(columns: Sequence[str], rows: Iterable[Sequence[str | Text]], *, title: str = "") -> Table:
    """Cells are printed as they are. A column whose name ends in `#` is set right, without the sign."""
    made = Table(box=box.SIMPLE_HEAD, title=title or None, title_justify="left", pad_edge=False, show_edge=False)
    for name in columns:
        made.add_column(name.removesuffix("#"), justify="right" if name.endswith("#") else "left", overflow="fold")
    for row in rows:
        made.add_row(*(cell if isinstance(cell, Text) else Text(safe(cell)) for cell in row))
    return made


def safe(text: str) -> str:
    """Without what would act on the terminal: a device chooses its own User-Name."""
    return "".join(character if character.isprintable() else f"\\x{ord(character):02x}" for character in text)
