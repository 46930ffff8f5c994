"""A real mdmd process for tests, on a free port, in a directory of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

from freeradius_mdm.journal import JournalWriter
from freeradius_mdm.lab.processes import free_port
from freeradius_mdm.store.query import StoreQueries
from freeradius_mdm.store.schema import make_directory
from tests.store.samples import decision

from .fakes import until_now

ROOT = Path(__file__).parents[2]
CONFIG = """
[service]
listen = "127.0.0.1:{port}"
state_directory = "{state}"
wait = "5s"

[[servers]]
name = "intune"
tenant = "contoso.onmicrosoft.com"
client_id = "00000000-0000-0000-0000-00000000c11e"
client_secret_file = "{secret}"
read_timeout = "5s"

[[identity]]
source = "certificate-uri"
server = "intune"

[coa]
mode = "off"

[policy]
default_profile = "deny"

[[rules]]
name = "unreachable"
when = {{ "MDM:MDMServerReachable" = "UnReachable" }}
profile = "deny"

[profiles.deny]
access = "reject"
"""


class Site:
    """A directory with a configuration, a state directory, and the mdmd processes that ran in it."""

    program = "tests/service/mdmd_with_fake.py"

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.state = directory / "state"
        self.config = directory / "mdm.toml"
        self._port = free_port()
        (directory / "secret").write_text("x")
        self.write_config()
        self.process: subprocess.Popen[bytes] | None = None
        self.started = 0

    def write_config(self, *, port: int = 0, change: tuple[str, str] = ("", "")) -> None:
        text = CONFIG.format(port=port or self._port, state=self.state, secret=self.directory / "secret")
        self.config.write_text(text.replace(*change) if change[0] else text)

    def start(self, *arguments: str, **environment: str) -> None:
        """Start mdmd and wait until it listens."""
        self.started += 1
        command = [sys.executable, str(ROOT / self.program), "--config", str(self.config)]
        with self._log("err").open("wb") as errors, self._log("out").open("wb") as output:
            self.process = subprocess.Popen(
                [*command, *arguments],
                stderr=errors,
                stdout=output,
                env={**os.environ, "PYTHONPATH": f"{ROOT / 'module'}:{ROOT}", **environment},
            )
        until_now(lambda: "event=listening" in self.log() or self.process.poll() is not None)

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal, wait for the end, and return the exit status."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(timeout=30)

    def log(self) -> str:
        return self._log("err").read_text()

    def output(self) -> str:
        return self._log("out").read_text()

    def events(self, name: str) -> list[str]:
        return [line for line in self.log().splitlines() if f" event={name} " in line + " "]

    @property
    def port(self) -> int:
        found = re.search(r"event=listening .*port=(\d+)", self.log())
        assert found is not None, self.log()
        return int(found[1])

    def get(self, path: str) -> Any:
        """The JSON of a path, or the X-MDM-Result of an answer without a body."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as response:
            return response.headers["X-MDM-Result"] if response.status == 204 else json.load(response)

    def journal(self, *numbers: int, at: float | None = None, reason: str = "") -> None:
        """As radiusd does, each decision followed by a line that mdmd does not know.

        The time is now unless `at` is given: what is older than 90 days is deleted when mdmd starts.
        """
        at = time.time() if at is None else at
        make_directory(self.state)
        make_directory(self.state / "journal")
        for number in numbers:
            body = decision(number, at=at, reason=reason).to_json()
            JournalWriter(self.state / "journal").append("decision", body, at)
            JournalWriter(self.state / "journal").append("of a later version", str(number), at)

    def stored(self) -> int:
        """How many decisions the store holds, counted by the rule that each of them hit."""
        if not (self.state / "store.sqlite").exists():
            return 0
        return sum(rule.hits for rule in StoreQueries(self.state / "store.sqlite").rules())

    def _log(self, name: str) -> Path:
        return self.directory / f"{name}{self.started}"
