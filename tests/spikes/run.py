"""Ask FreeRADIUS the questions that the design depends on, and print what it does.

    python3 tests/spikes/run.py [--chroot /var/tmp/mdm-trixie] [--only wait,tunnel] [--keep]

Runs as root, against the host's FreeRADIUS or that of a chroot (tests/debian13/make_chroot.sh). It prints a
line per finding: `spike / question / version / what was seen`. Exit status 1 when something the design relies
on is not so, with a list of those at the end. Nothing is left running or mounted.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pki
import server
import spike_challenge
import spike_outcome
import spike_resumption
import spike_small
import spike_tunnel
import spike_wait
from findings import Findings
from lab import Lab
from waiter import Waiter

SPIKES: dict[str, Callable[[Lab, Findings], None]] = {
    "wait": spike_wait.run,
    "resumption": spike_resumption.run,
    "outcome": spike_outcome.run,
    "tunnel": spike_tunnel.run,
    "challenge": spike_challenge.run,
    "small": spike_small.run,
}
TOOLS = ("freeradius", "eapol_test", "radclient", "openssl")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--chroot", type=Path, help="directory made by tests/debian13/make_chroot.sh")
    parser.add_argument("--only", default=",".join(SPIKES), help=f"comma list of {', '.join(SPIKES)}")
    parser.add_argument("--keep", action="store_true", help="keep the work directory, with raddb and logs")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.only.split(",") if name not in SPIKES]
    if unknown:
        parser.error(f"unknown spike {unknown[0]}; there are {', '.join(SPIKES)}")
    if os.geteuid() != 0:
        parser.error("radiusd is started on a copied configuration and chroot is used: run this as root")
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    if missing:
        parser.error(
            f"{missing[0]} is missing: apt-get install freeradius freeradius-python3 freeradius-rest "
            "freeradius-utils eapoltest openssl"
        )
    if arguments.chroot and not (arguments.chroot / "usr/sbin/freeradius").exists():
        parser.error(f"no FreeRADIUS in {arguments.chroot}: run tests/debian13/make_chroot.sh {arguments.chroot}")
    return arguments


def main() -> int:
    arguments = _arguments()
    # So that the context managers stop radiusd and unmount when the run is ended from outside.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    findings = Findings(server.version(arguments.chroot))
    work = Path(tempfile.mkdtemp(prefix="mdm-spikes-"))
    waiter = Waiter()
    waiter.start()
    try:
        pki.make(work / "pki")
        with server.visible_in(arguments.chroot, work):
            lab = Lab(work, work / "pki", arguments.chroot, waiter)
            for name in arguments.only.split(","):
                findings.spike = name
                try:
                    SPIKES[name](lab, findings)
                except (LookupError, OSError, RuntimeError) as error:
                    # A finding so far off that the spike could not go on; the others still can.
                    findings.rely("the spike runs to its end", False, f"{type(error).__name__}: {error}")
    finally:
        waiter.stop()
        if arguments.keep:
            print(f"kept {work}")
        else:
            shutil.rmtree(work)
    for line in findings.broken:
        print(f"NOT SO: {line}")
    return 1 if findings.broken else 0


if __name__ == "__main__":
    sys.exit(main())
