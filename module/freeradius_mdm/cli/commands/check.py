"""`mdmctl check`: is everything around the policy as it has to be?"""

from __future__ import annotations

import argparse
import shlex
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..command import Command, Exit
from ..context import Context

if TYPE_CHECKING:
    from ...operations.site_check.finding import CheckReport

_DESCRIPTION = """\
Checks the whole site: mdm.toml and downloadable ACLs, the release of FreeRADIUS and its traps, FreeRADIUS's own
configuration (links, dictionary, modules, EAP, threads, clients), radiusd -C, permissions, mdmd, and the secrets for
changes of authorization.

The loopback request starts a FreeRADIUS of its own in a temporary directory, with the site's policy, package and
dictionary, and compares what it sends, attribute by attribute, with what every profile and ACL means. The running
server gets nothing of it. Run it as root: only root can ask what other users may read.

Exit status: 0 without an error, warnings allowed; 1 with one."""


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--raddb", type=Path, default=None, metavar="DIR", help="FreeRADIUS's directory (default: that of mdm.toml)"
    )
    parser.add_argument("--no-loopback", action="store_true", help="start no FreeRADIUS of its own")
    parser.add_argument(
        "--coa",
        action="store_true",
        help="send every network device a request about a session that does not exist, and wait for its answer",
    )
    parser.add_argument(
        "--radiusd", default="", metavar="COMMAND", help="FreeRADIUS's program (default: the one installed)"
    )


def _run(context: Context, arguments: argparse.Namespace) -> Exit:
    from ...operations.site_check.run import Options, run
    from ..show.report import show_report

    options = Options(
        raddb=arguments.raddb,
        loopback=not arguments.no_loopback,
        ask_devices=arguments.coa,
        command=shlex.split(arguments.radiusd),
    )
    with ExitStack() as stack:
        if context.err.is_terminal:
            status = stack.enter_context(context.err.status("checking ..."))
            report = run(context.existing_file(), options, lambda stage: status.update(f"checking {stage}"))
        else:
            report = run(context.existing_file(), options)
    if context.as_json:
        context.print_json(as_json(report))
    else:
        show_report(context.out, report)
    return Exit.DONE if report.passed else Exit.FAILED


def as_json(report: CheckReport) -> dict[str, Any]:
    """`passed`, and every finding."""
    from dataclasses import asdict

    findings = [{"subject": each.subject, **asdict(each)} for each in report.findings]
    return {"passed": report.passed, "seconds": report.seconds, "findings": findings}


COMMAND = Command(
    name="check",
    help="check configuration, FreeRADIUS, permissions, mdmd, and replies over the loopback address",
    description=_DESCRIPTION,
    run=_run,
    arguments=_arguments,
    examples=(
        ("mdmctl check", "everything but what would be sent to network devices"),
        ("mdmctl check --coa", "ask every network device whether it takes changes of authorization"),
        ("mdmctl check --no-loopback --json", "for a monitoring system"),
    ),
)
