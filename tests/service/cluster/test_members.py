"""Who has come and who has gone, by what a heartbeat says."""

from __future__ import annotations

import pytest

from freeradius_mdm.service.cluster.members import Beat, ClockCheck, Members, Row
from freeradius_mdm.service.cluster.reasons import NameTakenError
from freeradius_mdm.service.cluster.share import Load
from tests.service.fakes import Clock

GONE_AFTER = 15.0


def _beat(now: float, *nodes: tuple[str, float, int]) -> Beat:
    """`nodes`: name, last seen, sessions, each of them with an endpoint of "x"."""
    rows = (Row(name, seen, Load(sessions, {"x": sessions})) for name, seen, sessions in nodes)
    return Beat(now, "run:1", 0, 0, 1, 0, 0, 0, tuple(rows))


def test_a_reply_is_read() -> None:
    nodes = [b"a", 1_700_000_000_250, 9, b'{"x":7,"y":0}', b"old", 1_700_000_000_000, 5, b""]
    reply = [1_700_000_000_500, b"run:1", 7, 3, 1_600_000_000_000, 1, 2, 4, nodes]
    assert Beat.read(reply, "a") == Beat(
        now=1_700_000_000.5,
        epoch="run:1",
        notices=7,
        first=3,
        started=1_600_000_000_000,
        given=1,
        away=2,
        ended=4,
        nodes=(
            Row("a", 1_700_000_000.25, Load(9, {"x": 7, "y": 0})),
            Row("old", 1_700_000_000.0, Load(5, None)),
        ),
    )
    with pytest.raises(NameTakenError, match="calls itself 'a'"):
        Beat.read(b"taken", "a")


def test_nodes_come_and_go() -> None:
    clock = Clock()
    members = Members("a", GONE_AFTER, clock)
    assert members.learn(_beat(100, ("a", 100, 5), ("b", 99, 2), ("c", 80, 3))) == [("b", True)]  # c is long gone
    assert members.orphans_expected
    assert [(peer.name, peer.alive) for peer in members.peers] == [("b", True), ("c", False)]
    assert members.learn(_beat(114, ("b", 99, 2), ("c", 113, 3))) == [("c", True)]  # 15 s are not more than 15 s
    assert not members.orphans_expected
    assert members.learn(_beat(114.5, ("b", 99, 2), ("c", 113, 0))) == [("b", False)]
    assert members.learn(_beat(115, ("b", 99, 0), ("c", 113, 0))) == []
    assert not members.orphans_expected  # gone, and without sessions


def test_its_share_by_the_endpoints_of_those_that_are_alive() -> None:
    members = Members("a", GONE_AFTER, Clock())
    beat = _beat(100, ("a", 100, 30), ("b", 99, 10), ("c", 80, 60))  # c is gone
    members.learn(beat)
    assert members.share("x") == 0  # b may not know of this node yet
    members.learn(beat)
    assert members.share("x") == pytest.approx(0.725)  # 0.9 * 30/40 + 0.1/2
    assert members.share("y") == 0.5  # nobody has any


def test_an_emptied_redis_makes_nobody_gone_at_once() -> None:
    clock = Clock()
    members = Members("a", GONE_AFTER, clock)
    members.learn(_beat(100, ("b", 100, 0), ("c", 100, 0)))
    clock.now += 10
    assert members.learn(_beat(110, ("a", 110, 0), ("b", 110, 0))) == []  # c has not come back yet
    clock.now += 6
    assert members.learn(_beat(116, ("a", 116, 0), ("b", 110, 0))) == [("c", False)]


def test_a_wrong_clock_is_told_once() -> None:
    check = ClockCheck()
    assert not check.compare(100.0, 101.9)
    assert check.compare(100.0, 103.0)
    assert check.skew == -3.0
    assert not check.compare(100.0, 103.0)
    assert not check.compare(100.0, 100.0)
    assert check.compare(104.0, 100.0)
