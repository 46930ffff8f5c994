"""What a list says beside its rows, on standard error."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from .context import Context
from .show import colours


def nothing(context: Context, what: str) -> None:
    """There is no row. `what`: a plural."""
    _print(context, f"no {what} match")


def more(context: Context, shown: int, what: str, total: int | None = None) -> None:
    """There are more rows than --limit; `total` with them, None when that is not known."""
    _print(context, f"{shown} {what}{'' if total is None else f' of {total}'}; --limit shows more")


def left_out(context: Context, names: Sequence[str]) -> None:
    """Columns that did not fit."""
    if names:
        _print(context, f"too narrow for {', '.join(names)}; --json has everything")


def _print(context: Context, text: str) -> None:
    context.err.print(Text(text, style=colours.DIM))
