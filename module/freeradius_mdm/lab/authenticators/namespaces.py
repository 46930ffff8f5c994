"""Network namespaces joined by veth pairs, for programs that need a wire or a network of their own. Needs root.

    with Namespaces() as spaces:
        client, server = spaces.add("client"), spaces.add("server")
        near, far = spaces.join(End(client, ("192.0.2.1/24",)), End(server, ("192.0.2.2/24", "2001:db8::2/64")))
        daemon = Process(server.command("some-daemon", "--foreground"), log)

`ROOT` stands for the namespace we are in, so that a veth pair can also lead from here into another. Every name carries
our process id: a `Namespaces` that starts removes what processes that are gone have left. Programs started with
`command` are killed by the kernel as soon as the process that started them is gone.
"""

from __future__ import annotations

import functools
import itertools
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from ...errors import MdmError
from ..processes import wait_for

_NAME = re.compile(r"mdm-(\d+)-\d+-[a-z0-9]+")
_INTERFACE = re.compile(r"mdm(\d+)x\d+[ab]")
_LABEL = re.compile(r"[a-z0-9]{1,20}")
_number = itertools.count()


@dataclass(frozen=True, slots=True)
class Namespace:
    """A network namespace; `name` as `ip netns` knows it, empty for the one we are in."""

    name: str

    def command(self, *command: str) -> list[str]:
        """The command line that runs a program in it, for `Process` or subprocess; the pid is the program's own."""
        # A test that is killed can't stop its programs; with this the kernel does.
        dies_with_us = ["setpriv", "--pdeathsig", "KILL", *command]
        return ["ip", "netns", "exec", self.name, *dies_with_us] if self.name else dies_with_us

    def run(self, *command: str) -> str:
        """Run a short program in it and return what it prints. Raises MdmError when it fails."""
        return _run(*self.command(*command))


ROOT = Namespace("")


@dataclass(frozen=True, slots=True)
class End:
    """One end of a veth pair to be made. Addresses like 192.0.2.1/24 and 2001:db8::1/64, MAC like 00:50:56:a1:b2:c3."""

    namespace: Namespace
    addresses: Sequence[str] = ()
    mac: str | None = None


@dataclass(frozen=True, slots=True)
class Interface:
    """One end of a veth pair. Its other end loses carrier when it goes down."""

    name: str
    namespace: Namespace

    def up(self) -> None:
        """Plug the cable in."""
        self.namespace.run("ip", "link", "set", self.name, "up")

    def down(self) -> None:
        """Pull the cable."""
        self.namespace.run("ip", "link", "set", self.name, "down")


class Namespaces:
    """A context manager that makes namespaces and veth pairs, and removes them with every program inside."""

    def __init__(self) -> None:
        self._made: list[Namespace] = []
        self._interfaces: list[str] = []

    def __enter__(self) -> Namespaces:
        reason = unavailable()
        if reason:
            raise MdmError(f"no network namespaces: {reason}")
        remove_leftovers()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        for interface in self._interfaces:
            _run("ip", "link", "delete", interface, missing_ok=True)
        for namespace in reversed(self._made):
            _remove(namespace.name)

    def add(self, label: str) -> Namespace:
        """A new namespace with its loopback interface up. `label`: up to 20 of a-z and 0-9, the end of its name."""
        if not _LABEL.fullmatch(label):
            raise ValueError(f"label {label!r}: up to 20 of a-z and 0-9 are allowed")
        namespace = Namespace(f"mdm-{os.getpid()}-{next(_number)}-{label}")
        _run("ip", "netns", "add", namespace.name)
        self._made.append(namespace)
        namespace.run("ip", "link", "set", "lo", "up")
        return namespace

    def join(self, one: End, other: End) -> tuple[Interface, Interface]:
        """A veth pair between two namespaces, both ends up with their addresses."""
        stem = f"mdm{os.getpid()}x{next(_number)}"
        ends = Interface(f"{stem}a", one.namespace), Interface(f"{stem}b", other.namespace)
        # Both begin here, so that either may stay; an end that moved is deleted with its namespace, and its peer too.
        _run("ip", "link", "add", ends[0].name, "type", "veth", "peer", "name", ends[1].name)
        self._interfaces.append(ends[0].name)
        for end, interface in zip((one, other), ends, strict=True):
            if end.namespace.name:
                _run("ip", "link", "set", interface.name, "netns", end.namespace.name)
            if end.mac is not None:
                end.namespace.run("ip", "link", "set", interface.name, "address", end.mac)
            for address in end.addresses:
                # Without duplicate address detection an IPv6 address can be bound at once.
                options = ["nodad"] if ":" in address else []
                end.namespace.run("ip", "address", "add", address, "dev", interface.name, *options)
            interface.up()
        return ends


@functools.cache
def unavailable() -> str:
    """Why namespaces can't be had here, in a few words; empty when they can."""
    if os.geteuid():
        return "only root may make them"
    missing = [program for program in ("ip", "setpriv") if shutil.which(program) is None]
    if missing:
        return f"{missing[0]} is not installed"
    probe = f"mdm-{os.getpid()}-{next(_number)}-probe"
    try:
        _run("ip", "netns", "add", probe)
        _run("ip", "-n", probe, "link", "add", "probe0", "type", "veth", "peer", "name", "probe1")
        Namespace(probe).run("true")
    except MdmError as error:
        return str(error)
    finally:
        _run("ip", "netns", "delete", probe, missing_ok=True)
    return ""


def remove_leftovers() -> list[str]:
    """Remove the namespaces, their programs and the interfaces of test processes that are gone; returns their names."""
    found = [name for name in names() if _is_gone(_NAME.fullmatch(name))]
    for name in found:
        _remove(name)
    here = sorted(entry.name for entry in Path("/sys/class/net").iterdir())
    interfaces = [name for name in here if _is_gone(_INTERFACE.fullmatch(name))]
    for name in interfaces:
        _run("ip", "link", "delete", name, missing_ok=True)
    return found + interfaces


def names() -> list[str]:
    """The names of all network namespaces, those of others too."""
    # Not `ip netns list`, which says more about each.
    directory = Path("/run/netns")
    return sorted(entry.name for entry in directory.iterdir()) if directory.exists() else []


def _is_gone(match: re.Match[str] | None) -> bool:
    return match is not None and not Path(f"/proc/{match[1]}").exists()


def _remove(name: str) -> None:
    def pids() -> list[int]:
        return [int(pid) for pid in _run("ip", "netns", "pids", name, missing_ok=True).split()]

    # Deleted with a program inside, a namespace would live on without a name.
    for pid in pids():
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    wait_for(lambda: not pids(), f"the programs in network namespace {name} are gone")
    _run("ip", "netns", "delete", name, missing_ok=True)


def _run(*command: str, missing_ok: bool = False) -> str:
    """`missing_ok`: what is gone already, perhaps because another test process cleans up as well, is no error."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode and not missing_ok:
        raise MdmError(f"{' '.join(command)}: {done.stderr.strip() or f'ended with {done.returncode}'}")
    return done.stdout
