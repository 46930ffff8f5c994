"""mdmctl's command line as argparse sees it; manual page and shell completion are made from the same."""

from __future__ import annotations

import argparse
import os
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from ..operations.codes import OperationCode
from ..operations.errors import OperationError
from .command import EXIT_MEANINGS, Command

# Debian and Ubuntu, Red Hat, built from source.
USUAL_PLACES = (
    "/etc/freeradius/3.0/mods-config/mdm/mdm.toml",
    "/etc/raddb/mods-config/mdm/mdm.toml",
    "/usr/local/etc/raddb/mods-config/mdm/mdm.toml",
)
_OWN = ("--config", "--help")
DESCRIPTION = "Looks at, tests and explains network access by device compliance on this server."


class Formatter(argparse.RawDescriptionHelpFormatter):
    """Help whose words stay whole: what has hyphens is a path or an option, and is to be copied."""

    def _split_lines(self, text: str, width: int) -> list[str]:
        return textwrap.wrap(" ".join(text.split()), width, break_long_words=False, break_on_hyphens=False)


class _Parser(argparse.ArgumentParser):
    """Wrong arguments become our error, with what is allowed and the next step."""

    def error(self, message: str) -> NoReturn:
        raise OperationError(OperationCode.WRONG_ARGUMENT, message, allowed=self._allowed(), next=f"{self.prog} --help")

    def _allowed(self) -> str:
        usage = " ".join(self.format_usage().removeprefix("usage: ").split())
        groups = (each for each in self._actions if isinstance(each, argparse._SubParsersAction))
        named = (f"{each.metavar} is one of {', '.join(each.choices)}" for each in groups if each.metavar == "COMMAND")
        return "; ".join((usage, *named))


def build(commands: Sequence[Command]) -> argparse.ArgumentParser:
    """The parser; its result has `command`, the Command, and what that one takes."""
    parser = _Parser(prog="mdmctl", description=DESCRIPTION, formatter_class=Formatter, epilog=_statuses())
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
            formatter_class=Formatter,
        )
        if command.json:
            sub.add_argument("--json", action="store_true", dest="as_json", help="one JSON document instead of text")
        command.arguments(sub)
        sub.set_defaults(command=command, parser=sub)
    return parser


def parse(commands: Sequence[Command], argv: Sequence[str] | None) -> argparse.Namespace:
    """The command line. Raises OperationError, which says what that very command takes."""
    parser, words = build(commands), sys.argv[1:] if argv is None else argv
    if odd := _odd_before_the_command(words):
        parser.error(f"unrecognized arguments: {odd}")
    arguments, unknown = parser.parse_known_args(words)
    if unknown:
        arguments.parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    return arguments


def _odd_before_the_command(words: Sequence[str]) -> str:
    """The first option before the command that mdmctl itself does not have; "" for none.

    argparse would ask for a command first, or take the option's value for one.
    """
    is_value = False
    for word in words:
        if is_value:
            is_value = False
        elif not word.startswith("-") or word in ("-", "--"):
            return ""
        else:
            name, equals, _ = word.partition("=")
            shortened = [each for each in _OWN if word.startswith("--") and len(name) > 2 and each.startswith(name)]
            if word != "-h" and not shortened:
                return word
            is_value = "--config" in shortened and not equals
    return ""


def default_config() -> Path:
    """MDM_CONFIG, else where a distribution has it."""
    named = os.environ.get("MDM_CONFIG")
    if named:
        return Path(named)
    return next((path for text in USUAL_PLACES if (path := Path(text)).exists()), Path(USUAL_PLACES[0]))


def _statuses() -> str:
    return "\n".join(["exit status:", *(f"  {status:<4} {meaning}" for status, meaning in EXIT_MEANINGS.items())])


def _examples(command: Command) -> str:
    return (
        "\n".join(["examples:", *(f"  {line}\n      {what}" for line, what in command.examples)])
        if command.examples
        else ""
    )
