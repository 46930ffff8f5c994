"""Runs radiusd for a spike, on the host or in a chroot, and reads what its hook and its log say."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import raddb

Lists = dict[str, Any]


def wait_for(condition: Callable[[], bool], what: str, seconds: float = 15.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds} s for {what}")
        time.sleep(0.01)


def version(chroot: Path | None) -> str:
    command = [*(["chroot", str(chroot)] if chroot else []), "freeradius", "-v"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return text.split("Version ")[1].split(",")[0].split()[0]


@contextmanager
def visible_in(chroot: Path | None, work: Path) -> Iterator[None]:
    """Bind WORK into the chroot at the same path for as long as the block runs."""
    if chroot is None:
        yield
        return
    there = chroot / work.relative_to("/")
    there.mkdir(parents=True)
    subprocess.run(["mount", "--bind", str(work), str(there)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(there)], check=True)
        there.rmdir()


class Radiusd:
    """A radiusd in `-f` with threads. Use as a context manager; it waits until the server is ready."""

    def __init__(self, name: str, work: Path, pki: Path, chroot: Path | None, options: raddb.Options) -> None:
        self.work = work / name
        self.work.mkdir()
        self.chroot = chroot
        stock = (chroot or Path("/")) / "etc/freeradius/3.0"
        self.port = raddb.build(self.work, stock, pki, options)
        self.log_file = self.work / "radius.log"

    def __enter__(self) -> Radiusd:
        command = ["freeradius", "-f", "-d", str(self.work / "raddb"), "-l", str(self.log_file)]
        if self.chroot:
            command = ["chroot", str(self.chroot), *command]
        self._out = (self.work / "stdout").open("w")
        self.process = subprocess.Popen(command, stdout=self._out, stderr=subprocess.STDOUT)
        try:
            wait_for(lambda: self._ready(), f"radiusd to start, see {self.log_file}")
        except BaseException:
            self.__exit__()
            print((self.work / "stdout").read_text() + self.log()[-1500:])
            raise
        return self

    def _ready(self) -> bool:
        if self.process.poll() is not None:
            raise RuntimeError(f"radiusd ended with {self.process.returncode}, see {self.work}/stdout")
        return "Ready to process requests" in self.log()

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._out.close()

    def log(self) -> str:
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def all_calls(self) -> list[Lists]:
        path = self.work / "hooks.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def calls(self, user: str, phase: str | None = None) -> list[Lists]:
        """The hook's calls for a User-Name, oldest first."""
        return [
            call
            for call in self.all_calls()
            if ["User-Name", user] in (call["request"] or []) and (phase is None or call["phase"] == phase)
        ]


def names(call: Lists, which: str) -> list[str]:
    """The attribute names of one list of a call, in order, repeated ones counted; `None` when it was None."""
    pairs = call[which]
    if pairs is None:
        return ["None"]
    seen: dict[str, int] = {}
    for name, _ in pairs:
        seen[name] = seen.get(name, 0) + 1
    return [name if count == 1 else f"{name} x{count}" for name, count in seen.items()]


def values(call: Lists, which: str, name: str) -> list[str]:
    return [value for key, value in call[which] or () if key == name]
