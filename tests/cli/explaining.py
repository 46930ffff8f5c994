"""Running `mdmctl explain` and `mdmctl show` on a desk of tests/operations/explain, with its clock."""

from __future__ import annotations

import io
from textwrap import dedent

from rich.console import Console

from freeradius_mdm.cli import parser
from freeradius_mdm.cli.command import Exit
from freeradius_mdm.cli.commands import explain, show
from freeradius_mdm.cli.context import Context
from freeradius_mdm.decision import Decision
from tests.operations.explain.desk import Desk


def run(desk: Desk, *arguments: str, terminal: bool = False) -> str:
    """What a command prints. `terminal`: with colours."""
    chosen = parser.build((explain.COMMAND, show.COMMAND)).parse_args(["--config", str(desk.file), *arguments])
    written = io.StringIO()
    out = Console(
        file=written, highlight=False, soft_wrap=True, emoji=False, markup=False, force_terminal=terminal, width=100
    )
    context = Context(desk.file, getattr(chosen, "as_json", False), out=out, wall=desk.clock)
    assert chosen.command.run(context, chosen) == Exit.DONE
    return written.getvalue()


def text(expected: str, made: Decision | None = None) -> str:
    """A hand-written expectation: ID, and CLASS for the octets of `mdm:` and the id, are the decision's."""
    told = dedent(expected).lstrip("\n")
    if made is not None:
        told = told.replace("CLASS", "0x" + f"mdm:{made.id}".encode().hex()).replace("ID", made.id)
    return told
