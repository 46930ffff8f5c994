"""A list in the width there is: what matters least is left out first, and said to be."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from . import colours
from .table import safe, table

_GAP = 3  # what rich puts between two columns
_SHORTEST_FOLDED = 24
_AT_ONCE = 500  # lines


@dataclass(frozen=True, slots=True)
class Column:
    """`keep`: 0 is never left out, the highest one is first. A name that ends in `#` is set right.

    `folds`: long text may be folded; the column counts with 24 characters, or less if it needs less. `optional`: it is
    there only if something stands in it.
    """

    name: str
    keep: int = 0
    folds: bool = False
    optional: bool = False


def width_of(console: Console) -> int | None:
    """Characters in a line; None when nothing limits them: a pipe, unless COLUMNS is set."""
    return console.width if console.is_terminal or "COLUMNS" in os.environ else None


def show(
    console: Console, columns: Sequence[Column], rows: Sequence[Sequence[str | Text]], title: str = ""
) -> list[str]:
    """Print the rows; gives the names of the columns that were left out."""
    cells = [[cell if isinstance(cell, Text) else Text(safe(cell)) for cell in row] for row in rows]
    natural = [
        max([len(column.name.removesuffix("#")), *(row[place].cell_len for row in cells)])
        for place, column in enumerate(columns)
    ]
    width = width_of(console)
    wanted = [
        place for place, column in enumerate(columns) if not column.optional or any(row[place].plain for row in cells)
    ]
    places = wanted if width is None else _fitting(columns, natural, wanted, width)
    if width is None or sum(natural[place] + _GAP for place in places) - _GAP <= width:
        _print_whole(console, columns, cells, places, natural, title)
    else:
        made = table([columns[place].name for place in places], [[row[place] for place in places] for row in cells])
        made.title, made.title_style = title or None, colours.HEAD
        console.print(made, soft_wrap=False)
    return [columns[place].name.removesuffix("#") for place in wanted if place not in places]


def _print_whole(
    console: Console,
    columns: Sequence[Column],
    cells: Sequence[Sequence[Text]],
    places: Sequence[int],
    natural: Sequence[int],
    title: str,
) -> None:
    """As `table` does where nothing has to be folded, in a fraction of the time, and as wide as it has to be."""

    def line(row: Sequence[Text]) -> Text:
        made = Text()
        for number, place in enumerate(places):
            space, right = natural[place] - row[place].cell_len, columns[place].name.endswith("#")
            made.append(" " * (_GAP * bool(number) + space * right))
            made.append_text(row[place])
            made.append(" " * (space * (not right)))
        made.rstrip()
        return made

    head = line([Text(column.name.removesuffix("#")) for column in columns])
    head.stylize(colours.HEAD)
    rule = "─" * (sum(natural[place] + _GAP for place in places) - _GAP)
    top = [Text(title, style=colours.HEAD)] if title else []
    lines = [*top, head, Text(rule), *map(line, cells)]
    for start in range(0, len(lines), _AT_ONCE):
        console.print(Text("\n").join(lines[start : start + _AT_ONCE]), soft_wrap=True)


def _fitting(columns: Sequence[Column], natural: Sequence[int], wanted: Sequence[int], width: int) -> list[int]:
    needs = [
        min(space, _SHORTEST_FOLDED) if column.folds else space for column, space in zip(columns, natural, strict=True)
    ]
    places = list(wanted)
    while sum(needs[place] + _GAP for place in places) - _GAP > width:
        least = max(places, key=lambda place: columns[place].keep)
        if columns[least].keep == 0:
            break
        places.remove(least)
    return places
