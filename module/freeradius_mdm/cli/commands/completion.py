"""`mdmctl completion bash | zsh`: a script that completes mdmctl's command line."""

from __future__ import annotations

import argparse
import sys

from ...errors import MdmError
from ..command import Command, Exit
from ..context import Context

_DESCRIPTION = """\
Prints a script for the shell that completes commands, options, choices, files, and the names of MDM servers and
profiles in mdm.toml. `servers` and `profiles` print those names, one a line; the script asks for them."""


_WORDS = ("bash", "zsh", "servers", "profiles")


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=_WORDS, metavar="|".join(_WORDS), help="the shell, or what to list")


def _run(context: Context, arguments: argparse.Namespace) -> Exit:
    if arguments.what in ("servers", "profiles"):
        return _names(context, arguments.what)
    from .. import parser
    from ..completion import script
    from . import COMMANDS

    sys.stdout.write(script(parser.build(COMMANDS), arguments.what))
    return Exit.DONE


def _names(context: Context, what: str) -> Exit:
    """Without a configuration that can be read there is nothing to complete, and nobody to tell."""
    try:
        config = context.config()
    except MdmError:
        return Exit.CONFIGURATION
    for name in (server.name for server in config.servers) if what == "servers" else config.profiles:
        if " " not in name:  # a shell's word list has none
            sys.stdout.write(f"{name}\n")
    return Exit.DONE


COMMAND = Command(
    name="completion",
    help="a script that completes this command line in bash or zsh",
    description=_DESCRIPTION,
    run=_run,
    arguments=_arguments,
    json=False,
    examples=(
        ("mdmctl completion bash > /etc/bash_completion.d/mdmctl", "for every user of this machine"),
        ("source <(mdmctl completion bash)", "for this shell"),
        ("mdmctl completion zsh > /usr/local/share/zsh/site-functions/_mdmctl", "for every user of zsh"),
    ),
)
