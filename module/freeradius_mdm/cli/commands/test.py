"""`mdmctl test`: the connection test, ISE's Test Connection."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from ...errors import ConfigError
from ..command import Command, Exit
from ..context import Context

if TYPE_CHECKING:
    from ...config.model import Config, Server
    from ...operations.connection import StepResult, TestReport

_DESCRIPTION = """\
Walks the path to an MDM server step by step, as mdmd does, and stops at the first step that fails with what to do
next: configuration, key and certificate, DNS, TLS, clock, tokens and their permissions, discovery, server information,
one look-up. Without SERVER every enabled server is tested; a disabled one is when it is named.

mdmd need not run, and nothing of it is changed. Run it as root or as mdmd's user, who can read the key.

Exit status: 0 when every step passed, warnings allowed; 1 when one failed."""


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("server", nargs="?", default="", metavar="SERVER", help="name of a [[servers]] entry")
    parser.add_argument(
        "--device", default="", metavar="GUID|MAC", help="device for the look-up (default: the newest of the store)"
    )


def _run(context: Context, arguments: argparse.Namespace) -> Exit:
    from ...operations.connection import configuration, refused_configuration

    try:
        if arguments.server:
            config = configuration.read(context.existing_file(), arguments.server)
            servers = [configuration.find(config, arguments.server)]
        else:
            config = context.config()
            servers = [server for server in config.servers if server.enabled]
    except ConfigError as error:
        name = arguments.server or context.file.name
        reporter = Reporter(context)
        reports = [refused_configuration(error, name, report=reporter.step, started_at=context.wall())]
        reporter.end(reports[0])
    else:
        reports = [run_shown(context, server, config, arguments.device) for server in servers]
    if context.as_json:
        context.print_json(as_json(reports))
    return Exit.DONE if all(report.passed for report in reports) else Exit.FAILED


def run_shown(context: Context, server: Server, config: Config, device: str = "") -> TestReport:
    """Test one server and show it while it goes; silent on standard output for --json."""
    from ...operations.connection import run

    # What the client logs for mdmd is told here by the steps themselves.
    logging.getLogger("freeradius_mdm").addHandler(logging.NullHandler())
    reporter = Reporter(context)
    reporter.begin(server)
    try:
        report = run(server, config, device=device, report=reporter.step, starting=reporter.starting, wall=context.wall)
    finally:
        reporter.stop()
    reporter.end(report)
    return report


def as_json(reports: list[TestReport]) -> dict[str, object]:
    """`passed` for all of them, and every report."""
    from dataclasses import asdict

    return {
        "passed": all(report.passed for report in reports),
        "reports": [{"passed": report.passed, **asdict(report)} for report in reports],
    }


class Reporter:
    """Steps as they end on standard output, the one under way on standard error when that is a terminal."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._stop: Callable[[], None] = lambda: None

    def begin(self, server: Server) -> None:
        """The head."""
        if not self._context.as_json:
            self._context.out.print(f"Connection test of MDM server {server.name}")

    def starting(self, title: str) -> None:
        """A step is under way."""
        if self._context.err.is_terminal:
            status = self._context.err.status(f"{title} ...")
            status.start()
            self._stop = status.stop

    def step(self, result: StepResult) -> None:
        """A step has ended, or was not reached."""
        from ..show.steps import show_step

        self.stop()
        if not self._context.as_json:
            show_step(self._context.out, result)

    def end(self, report: TestReport) -> None:
        """The verdict."""
        from ..show.steps import show_end

        if not self._context.as_json:
            show_end(self._context.out, report)

    def stop(self) -> None:
        """Take the progress line away."""
        self._stop()
        self._stop = lambda: None


COMMAND = Command(
    name="test",
    help="test the connection to an MDM server, step by step",
    description=_DESCRIPTION,
    run=_run,
    arguments=_arguments,
    examples=(
        ("mdmctl test", "every enabled server"),
        (
            "mdmctl test Intune --device 0d9f6f0e-53a4-4f0b-9d25-2a7e6f1c4b11",
            "one server, and what it says of a device",
        ),
        ("mdmctl test --json", "for a monitoring system"),
    ),
)
