"""`python -m freeradius_mdm.lab.containers prepare|cast ...`, inside the lab's container."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ...errors import MdmError
from ..radius import LabRadiusError
from . import files, sign_in


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status 1 when something fails, or when a device did not get what is expected."""
    parser = argparse.ArgumentParser(prog="freeradius_mdm.lab.containers", description=__doc__)
    commands = parser.add_subparsers(required=True, dest="command")
    prepare = commands.add_parser("prepare", help="write config/, secrets/ and lab/")
    prepare.add_argument("directory", type=Path, help="the MDM_SITE of compose.yaml")
    prepare.add_argument("--network", required=True, help="the clients' network, such as 10.213.97.0/24")
    commands.add_parser("cast", help="the devices of `make run` sign in")
    arguments = parser.parse_args(argv)
    try:
        if arguments.command == "prepare":
            files.prepare(arguments.directory, arguments.network)
            return 0
        return sign_in.cast()
    except (MdmError, LabRadiusError, OSError) as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
