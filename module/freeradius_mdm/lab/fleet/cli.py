"""`mdm-lab fleet`: a working day of a simulated fleet, scenario by scenario; exit status 1 when a promise is broken."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from . import promises, report
from .day import simulate
from .scenario import SCENARIOS
from .site import Settings


def main(argv: Sequence[str]) -> int:
    """Run the scenarios and print a table of each."""
    usual = Settings()
    parser = argparse.ArgumentParser(prog="mdm-lab fleet", description=__doc__)
    parser.add_argument(
        "--scenario",
        action="append",
        choices=list(SCENARIOS),
        metavar="NAME",
        help=f"one of {', '.join(SCENARIOS)}; may be given several times; all by default",
    )
    parser.add_argument("--sessions", type=int, default=usual.sessions, metavar="N", help="default: %(default)s")
    parser.add_argument(
        "--hours", type=float, default=usual.hours, metavar="H", help="default: %(default)s, from 08:00"
    )
    parser.add_argument("--rate", type=float, metavar="R", help="recheck_rate; by default a third more than needed")
    parser.add_argument(
        "--changing",
        type=float,
        default=usual.changing,
        metavar="SHARE",
        help="the share of devices that become non-compliant, most of them for a while; default: %(default)s",
    )
    parser.add_argument("--seed", type=int, default=usual.seed, metavar="N", help="of everything that is random")
    parser.add_argument("--state", type=Path, metavar="DIRECTORY", help="where to work; a temporary one by default")
    arguments = parser.parse_args(argv)
    if arguments.sessions < 1 or arguments.hours < 2.5:
        parser.error("--sessions is 1 or more, --hours 2.5 or more: an hour to reauthenticate, and one to see the rest")
    settings = Settings(
        sessions=arguments.sessions,
        hours=arguments.hours,
        rate=arguments.rate,
        changing=arguments.changing,
        seed=arguments.seed,
    )
    kept = True
    if arguments.state is not None:
        arguments.state.mkdir(parents=True, exist_ok=True)
    for name in arguments.scenario or SCENARIOS:
        scenario = SCENARIOS[name]
        print(f"{scenario.name}: {scenario.title}", file=sys.stderr)
        with tempfile.TemporaryDirectory(prefix=f"fleet-{name}-", dir=arguments.state) as directory:
            result = simulate(scenario, settings, Path(directory), lambda line: print(f"  {line}", file=sys.stderr))
        print(report.render(result), flush=True)
        kept = kept and not promises.broken(result)
    return 0 if kept else 1
