"""What a command is, and what its exit status means."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum

from .context import Context


class Exit(IntEnum):
    """mdmctl's exit status."""

    DONE = 0  # what was asked for was done, and nothing was found wrong
    FAILED = 1  # a test failed, a check found an error, or what was asked for could not be done
    USAGE = 2  # the command line was not understood
    CONFIGURATION = 3  # mdm.toml is missing or faulty
    UNREACHABLE = 4  # the store can't be read, or mdmd does not answer
    NOT_FOUND = 5  # nothing has that name or id
    INTERRUPTED = 130  # Ctrl-C


EXIT_MEANINGS = {
    Exit.DONE: "What was asked for was done, and nothing was found wrong.",
    Exit.FAILED: "A test failed, a check found an error, or what was asked for could not be done.",
    Exit.USAGE: "The command line was not understood, or a value on it is wrong.",
    Exit.CONFIGURATION: "The configuration file is missing, or so faulty that the command can't do without it.",
    Exit.UNREACHABLE: "The store can't be read, or mdmd does not answer.",
    Exit.NOT_FOUND: "Nothing has that name or id.",
    Exit.INTERRUPTED: "It was interrupted from the keyboard.",
}
# For the descriptions of commands that list what the store has.
LIST_STATUS = (
    "Exit status: 0, also when nothing matches; 2 when the value of a filter is wrong; 3 without mdm.toml; 4 when the\n"
    "store can't be read."
)


@dataclass(frozen=True, slots=True)
class Command:
    """`help`: one line, for the list of commands. `description`: paragraphs, for --help and the manual page.

    `arguments` adds the command's own to its parser; `run` does it and gives the exit status, or raises
    OperationError, ConfigError or StoreError. `examples`: command line and what it is for. Heavy imports go into `run`.
    """

    name: str
    help: str
    run: Callable[[Context, argparse.Namespace], Exit]
    description: str = ""
    arguments: Callable[[argparse.ArgumentParser], None] = lambda parser: None
    examples: tuple[tuple[str, str], ...] = field(default=())
    json: bool = True  # the command takes --json
