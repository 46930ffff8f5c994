"""Commands in this process, at a fixed moment and width."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

from rich.console import Console

from freeradius_mdm.cli import parser
from freeradius_mdm.cli.commands import COMMANDS
from freeradius_mdm.cli.context import Context
from tests.operations.views.samples import NOW, Site


@dataclass(frozen=True)
class Ran:
    """Text without the blanks at the ends of lines."""

    status: int
    out: str
    err: str


def run(site: Site, *arguments: str, width: int | None = 160, now: float = NOW) -> Ran:
    """`width`: of the terminal, which has no colours; None for a pipe."""
    parsed = parser.build(COMMANDS).parse_args(["--config", str(site.file), *arguments])
    out, err = io.StringIO(), io.StringIO()
    context = Context(parsed.config, getattr(parsed, "as_json", False), wall=lambda: now)
    context.out, context.err = _console(out, width), _console(err, 200)
    status = parsed.command.run(context, parsed)
    return Ran(int(status), _trimmed(out.getvalue()), _trimmed(err.getvalue()))


def _console(file: io.StringIO, width: int | None) -> Console:
    settings: dict[str, object] = (
        {"force_terminal": False} if width is None else {"force_terminal": True, "width": width}
    )
    make: Callable[..., Console] = Console
    return make(
        file=file,
        color_system=None,
        highlight=False,
        soft_wrap=True,
        emoji=False,
        markup=False,
        _environ={},
        **settings,
    )


def _trimmed(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.splitlines())
