"""`mdm-lab COMMAND …`: the lab's parts from the command line."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

USAGE = """usage: mdm-lab COMMAND ...

  run         simulated Microsoft, mdmd and FreeRADIUS in the foreground, and a cast of devices
  demo        the same, compared with what is expected, then stopped
  bench       radiusd's CPU time per EAP-TLS handshake, with and without the module
  fleet       mdmd with a simulated fleet of 20,000 sessions over a working day, on a compressed clock
  microsoft   the simulated Microsoft alone, and its remote control
  radius      a RADIUS endpoint: eap-tls, hold, mab, vpn, dacl

mdm-lab COMMAND --help tells more."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command. Exit status 2 for one that is not known."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    command = _command(arguments[0]) if arguments else None
    if command is None:
        if arguments and not arguments[0].startswith("-"):
            print(f"mdm-lab: there is no command {arguments[0]!r}", file=sys.stderr)
        print(USAGE, file=sys.stderr)
        return 0 if arguments[:1] in (["-h"], ["--help"]) else 2
    return command(arguments[1:])


def _command(name: str) -> Callable[[list[str]], int] | None:
    """Imported on demand: each command needs libraries that the others don't."""
    match name:
        case "run" | "demo":
            from . import show

            return show.run if name == "run" else show.demo
        case "bench":
            from .bench import main as bench

            return bench
        case "fleet":
            from .fleet.cli import main as fleet

            return fleet
        case "microsoft":
            from .microsoft.cli import main as microsoft

            return microsoft
        case "radius":
            from .radius.cli import main as radius

            return radius
    return None


if __name__ == "__main__":
    sys.exit(main())
