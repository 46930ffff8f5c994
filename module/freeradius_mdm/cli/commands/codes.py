"""`mdmctl codes`: what a code means and what to do about it."""

from __future__ import annotations

import argparse
import dataclasses

from ..command import Command, Exit
from ..context import Context
from ..show import colours
from ..show.listing import Column, show
from ..show.table import safe

_DESCRIPTION = """\
Every message and every step of a decision carries a short code. It never changes its meaning, so that notes and
monitoring can rely on it. Lists all of them, or those that begin with CODE; one code is told in full.

CODE can also be a number of Microsoft Entra's, like AADSTS700027."""


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("code", nargs="?", default="", metavar="CODE", help="M1302, M16 for a family, or AADSTS700027")


def _run(context: Context, arguments: argparse.Namespace) -> Exit:
    from ...operations.catalogue import entries, find

    found = find(arguments.code) if arguments.code else entries()
    if context.as_json:
        context.print_json([dataclasses.asdict(entry) for entry in found])
    elif len(found) == 1:
        (entry,) = found
        context.out.print(f"{entry.code} {safe(entry.meaning)}", style=colours.HEAD)
        context.out.print(f"  about: {entry.family}")
        if entry.next:
            context.out.print(f"  next: {safe(entry.next)}")
    else:
        columns = (Column("Code"), Column("Meaning", folds=True), Column("Next", 1, folds=True))
        show(context.out, columns, [(entry.code, entry.meaning, entry.next) for entry in found])
    return Exit.DONE


COMMAND = Command(
    name="codes",
    help="what a code means and what to do",
    description=_DESCRIPTION,
    run=_run,
    arguments=_arguments,
    examples=(
        ("mdmctl codes M1114", "what does the reject in the log mean?"),
        ("mdmctl codes M185", "the first ten codes of configuration errors"),
        ("mdmctl codes AADSTS700027", "a refusal of Microsoft Entra's"),
    ),
)
