"""Running a real radiusd in the lab, in `-f` with threads, on this machine or in a chroot of another Debian."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import ExitStack
from pathlib import Path

from ..errors import MdmError
from .processes import Process
from .raddb import REPOSITORY, STOCK_RADDB

_READY = "Ready to process requests"


class Host:
    """Where FreeRADIUS runs: this machine, or a chroot below which the lab's directories are mounted."""

    def __init__(self, chroot: Path | None = None) -> None:
        self.chroot = chroot
        self._mounts = ExitStack()

    @property
    def stock_raddb(self) -> Path:
        """The packaged configuration of that FreeRADIUS."""
        return Path(f"{self.chroot}{STOCK_RADDB}") if self.chroot else STOCK_RADDB

    def command(self, *arguments: str) -> list[str]:
        """The command line that runs `freeradius` there."""
        program = shutil.which("freeradius") or "/usr/sbin/freeradius"
        return (
            ["chroot", str(self.chroot), "/usr/sbin/freeradius", *arguments] if self.chroot else [program, *arguments]
        )

    def share(self, *directories: Path) -> None:
        """Make directories visible there at the same path; undone by `close`."""
        for directory in (REPOSITORY, *directories) if self.chroot else ():
            target = Path(f"{self.chroot}{directory.resolve()}")
            target.mkdir(parents=True, exist_ok=True)
            # Read only, so that whoever removes the chroot with it still mounted does not remove the repository.
            mode = "ro" if directory == REPOSITORY else "rw"
            subprocess.run(["mount", "--bind", "-o", mode, str(directory.resolve()), str(target)], check=True)
            self._mounts.callback(subprocess.run, ["umount", "--lazy", str(target)], check=False)

    def close(self) -> None:
        """Unmount what `share` mounted."""
        self._mounts.close()

    def version(self) -> str:
        """Like `3.2.1`."""
        done = subprocess.run(self.command("-v"), capture_output=True, text=True, check=True)
        return done.stdout.split("Version ", 1)[1].split(",", 1)[0].split("+", 1)[0].strip()


def check(host: Host, raddb: Path) -> subprocess.CompletedProcess[str]:
    """`radiusd -C`: status 0 when the configuration is right."""
    return subprocess.run(
        host.command("-C", "-d", str(raddb), "-l", "stdout"), capture_output=True, text=True, check=False
    )


def start(host: Host, raddb: Path, log_directory: Path) -> Process:
    """Start it and wait until it is ready. Raises MdmError with the end of its log."""
    log = log_directory / "radius.log"
    log.unlink(missing_ok=True)
    process = Process(host.command("-f", "-d", str(raddb)), log_directory / "radiusd.out")
    try:
        process.ready_when(lambda: log.exists() and _READY in log.read_text(errors="replace"), "FreeRADIUS is ready")
    except MdmError as error:
        text = log.read_text(encoding="utf-8", errors="replace")[-4000:] if log.exists() else ""
        raise MdmError(f"{error}\n{text}") from None
    return process
