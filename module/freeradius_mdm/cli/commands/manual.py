"""`mdmctl manual`: the manual page mdmctl(8)."""

from __future__ import annotations

import argparse
import sys

from ..command import Command, Exit
from ..context import Context

_DESCRIPTION = """\
Prints the manual page of this command in the format that man reads. It is made from the commands themselves, so it
is always that of the version installed."""


def _run(context: Context, arguments: argparse.Namespace) -> Exit:
    from .. import parser
    from ..manual import page
    from . import COMMANDS

    sys.stdout.write(page(parser.build(COMMANDS)))
    return Exit.DONE


COMMAND = Command(
    name="manual",
    help="the manual page, for man",
    description=_DESCRIPTION,
    run=_run,
    json=False,
    examples=(
        ("mdmctl manual | man -l -", "read it"),
        ("mdmctl manual > /usr/local/share/man/man8/mdmctl.8", "install it; then: man mdmctl"),
    ),
)
