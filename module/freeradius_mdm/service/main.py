"""`mdmd --config FILE [--check] [--print-decisions]`

Exit status: 0 after SIGTERM or SIGINT, or when the configuration is right; 1 when the store or the address
can't be used; 2 when the configuration is wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from ..compliance import ComplianceSource
from ..config.model import Server
from ..config.reader import load
from ..errors import ConfigError, StoreError
from .coa_settings import faults
from .daemon import Daemon, MakeSource, Outside
from .events import EventLog, FromLogging

_UMASK = 0o007  # mdmd and radiusd share the files through their group


def main(argv: Sequence[str] | None = None, *, make_source: MakeSource | None = None) -> int:
    """The program. `make_source` is for tests, which bring their own MDM servers."""
    arguments = _parser().parse_args(argv)
    try:
        return _check(arguments.config) if arguments.check else _serve(arguments, make_source or _intune)
    except ConfigError as error:
        print(*error.lines(), sep="\n", file=sys.stderr)
        return 2


def _check(file: Path) -> int:
    config = load(file)
    for warning in (*config.warnings, *faults(config.coa)):
        print(f"warning: {warning}", file=sys.stderr)
    print(f"{file}: no error found")
    return 0


def _serve(arguments: argparse.Namespace, make_source: MakeSource) -> int:
    events = EventLog(sys.stderr, time.time)
    ours = logging.getLogger("freeradius_mdm")
    ours.setLevel(logging.INFO)
    ours.propagate = False
    ours.handlers = [FromLogging(events)]
    if arguments.print_decisions:
        sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    decisions = sys.stdout if arguments.print_decisions else None
    os.umask(_UMASK)
    try:
        asyncio.run(_run(arguments.config, Outside(make_source, time.time, time.monotonic, events, decisions)))
    except StoreError as error:
        events.error("store_unusable", error=error)
        return 1
    except OSError as error:
        events.error("not_listening", error=error, next="is another service on that port? see service.listen")
        return 1
    return 0


async def _run(file: Path, outside: Outside) -> None:
    await Daemon(file, outside).run()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mdmd", description="Asks MDM servers on behalf of FreeRADIUS.")
    parser.add_argument("--config", type=Path, required=True, metavar="FILE", help="mdm.toml")
    parser.add_argument("--check", action="store_true", help="read the configuration, say what is wrong, and end")
    parser.add_argument("--print-decisions", action="store_true", help="one line per decision on standard output")
    return parser


def _intune(server: Server, state_directory: Path) -> ComplianceSource:
    # Here, because the libraries it needs take half a second to import, and --check needs none of them.
    from ..mdm.intune import IntuneSource

    return IntuneSource(server, state_directory)


if __name__ == "__main__":
    sys.exit(main())
