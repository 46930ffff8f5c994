"""A real radiusd in the foreground, not in debug mode, with its own directory and free ports."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from freeradius_mdm.lab.radius import Certificates, Server

SECRET = "a secret of the lab"  # noqa: S105
_TEMPLATE = Path(__file__).with_name("radiusd.conf.in")
_DICTIONARY = "$INCLUDE /usr/share/freeradius/dictionary\n"
_START_LIMIT = 20.0  # seconds


@dataclass(frozen=True, slots=True)
class Radiusd:
    """A running server. `detail` is where it writes the accounting requests it got, `log` its log."""

    directory: Path
    port: int
    accounting_port: int

    def server(self, host: str = "127.0.0.1") -> Server:
        return Server(host, self.port, SECRET.encode())

    @property
    def accounting(self) -> Server:
        return Server("127.0.0.1", self.accounting_port, SECRET.encode())

    @property
    def log(self) -> str:
        return (self.directory / "radius.log").read_text(encoding="utf-8", errors="replace")

    @property
    def detail(self) -> str:
        return (self.directory / "detail").read_text(encoding="utf-8")


def program() -> str | None:
    """FreeRADIUS's daemon, which Debian calls freeradius."""
    return shutil.which("freeradius", path="/usr/sbin:/usr/local/sbin") or shutil.which("radiusd")


@contextmanager
def running(directory: Path, certificates: Certificates) -> Iterator[Radiusd]:
    """Start radiusd, wait until it is ready, stop it at the end and see that it stopped cleanly."""
    daemon = program()
    assert daemon is not None
    made = Radiusd(directory, *_free_ports())
    _write_configuration(made, certificates)
    output = (directory / "output").open("wb")
    with output, subprocess.Popen([daemon, "-f", "-d", directory], stdout=output, stderr=output) as process:
        try:
            _wait_until_ready(process, made)
            yield made
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
    assert process.returncode == 0, made.log


def has_ipv6() -> bool:
    """Whether this machine has ::1; containers often have not."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            sock.bind(("::1", 0))
    except OSError:
        return False
    return True


def _write_configuration(made: Radiusd, certificates: Certificates) -> None:
    (made.directory / "sessions").mkdir(parents=True)
    text = _TEMPLATE.read_text(encoding="utf-8")
    if not has_ipv6():
        text = re.sub(r"# IPv6 begin.*# IPv6 end", "", text, flags=re.DOTALL)
    for name, value in {
        "DIR": made.directory,
        "SECRET": f'"{SECRET}"',
        "PORT": made.port,
        "ACCOUNTING_PORT": made.accounting_port,
        "SERVER_KEY": certificates.key,
        "SERVER_CERTIFICATE": certificates.certificate,
        "CA": certificates.ca,
    }.items():
        text = text.replace(f"@{name}@", str(value))
    (made.directory / "radiusd.conf").write_text(text, encoding="utf-8")
    (made.directory / "dictionary").write_text(_DICTIONARY, encoding="utf-8")


def _wait_until_ready(process: subprocess.Popen[bytes], made: Radiusd) -> None:
    deadline = time.monotonic() + _START_LIMIT
    log = made.directory / "radius.log"
    while not (log.exists() and "Ready to process requests" in made.log):
        said = made.log if log.exists() else ""
        printed = (made.directory / "output").read_text(encoding="utf-8", errors="replace")
        assert process.poll() is None, f"radiusd ended with {process.returncode}\n{said}\n{printed}"
        assert time.monotonic() < deadline, f"radiusd is not ready after {_START_LIMIT} s\n{said}\n{printed}"
        try:
            process.wait(0.02)
        except subprocess.TimeoutExpired:
            continue


def _free_ports() -> tuple[int, int]:
    """Two free ports; held together, so that they differ."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as two,
    ):
        one.bind(("127.0.0.1", 0))
        two.bind(("127.0.0.1", 0))
        return one.getsockname()[1], two.getsockname()[1]
