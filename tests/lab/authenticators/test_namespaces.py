"""Network namespaces of the lab: what they give, and that a test which was killed leaves nothing for long."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from freeradius_mdm.errors import MdmError
from freeradius_mdm.lab.authenticators import namespaces
from freeradius_mdm.lab.authenticators.namespaces import (
    ROOT,
    End,
    Namespace,
    Namespaces,
    names,
    remove_leftovers,
    unavailable,
)
from freeradius_mdm.lab.processes import Process, wait_for

REASON = unavailable()
needs_namespaces = pytest.mark.skipif(bool(REASON) and "CI" not in os.environ, reason=f"no namespaces: {REASON}")
LEAVES_ALL_BEHIND = """
import pathlib, sys, time
from freeradius_mdm.lab.authenticators.namespaces import ROOT, End, Namespaces
from freeradius_mdm.lab.processes import Process
with Namespaces() as spaces:
    space = spaces.add("left")
    here, there = spaces.join(End(ROOT), End(space))
    inside = Process(space.command("sleep", "600"), pathlib.Path(sys.argv[1]) / "inside.log")
    outside = Process(ROOT.command("sleep", "600"), pathlib.Path(sys.argv[1]) / "outside.log")
    stray = Process(["ip", "netns", "exec", space.name, "sleep", "600"], pathlib.Path(sys.argv[1]) / "stray.log")
    print(space.name, here.name, inside.pid, outside.pid, stray.pid, flush=True)
    time.sleep(600)
"""


CONNECTS = """
import errno, socket, sys
with socket.socket() as probe:
    probe.settimeout(2)
    print(errno.errorcode[probe.connect_ex((sys.argv[1], 9))])
"""


def connects(space: Namespace, address: str) -> str:
    """How a connection to a closed port ends: ECONNREFUSED says that the address answers."""
    return space.run(sys.executable, "-c", CONNECTS, address).strip()


def interfaces() -> list[str]:
    return [entry.name for entry in Path("/sys/class/net").iterdir()]


def runs(pid: int) -> bool:
    """True while there is such a process; one that nobody has waited for yet has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@needs_namespaces
def test_two_namespaces_reach_each_other_and_nothing_else(tmp_path: Path) -> None:
    with Namespaces() as spaces:
        left, right = spaces.add("left"), spaces.add("right")
        ours, theirs = spaces.join(
            End(left, ["192.0.2.1/24", "2001:db8::1/64"]), End(right, ["192.0.2.2/24"], "00:50:56:a1:b2:c3")
        )

        assert connects(left, "192.0.2.2") == "ECONNREFUSED"
        assert connects(left, "198.51.100.1") == "ENETUNREACH"
        assert "link/ether 00:50:56:a1:b2:c3" in right.run("ip", "link", "show", theirs.name)
        shown = left.run("ip", "-6", "-oneline", "address", "show", ours.name, "scope", "global")
        assert "2001:db8::1/64" in shown
        assert "tentative" not in shown
        with pytest.raises(MdmError, match="no-such-object"):
            left.run("ip", "no-such-object")

        theirs.down()
        assert "NO-CARRIER" in left.run("ip", "link", "show", ours.name)
        theirs.up()
        assert connects(left, "192.0.2.2") == "ECONNREFUSED"
    assert not {left.name, right.name} & set(names())


@needs_namespaces
def test_one_end_of_a_pair_can_stay_here(tmp_path: Path) -> None:
    with Namespaces() as spaces:
        here, there = spaces.join(End(ROOT), End(spaces.add("there")))
        assert here.name in interfaces()
        assert there.name not in interfaces()
        assert len(here.name) <= 15  # IFNAMSIZ
    assert here.name not in interfaces()


@needs_namespaces
def test_the_end_takes_programs_along(tmp_path: Path) -> None:
    with Namespaces() as spaces:
        space = spaces.add("busy")
        process = Process(space.command("sleep", "600"), tmp_path / "log")
        process.wait_until(lambda: str(process.pid) in namespaces_pids(space.name), "it runs in there")
    assert process.stop() == -signal.SIGKILL
    assert space.name not in names()


@needs_namespaces
def test_an_error_inside_leaves_nothing(tmp_path: Path) -> None:
    made: list[str] = []

    def breaks() -> None:
        with Namespaces() as spaces:
            space = spaces.add("broken")
            here, _ = spaces.join(End(ROOT), End(space))
            made.extend((space.name, here.name))
            raise RuntimeError("inside")

    with pytest.raises(RuntimeError, match="inside"):
        breaks()
    assert len(made) == 2
    assert not {*names(), *interfaces()} & {*made}


@needs_namespaces
def test_what_a_killed_test_leaves_goes_with_the_next_one(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", LEAVES_ALL_BEHIND, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(namespaces.__file__).parents[3])},
    ) as killed:
        assert killed.stdout is not None
        space, interface, *pids = killed.stdout.readline().split()
        inside, outside, stray = map(int, pids)
        wait_for(lambda: all(Path(f"/proc/{pid}/comm").read_text() == "sleep\n" for pid in pids), "all have begun", 10)
        with Namespaces():
            assert space in names()  # of a process that is alive
            assert interface in interfaces()
            assert all(runs(pid) for pid in (inside, outside, stray))
        killed.kill()

    wait_for(lambda: not runs(inside) and not runs(outside), "its programs are gone, by the kernel", 5)
    assert space in names()
    assert runs(stray)
    with Namespaces():
        assert space not in names()
        assert interface not in interfaces()
        assert not runs(stray)


@needs_namespaces
def test_other_namespaces_are_left_alone() -> None:
    others = ["mdm-notes", "mdm-999999999", f"mdm-{os.getpid()}-99999-own"]
    for name in others:
        subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        assert not set(others) & set(remove_leftovers())
        assert set(others) <= set(names())
    finally:
        for name in others:
            subprocess.run(["ip", "netns", "delete", name], check=True)


@needs_namespaces
@pytest.mark.parametrize("label", ["", "Upper", "a-b", "a" * 21])
def test_a_label_that_would_break_a_name(label: str) -> None:
    with Namespaces() as spaces, pytest.raises(ValueError, match="label"):
        spaces.add(label)


def test_without_root_the_reason_is_given() -> None:
    program = "from freeradius_mdm.lab.authenticators.namespaces import unavailable as u; print(u())"
    as_nobody = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": str(Path(namespaces.__file__).parents[3])},
        **as_nobody,  # type: ignore[arg-type]
    )
    assert done.stdout == "only root may make them\n"


def namespaces_pids(name: str) -> list[str]:
    return subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True, check=True).stdout.split()
