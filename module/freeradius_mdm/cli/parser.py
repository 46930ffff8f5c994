"""mdmctl's command line as argparse sees it; manual page and shell completion are made from the same."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from ..operations.codes import OperationCode
from ..operations.errors import OperationError
from .command import Command

# Debian and Ubuntu, Red Hat, built from source.
USUAL_PLACES = (
    "/etc/freeradius/3.0/mods-config/mdm/mdm.toml",
    "/etc/raddb/mods-config/mdm/mdm.toml",
    "/usr/local/etc/raddb/mods-config/mdm/mdm.toml",
)
DESCRIPTION = "Looks at, tests and explains network access by device compliance on this server."


class _Parser(argparse.ArgumentParser):
    """Wrong arguments become our error, with the next step."""

    def error(self, message: str) -> NoReturn:
        raise OperationError(
            OperationCode.WRONG_ARGUMENT,
            message,
            allowed=" ".join(self.format_usage().removeprefix("usage: ").split()),
            next=f"{self.prog} --help",
        )


def build(commands: Sequence[Command]) -> argparse.ArgumentParser:
    """The parser; its result has `command`, the Command, and what that one takes."""
    parser = _Parser(prog="mdmctl", description=DESCRIPTION)
    parser.add_argument(
        "--config", type=Path, default=default_config(), metavar="FILE", help="mdm.toml (default: %(default)s)"
    )
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in commands:
        sub = subparsers.add_parser(
            command.name,
            help=command.help,
            description=command.description or command.help,
            epilog=_examples(command),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if command.json:
            sub.add_argument("--json", action="store_true", dest="as_json", help="one JSON document instead of text")
        command.arguments(sub)
        sub.set_defaults(command=command, parser=sub)
    return parser


def parse(commands: Sequence[Command], argv: Sequence[str] | None) -> argparse.Namespace:
    """The command line. Raises OperationError, which says what that very command takes."""
    arguments, unknown = build(commands).parse_known_args(argv)
    if unknown:
        arguments.parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    return arguments


def default_config() -> Path:
    """MDM_CONFIG, else where a distribution has it."""
    named = os.environ.get("MDM_CONFIG")
    if named:
        return Path(named)
    return next((path for text in USUAL_PLACES if (path := Path(text)).exists()), Path(USUAL_PLACES[0]))


def _examples(command: Command) -> str:
    return (
        "\n".join(["examples:", *(f"  {line}\n      {what}" for line, what in command.examples)])
        if command.examples
        else ""
    )
