"""Facts one below the other: a label on the left, said once, and what belongs to it on the right."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

from . import colours
from .table import safe

LABEL = 14  # columns


def fact(console: Console, label: str, lines: Iterable[str | Text]) -> None:
    """Nothing is printed without lines. Text is made safe; a Text has to be so already."""
    for number, line in enumerate(lines):
        head = Text(f"{label if not number else '':<{LABEL}}", style=colours.DIM)
        console.print(head + (line if isinstance(line, Text) else Text(safe(line), style="default")))


def columns(rows: Iterable[tuple[str, ...]], styles: tuple[str, ...] = ()) -> list[Text]:
    """Rows whose cells stand below one another, as lines; the last cell is never padded."""
    cells = [tuple(safe(cell) for cell in row) for row in rows]
    if not cells:
        return []
    widths = [max(len(row[place]) for row in cells if place < len(row)) for place in range(max(map(len, cells)))]
    made = []
    for row in cells:
        line = Text(style="default")
        for place, cell in enumerate(row):
            last = place == len(row) - 1
            style = styles[place] if place < len(styles) else "default"
            line.append(cell if last else f"{cell:<{widths[place]}}  ", style=style)
        line.rstrip()
        made.append(line)
    return made
