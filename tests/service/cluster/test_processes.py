"""Nodes as real processes, killed and stopped: leases change hands, sessions are taken over, orders are sent once."""

from __future__ import annotations

import collections
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.service.fakes import DEADLINE, until_now
from tests.service.process import ROOT

from .real_redis import RealRedis


class Processes:
    """Nodes by name, and what they have written."""

    def __init__(self, server: RealRedis, directory: Path) -> None:
        self._server = server
        self._directory = directory
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, **environment: str) -> None:
        command = [sys.executable, str(ROOT / "tests/service/cluster/node_process.py")]
        with (self._directory / f"log-{name}").open("ab") as log:
            self._running[name] = subprocess.Popen(
                [*command, name, str(self._server.port), str(self._directory)],
                stderr=log,
                env={**os.environ, "PYTHONPATH": f"{ROOT / 'module'}:{ROOT}", **environment},
            )

    def signal(self, name: str, number: signal.Signals) -> None:
        self._running[name].send_signal(number)
        if number is signal.SIGKILL:
            self._running[name].wait(DEADLINE)

    def lines(self, file: str) -> list[list[str]]:
        """The words of each line, the name of the node first."""
        path = self._directory / file
        return [line.split() for line in path.read_text().splitlines()] if path.exists() else []

    def by(self, name: str, file: str) -> list[list[str]]:
        return [words for words in self.lines(file) if words[0] == name]

    def taken(self, by: str, of: str) -> list[str]:
        """The sessions that the one took from the other, each time; sorted."""
        return sorted(id_ for name, former, id_ in self.lines("took") if (name in by, former) == (True, of))

    def cut_off(self, name: str) -> int:
        """How often it said so."""
        return (self._directory / f"log-{name}").read_text().count("event=cluster_cut_off ")

    def end(self) -> None:
        """As a service ends: by itself."""
        for name, process in self._running.items():
            (self._directory / f"end-{name}").touch()
            if process.poll() is None:
                process.wait(DEADLINE)

    def kill(self) -> None:
        for process in self._running.values():
            if process.poll() is None:
                process.kill()
                process.wait(DEADLINE)


@pytest.fixture
def processes(server: RealRedis, tmp_path: Path) -> Iterator[Processes]:
    directory = tmp_path / "nodes"
    directory.mkdir()
    made = Processes(server, directory)
    yield made
    made.kill()


def _twenty(name: str) -> list[str]:
    return sorted(f"{name}-{number}" for number in range(1, 21))


def _tokens_only_grow(processes: Processes) -> None:
    """The order of the acts is that of the fencing tokens: nobody acted under a lease that another had by then."""
    acts = [(int(token), name) for name, token in processes.lines("acted")]
    assert acts == sorted(acts, key=lambda act: act[0])
    assert len({token for token, _ in acts}) == len({(token, name) for token, name in acts})


def test_a_holder_is_killed(processes: Processes) -> None:
    for name in "abc":
        processes.start(name)
    until_now(lambda: len(processes.lines("ready")) == 3 and len(processes.lines("acted")) > 20)
    holder = processes.lines("acted")[-1][0]
    processes.signal(holder, signal.SIGKILL)
    until_now(lambda: processes.lines("acted")[-1][0] != holder)  # somebody else has it
    survivors = "abc".replace(holder, "")
    until_now(lambda: len(processes.taken(survivors, holder)) >= 20)
    until_now(lambda: len(processes.lines("sent")) > 30)
    processes.end()
    _tokens_only_grow(processes)
    assert processes.taken(survivors, holder) == _twenty(holder)  # each by exactly one
    sent = collections.Counter(number for _, number in processes.lines("sent"))
    assert len(sent) > 30
    assert set(sent.values()) == {1}


def test_a_holder_that_is_stopped_notices_before_it_acts(processes: Processes) -> None:
    processes.start("a", MDM_TEST_PAUSE="1")
    until_now(lambda: processes.lines("pausing"))
    processes.start("b")
    until_now(lambda: len(processes.by("b", "acted")) > 10)
    before = len(processes.lines("acted"))
    processes.signal("a", signal.SIGCONT)
    until_now(lambda: processes.lines("awake"))
    assert processes.lines("awake") == [["a", "False"]]  # it held it when it was stopped
    until_now(lambda: processes.by("a", "ready"))
    processes.end()
    _tokens_only_grow(processes)
    assert all(name == "b" for name, _ in processes.lines("acted")[:before])


def test_a_node_that_is_stopped_loses_its_sessions_and_gets_them_back(processes: Processes) -> None:
    processes.start("a")
    processes.start("b")
    until_now(lambda: len(processes.lines("ready")) == 2)
    processes.signal("a", signal.SIGSTOP)
    until_now(lambda: len(processes.taken("b", "a")) >= 20)
    processes.signal("a", signal.SIGCONT)
    until_now(lambda: len(processes.taken("a", "b")) >= 20)
    processes.end()
    assert processes.taken("b", "a") == processes.taken("a", "b") == _twenty("a")


def test_redis_is_killed_under_way(processes: Processes, server: RealRedis) -> None:
    for name in "ab":
        processes.start(name)
    until_now(lambda: len(processes.lines("sent")) > 30)
    server.send(signal.SIGKILL)
    until_now(lambda: all(processes.cut_off(name) == 1 for name in "ab"))
    acted, sent_before = len(processes.lines("acted")), len(processes.lines("sent"))
    server.start()
    until_now(lambda: len(processes.lines("acted")) > acted + 10)
    until_now(lambda: len(processes.lines("sent")) > sent_before + 10)
    processes.end()
    _tokens_only_grow(processes)
    sent = collections.Counter(number for _, number in processes.lines("sent"))
    assert set(sent.values()) == {1}  # Redis forgot all of them, and was told again
