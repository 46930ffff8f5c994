"""A real radiusd that takes CoA and Disconnect requests, with client definitions that a test writes."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from freeradius_mdm.lab.processes import Process
from tests.lab.radius.radiusd import program

READY = "Ready to process requests"
_MAIN = """
prefix = /usr
libdir = /usr/lib/freeradius
run_dir = @DIR@
logdir = @DIR@
raddbdir = @DIR@
pidfile = @DIR@/radiusd.pid
max_requests = 16384
hostname_lookups = no
proxy_requests = no
log {
    destination = files
    file = @DIR@/radius.log
}
security {
    status_server = no
}
thread pool {
    start_servers = 2
    max_servers = 4
    min_spare_servers = 1
    max_spare_servers = 4
    max_requests_per_server = 0
}
modules {
    always ok {
        rcode = ok
    }
    always reject {
        rcode = reject
    }
}
$INCLUDE clients.conf
server default {
    listen {
        type = coa
        ipaddr = 127.0.0.1
        port = @PORT@
    }
@SERVER@
    recv-coa {
        # no client stands in here: { "
        if (&User-Name == "refuse }") {
            reject
        }
        update reply { &Event-Timestamp := "%l" }
        ok
    }
    send-coa {
        if (&request:User-Name == "sign") {
            update reply {
                &Message-Authenticator := 0x00
            }
        }
        ok
    }
}
"""


@dataclass(frozen=True, slots=True)
class CoaRadiusd:
    """`root` is its radiusd.conf, `log` its log."""

    directory: Path
    port: int

    @property
    def root(self) -> Path:
        return self.directory / "radiusd.conf"

    @property
    def log(self) -> str:
        file = self.directory / "radius.log"
        return file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""


def write(directory: Path, port: int, clients: bytes, server: str = "") -> CoaRadiusd:
    """Write its configuration; `server` goes into the virtual server."""
    text = _MAIN.replace("@DIR@", str(directory)).replace("@PORT@", str(port)).replace("@SERVER@", server)
    (directory / "radiusd.conf").write_text(text)
    (directory / "clients.conf").write_bytes(clients)
    (directory / "dictionary").write_text("$INCLUDE /usr/share/freeradius/dictionary\n")
    return CoaRadiusd(directory, port)


def refuses(made: CoaRadiusd) -> bool:
    """Whether `radiusd -C` finds fault with the configuration."""
    daemon = program()
    assert daemon is not None
    done = subprocess.run([daemon, "-C", "-d", made.directory], capture_output=True, check=False)
    return done.returncode != 0


def version() -> tuple[int, ...]:
    """Like (3, 2, 1)."""
    daemon = program()
    assert daemon is not None
    said = subprocess.run([daemon, "-v"], capture_output=True, text=True, check=True).stdout
    digits = said.split("Version ", 1)[1].split(",", 1)[0].split("+", 1)[0].split()[0]
    return tuple(int(part) for part in digits.split(".") if part.isdigit())


@contextmanager
def running(made: CoaRadiusd, environment: Mapping[str, str] = os.environ) -> Iterator[CoaRadiusd]:
    """Start it, wait until it is ready, stop it."""
    daemon = program()
    assert daemon is not None
    process = Process([daemon, "-f", "-d", str(made.directory)], made.directory / "output", dict(environment))
    try:
        process.ready_when(lambda: READY in made.log, "radiusd is ready")
        yield made
    finally:
        process.stop()
