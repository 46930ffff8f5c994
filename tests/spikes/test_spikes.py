"""The spikes still find FreeRADIUS as the design relies on it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

RUN = Path(__file__).with_name("run.py")
TOOLS = ("freeradius", "eapol_test", "radclient", "openssl")


def test_freeradius_does_what_the_design_relies_on() -> None:
    if os.geteuid() != 0:
        pytest.skip("the spikes start radiusd on a configuration that only root can read")
    if missing := [tool for tool in TOOLS if shutil.which(tool) is None]:
        pytest.skip(f"{missing[0]} is not installed")
    chroot = os.environ.get("MDM_TEST_CHROOT")
    where = ["--chroot", chroot] if chroot else []
    command = [sys.executable, str(RUN), *where]

    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)

    broken = [line for line in done.stdout.splitlines() if line.startswith("NOT SO: ")]
    assert broken == [], done.stdout
    assert done.returncode == 0, done.stderr
    for spike in ("wait", "resumption", "outcome", "tunnel", "challenge", "small"):
        assert re.search(rf"(?m)^{spike} / .* / 3\.2\.\d+ / ", done.stdout), f"{spike} found nothing"
