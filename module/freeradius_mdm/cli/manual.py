"""The manual page mdmctl(8), made from the parser, the commands and their exit statuses."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, version

from .command import EXIT_MEANINGS, Command
from .parser import USUAL_PLACES
from .roff import line, paragraphs, request, tagged, verbatim

_ABOUT = """\
mdmctl looks at, tests and explains network access that FreeRADIUS grants by device compliance (freeradius-mdm). It
reads the configuration and the store of this server, and asks mdmd, the service, for what only that can do.

Results go to standard output, progress and errors to standard error. Times are in the reader's time zone. In a
terminal there are colours; in a pipe there are none, and no line is cut.

Every error has a code that never changes its meaning, and says what was wrong, where, what is allowed and the next
step: `mdmctl codes` explains each code.

mdmd and radiusd go on with the configuration they have when a change of the file has errors. Then devices, sessions,
decisions, live, show, refresh, coa and exempt say so and go on as well: they need the file only to find the store."""
_ENVIRONMENT = (
    ("MDM_CONFIG", "The configuration file, when --config does not name one."),
    ("NO_COLOR", "Set to anything: no colours, in a terminal neither."),
    ("COLUMNS", "How wide tables are; in a pipe they are as wide as they need to be."),
    ("TZ", "The reader's time zone, as tzset(3) has it."),
)
_STATE = "/var/lib/freeradius-mdm"
_MORE_FILES = (
    (
        "dacls/",
        "Beside the configuration file: the downloadable ACLs, NAME.acl, NAME.ipv6.acl and NAME.agnostic.acl.",
    ),
    (f"{_STATE}/store.sqlite", "Compliance records, sessions and decisions; state_directory of [service] moves it."),
    (f"{_STATE}/control.sock", "The socket through which mdmctl gives mdmd orders."),
)


def page(parser: argparse.ArgumentParser) -> str:
    """The whole page, in the man macros."""
    return "\n".join(_lines(parser)) + "\n"


def _lines(parser: argparse.ArgumentParser) -> Iterator[str]:
    yield '.\\" Made by `mdmctl manual`; do not edit.'
    yield request("TH", "MDMCTL", "8", "", f"freeradius-mdm {_version()}", "System Administration")
    yield ".ad l"
    yield request("SH", "NAME")
    yield line(f"{parser.prog} - look at, test and explain network access by device compliance")
    yield request("SH", "SYNOPSIS")
    yield from _usage(parser)
    yield request("SH", "DESCRIPTION")
    yield from paragraphs(_ABOUT)
    yield request("SH", "OPTIONS")
    yield from tagged("-h, --help", "Show the usage of mdmctl, or of the command it stands behind.")
    yield from _arguments(parser)
    yield request("SH", "COMMANDS")
    for sub in _subparsers(parser):
        yield from _command(sub)
    yield request("SH", "EXIT STATUS")
    for status, meaning in EXIT_MEANINGS.items():
        yield from tagged(str(int(status)), meaning)
    yield request("SH", "ENVIRONMENT")
    for name, meaning in _ENVIRONMENT:
        yield from tagged(name, meaning)
    yield request("SH", "FILES")
    yield ".TP"
    yield request("B", USUAL_PLACES[0])
    for place in USUAL_PLACES[1:]:
        yield ".TQ"
        yield request("B", place)
    yield line("The configuration file; the first one that exists.")
    for name, meaning in _MORE_FILES:
        yield from tagged(name, meaning)
    yield request("SH", "SEE ALSO")
    yield ".BR freeradius (8),"
    yield ".BR radclient (1)"


def _command(parser: argparse.ArgumentParser, level: str = "SS") -> Iterator[str]:
    yield request(level, parser.prog)
    yield from _usage(parser)
    yield from paragraphs(parser.description or "")
    yield from _arguments(parser)
    for sub in _subparsers(parser):
        yield from _command(sub)
    command = parser.get_default("command")
    if isinstance(command, Command) and command.examples and level == "SS" and parser.prog.count(" ") == 1:
        yield from _examples(command)


def _examples(command: Command) -> Iterator[str]:
    yield ".P"
    yield "Examples:"
    for text, what in command.examples:
        yield ".P"
        yield line(f"{what[:1].upper()}{what[1:]}{'' if what.endswith('?') else ':'}")
        yield ".RS"
        yield from verbatim([text])
        yield ".RE"


def _usage(parser: argparse.ArgumentParser) -> Iterator[str]:
    formatter = argparse.HelpFormatter(parser.prog, width=10_000)
    formatter.add_usage(parser.usage, parser._actions, parser._mutually_exclusive_groups, prefix="")
    yield ".P"
    yield ".nh"
    yield request("B", parser.prog)
    yield line(formatter.format_help().strip().removeprefix(parser.prog).strip())
    yield ".hy"


def _arguments(parser: argparse.ArgumentParser) -> Iterator[str]:
    formatter = argparse.HelpFormatter(parser.prog)
    for action in parser._actions:
        if action.help == argparse.SUPPRESS or isinstance(action, argparse._SubParsersAction | argparse._HelpAction):
            continue
        yield from tagged(_tag(action, formatter), _help(action, formatter))


def _tag(action: argparse.Action, formatter: argparse.HelpFormatter) -> str:
    default = action.dest.upper() if action.option_strings else action.dest
    value = formatter._format_args(action, default)
    if not action.option_strings:
        return str(action.metavar or value)
    return ", ".join(f"{option} {value}".rstrip() for option in action.option_strings)


def _help(action: argparse.Action, formatter: argparse.HelpFormatter) -> str:
    if action.dest == "config":
        return "The configuration file, mdm.toml; see FILES for the default."
    text = formatter._expand_help(action)
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}" if text else ""


def _subparsers(parser: argparse.ArgumentParser) -> Iterable[argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices.values()


def _version() -> str:
    try:
        return version("freeradius-mdm")
    except PackageNotFoundError:  # run from a checkout
        return ""
