"""Real Redis servers and Sentinels for tests: each on a free port, in a directory of its own."""

from __future__ import annotations

import contextlib
import signal
import subprocess
from pathlib import Path
from typing import Any

import redis

from freeradius_mdm.config.model import ClusterSettings
from freeradius_mdm.lab.processes import free_port
from tests.service.fakes import DEADLINE, until_now

HOST = "127.0.0.1"


class RealRedis:
    """One redis-server. `persistent`: its data outlives a kill (append-only file, fsync after each write)."""

    def __init__(self, directory: Path, *options: str, persistent: bool = False, tls: bool = False) -> None:
        self.directory = directory
        self._options = options
        self._persistent = persistent
        self._tls = tls
        self.port = 0
        self.process: subprocess.Popen[bytes] | None = None
        self.client_options: dict[str, Any] = {}
        directory.mkdir(parents=True)

    def start(self) -> RealRedis:
        """Start, the first time on a free port, and wait until it answers."""
        for _ in range(5):  # somebody else may take the port in between
            port = self.port or free_port()
            self._run(port)
            if self._answers(port):
                self.port = port
                return self
        raise AssertionError((self.directory / "log").read_text())

    def client(self, port: int = 0) -> redis.Redis:
        """A client of our own, to look and to meddle with."""
        return redis.Redis(
            HOST, port or self.port, socket_timeout=DEADLINE, decode_responses=True, **self.client_options
        )

    def ask(self, *command: str | int) -> Any:
        """One command."""
        with contextlib.closing(self.client()) as client:
            return client.execute_command(*command)

    def client_text(self, *command: str) -> str:
        """The reply as text, as `redis-cli` has it."""
        with contextlib.closing(self.client()) as client:
            client.response_callbacks.clear()
            return str(client.execute_command(*command))

    def send(self, number: signal.Signals) -> None:
        """SIGSTOP, SIGCONT, SIGKILL."""
        assert self.process is not None
        self.process.send_signal(number)
        if number is signal.SIGKILL:
            self.process.wait(DEADLINE)

    def end(self) -> None:
        """Kill it, paused or not."""
        if self.process is not None and self.process.poll() is None:
            self.send(signal.SIGKILL)

    def _run(self, port: int) -> None:
        listen = ["--port", "0", "--tls-port", str(port)] if self._tls else ["--port", str(port)]
        keep = ["--appendonly", "yes", "--appendfsync", "always"] if self._persistent else ["--appendonly", "no"]
        command = ["redis-server", *listen, *keep, "--bind", HOST, "--save", "", "--dir", str(self.directory)]
        with (self.directory / "log").open("ab") as log:
            self.process = subprocess.Popen([*command, *self._options], stdout=log, stderr=log)

    def _answers(self, port: int) -> bool:
        process = self.process
        assert process is not None
        until_now(lambda: process.poll() is not None or self._pings(port))
        return process.poll() is None

    def _pings(self, port: int) -> bool:
        with contextlib.suppress(redis.RedisError), contextlib.closing(self.client(port)) as client:
            return bool(client.ping())
        return False


class Sentinel:
    """One redis-server in Sentinel mode that watches `primary` under the name `main`."""

    def __init__(self, directory: Path, primary: RealRedis) -> None:
        directory.mkdir(parents=True)
        self.port = free_port()
        config = directory / "sentinel.conf"
        config.write_text(
            f"port {self.port}\nbind {HOST}\ndir {directory}\n"
            f"sentinel monitor main {HOST} {primary.port} 1\n"
            "sentinel down-after-milliseconds main 300\nsentinel failover-timeout main 3000\n"
        )
        with (directory / "log").open("wb") as log:
            self.process = subprocess.Popen(["redis-server", str(config), "--sentinel"], stdout=log, stderr=log)
        until_now(self._knows_a_replica)

    def fail_over(self) -> None:
        """Make the replica primary although nothing is wrong."""
        with contextlib.closing(self._client()) as client:
            client.execute_command("SENTINEL", "FAILOVER", "main")

    def end(self) -> None:
        self.process.kill()
        self.process.wait(DEADLINE)

    def _client(self) -> redis.Redis:
        return redis.Redis(HOST, self.port, socket_timeout=DEADLINE, decode_responses=True)

    def _knows_a_replica(self) -> bool:
        with contextlib.suppress(redis.RedisError), contextlib.closing(self._client()) as client:
            return len(client.execute_command("SENTINEL", "REPLICAS", "main")) > 0
        return False


def settings(node: str, *ports: int, **changes: Any) -> ClusterSettings:
    """As `[cluster]` gives them."""
    values: dict[str, Any] = {
        "node": node,
        "hosts": tuple((HOST, port) for port in ports),
        "sentinel": "",
        "tls": False,
        "db": 0,
        "prefix": "mdm",
        "user": "",
        "password_file": None,
        "sentinel_password_file": None,
        "ca_file": None,
        "certificate_file": None,
        "key_file": None,
        "gone_after": 15.0,
    }
    return ClusterSettings(**{**values, **changes})
