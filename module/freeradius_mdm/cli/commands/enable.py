"""`mdmctl enable` and `mdmctl disable`: an MDM server's status, as in ISE only switched on after a passed test."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ..command import Command, Exit
from ..context import Context

if TYPE_CHECKING:
    from ...config.model import Config
    from ...operations.connection import TestReport

_ENABLE = """\
Runs the connection test on the server and, when every step has passed, sets `enabled = true` in its [[servers]] entry
of mdm.toml. Nothing else in the file changes, not even a blank. mdmd and radiusd read the file again by themselves.

Exit status: 0 when the server is enabled; 1 when the test failed or the file could not be changed."""
_DISABLE = """\
Sets `enabled = false` in the server's [[servers]] entry of mdm.toml. Nothing else in the file changes. A disabled
server is not asked any more and keeps its records. The last enabled server can't be disabled."""


def _server(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("server", metavar="SERVER", help="name of a [[servers]] entry")


def _enable(context: Context, arguments: argparse.Namespace) -> Exit:
    from ...operations.connection import configuration, switch
    from .test import as_json, run_shown

    name = arguments.server

    def test(config: Config) -> TestReport:
        return run_shown(context, configuration.find(config, name), config)

    report = switch.enable(context.existing_file(), name, test)
    if context.as_json:
        done = {"server": name, "enabled": True, "changed": report is not None}
        context.print_json(done | (as_json([report]) if report is not None else {}))
    elif report is None:
        context.out.print(f"{name} is enabled already; mdmctl test {name} tests it")
    else:
        context.out.print(f"{name} is enabled: enabled = true in {context.file}")
    return Exit.DONE


def _disable(context: Context, arguments: argparse.Namespace) -> Exit:
    from ...operations.connection import switch

    name = arguments.server
    changed = switch.disable(context.existing_file(), name)
    if context.as_json:
        context.print_json({"server": name, "enabled": False, "changed": changed})
    elif changed:
        context.out.print(f"{name} is disabled: enabled = false in {context.file}")
    else:
        context.out.print(f"{name} is disabled already")
    return Exit.DONE


COMMANDS = (
    Command(
        name="enable",
        help="enable an MDM server after it has passed its connection test",
        description=_ENABLE,
        run=_enable,
        arguments=_server,
        examples=(("mdmctl enable Intune", "test it, then switch it on"),),
    ),
    Command(
        name="disable",
        help="disable an MDM server",
        description=_DISABLE,
        run=_disable,
        arguments=_server,
        examples=(("mdmctl disable Intune", "switch it off"),),
    ),
)
