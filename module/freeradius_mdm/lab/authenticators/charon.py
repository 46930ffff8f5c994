"""strongSwan's IKE daemon in a network namespace, as often as wanted on one machine. Needs root and Debian's packages.

The packaged programs keep their paths (/etc/strongswan.conf, /etc/swanctl, /run/charon.vici), since swanctl's AppArmor
profile allows no others; each daemon sees files of its own there, in a mount namespace of its own. What the machine has
configured for strongSwan is neither read nor changed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from ...errors import MdmError
from ..processes import Process
from . import namespaces
from .namespaces import Namespace

PACKAGES = (
    "charon-systemd",  # the daemon, which does without systemd
    "strongswan-swanctl",
    "libcharon-extra-plugins",  # eap-radius, eap-tls, eap-identity, kernel-libipsec
    "libstrongswan-standard-plugins",  # openssl
)
_DAEMON, _CONTROL = "/usr/sbin/charon-systemd", "/usr/sbin/swanctl"
_PLUGIN_FILE = "/usr/lib/ipsec/plugins/libstrongswan-{}.so"
# kernel-libipsec does ESP in the daemon, through a TUN device: a kernel without ESP, as of many virtual machines, makes
# no difference. It comes before kernel-netlink, which otherwise would take that part.
_PLUGINS = (
    *("random", "nonce", "openssl", "kdf", "pem", "pkcs1", "pkcs8", "x509", "pubkey", "constraints"),
    *("kernel-libipsec", "kernel-netlink", "socket-default", "vici", "eap-identity"),
)
_TUN = Path("/dev/net/tun")
_MOUNT = (
    'mount --bind "$1/run" /run && mount --bind "$1/swanctl" /etc/swanctl && '
    'mount --bind "$1/strongswan.conf" /etc/strongswan.conf && shift && exec "$@"'
)


def unavailable() -> str:
    """Why this machine allows no daemon, in a few words; empty when it does. Missing packages are another matter."""
    if reason := namespaces.unavailable():
        return reason
    try:
        os.close(os.open(_TUN, os.O_RDWR))
    except OSError as error:
        return f"no TUN device: {error}"
    return ""


@dataclass(frozen=True, slots=True)
class CharonConfig:
    """What one daemon is given.

    `plugins` come on top of what every IKEv2 daemon needs; `settings`: the lines of their section of strongswan.conf.
    `connections`: swanctl.conf, which calls the PEM files in `certificates` by their names.
    """

    connections: str
    plugins: tuple[str, ...] = ()
    settings: str = ""
    certificates: tuple[Path, ...] = ()
    authorities: tuple[Path, ...] = ()
    keys: tuple[Path, ...] = ()

    def check_installed(self) -> None:
        """Raises MdmError when a program or a plugin is missing."""
        plugins = (_PLUGIN_FILE.format(name) for name in (*_PLUGINS, *self.plugins))
        missing = [path for path in (_DAEMON, _CONTROL, *plugins) if not Path(path).exists()]
        if missing:
            raise MdmError(f"strongSwan can't run: {missing[0]} is missing. Install {' '.join(PACKAGES)}")

    def strongswan_conf(self) -> str:
        """strongswan.conf. /etc/strongswan.d is not included, so that it is the same on every machine."""
        load = " ".join((*_PLUGINS, *self.plugins))
        log = "filelog {\nstderr {\ndefault = 1\n}\n}"  # `stdout` would be kept back until a block is full
        journal = "charon-systemd {\njournal {\ndefault = -1\n}\n}"
        return f"charon {{\nload = {load}\n{log}\nplugins {{\n{self.settings}}}\n}}\n{journal}\n"

    def write(self, directory: Path) -> None:
        """Lay everything out in `directory`, which is made anew; keys are readable by their owner only."""
        shutil.rmtree(directory, ignore_errors=True)
        (directory / "run").mkdir(parents=True)
        (directory / "strongswan.conf").touch(mode=0o600)  # holds the RADIUS secret
        (directory / "strongswan.conf").write_text(self.strongswan_conf(), encoding="utf-8")
        kinds = {"x509": self.certificates, "x509ca": self.authorities, "private": self.keys}
        for kind, files in kinds.items():
            (directory / "swanctl" / kind).mkdir(parents=True)
            for file in files:
                shutil.copy(file, directory / "swanctl" / kind / file.name)
        (directory / "swanctl/swanctl.conf").write_text(self.connections, encoding="utf-8")


class Charon:
    """A context manager: inside it the daemon is up, its connections loaded; stopped after it."""

    def __init__(self, namespace: Namespace, directory: Path, config: CharonConfig) -> None:
        self.namespace = namespace
        self.directory = directory.resolve()
        self.config = config
        self._process: Process

    def __enter__(self) -> Charon:
        self.config.check_installed()
        self.config.write(self.directory)
        mounted = ["unshare", "--mount", "--propagation", "private", "sh", "-c", _MOUNT, "sh", str(self.directory)]
        self._process = Process(self.namespace.command(*mounted, _DAEMON), self.directory / "charon.log")
        self._process.ready_when(lambda: self.try_swanctl("--stats").returncode == 0, "strongSwan is ready")
        try:
            self.load()
        except BaseException:
            self._process.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.stop()

    def load(self, connections: str | None = None) -> None:
        """Read swanctl.conf again, or other contents of it; what is up stays up."""
        if connections is not None:
            (self.directory / "swanctl/swanctl.conf").write_text(connections, encoding="utf-8")
        self.swanctl("--load-all", "--noprompt")

    def swanctl(self, *arguments: str) -> str:
        """Run swanctl against it and return what it prints. Raises MdmError when it fails."""
        done = self.try_swanctl(*arguments)
        if done.returncode:
            raise MdmError(f"swanctl {' '.join(arguments)}: {done.stdout}{done.stderr}\n{self._process.tail()}")
        return done.stdout

    def try_swanctl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The same, whatever its exit status."""
        command = ["nsenter", f"--mount=/proc/{self._process.pid}/ns/mnt", _CONTROL, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    @property
    def log(self) -> str:
        """Its log so far."""
        return self._process.log.read_text(encoding="utf-8", errors="replace")
