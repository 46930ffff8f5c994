"""Two mdmd processes, one Redis, one MDM server: what each of them does for both."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from freeradius_mdm.accounting import AccountingStatus
from tests.store.samples import key

from .fakes import until_now
from .sharing_nodes import Node, Nodes, path

HOUR = 3600.0
IDS = {f"{number:024x}" for number in (1, 2, 3)}


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[Nodes]:
    made = Nodes(tmp_path)
    try:
        made.start()
        yield made
    finally:
        made.end()


def in_flight(node: Node) -> int:
    return int(node.get("/v1/health")["servers"][0]["in_flight"])


def test_one_answer_serves_both(nodes: Nodes) -> None:
    assert nodes.one.get(path(1)) == "answered"
    assert nodes.two.get(path(1)) == "answered"
    assert nodes.asked(key(1)) == ["one"]
    # Without being asked for, too.
    assert nodes.two.get(path(2)) == "answered"
    until_now(lambda: nodes.one.compliance(2) == "Compliant")
    assert nodes.asked() == ["one", "two"]


def test_one_question_at_the_same_moment(nodes: Nodes) -> None:
    nodes.set("slow")
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(node.get, path(1)) for node in (nodes.one, nodes.two)]
        until_now(lambda: in_flight(nodes.one) == in_flight(nodes.two) == 1 and nodes.asked())
        nodes.unset("slow")
        assert [each.result(30) for each in waiting] == ["answered", "answered"]
    assert len(nodes.asked(key(1))) == 1


def test_who_waits_asks_when_the_other_failed(nodes: Nodes) -> None:
    nodes.set("slow")
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(nodes.one.get, path(1))
        until_now(lambda: nodes.asked() == ["one"])
        second = pool.submit(nodes.two.get, path(1))
        until_now(lambda: in_flight(nodes.two) == 1)
        nodes.set("down-one")
        nodes.unset("slow")
        began = time.monotonic()
        assert first.result(30) == "failed"
        assert second.result(30) == "answered"
        assert time.monotonic() - began < 1.2  # at once, not when its patience is over
    assert nodes.asked(key(1)) == ["one", "two"]


def test_change_reaches_the_other_store(nodes: Nodes) -> None:
    nodes.one.get(path(1))
    until_now(lambda: nodes.two.compliance(1) == "Compliant")
    nodes.set("noncompliant", key(1).value)
    nodes.ahead(5 * HOUR)  # more than reauth_interval
    assert nodes.one.get(path(1)) == "answered"
    until_now(lambda: nodes.two.compliance(1) == "NonCompliant")
    assert nodes.asked(key(1)) == ["one", "one"]


def test_sessions_of_a_dead_node_go_on(nodes: Nodes) -> None:
    """The other one takes them over, rechecks their devices, and gives them back."""
    nodes.one.accepts(1, 2, 3, at=time.time())
    until_now(lambda: set(nodes.one.sessions()) == IDS)
    # Never answered, so that they are asked about at once.
    until_now(lambda: len(nodes.asked()) == 3)
    assert set(nodes.asked()) == {"one"}
    until_now(lambda: nodes.redis.ask("HLEN", "mdm:sessions") == 3)
    assert nodes.two.sessions() == {}
    nodes.one.kill()
    until_now(lambda: set(nodes.two.sessions()) == IDS)
    assert set(nodes.two.sessions().values()) == {"one"}
    assert nodes.two.get(f"/v1/decisions/{min(IDS)}")["request"] == [["User-Name", "host/1"]]
    nodes.ahead(1000)  # more than recheck_interval
    until_now(lambda: nodes.asked().count("two") == 3)
    nodes.start_one(nodes.one)
    until_now(lambda: not nodes.two.sessions())
    assert set(nodes.one.sessions()) == IDS


def test_accounting_that_goes_to_the_other_node(nodes: Nodes) -> None:
    """A device with a list of accounting servers of its own, and one whose restart is told to one server alone."""
    now = time.time()
    nodes.one.accepts(1, 2, 3, at=now)
    until_now(lambda: set(nodes.one.sessions()) == IDS)
    nodes.two.accounts(AccountingStatus.START, 1, at=now + 1)
    nodes.two.accounts(AccountingStatus.START, 2, at=now + 1)
    until_now(lambda: nodes.one.get("/v1/health")["sessions"]["started"] == 2)
    nodes.two.accounts(AccountingStatus.STOP, 2, at=now + 5)
    until_now(lambda: set(nodes.one.sessions()) == IDS - {f"{2:024x}"})
    assert nodes.one.get(f"/v1/sessions/{2:024x}")["end_cause"] == "stop"
    nodes.two.accounts(AccountingStatus.ON, 0, at=now + 9)
    until_now(lambda: nodes.one.sessions() == {})
    assert nodes.one.get(f"/v1/sessions/{3:024x}")["end_cause"] == "nas-restarted"
    assert nodes.two.sessions() == {}


def test_accounting_that_is_quicker_than_the_journal(nodes: Nodes) -> None:
    """The other node has told of a session's start, and of its stop, before this one has read the Accept."""
    now = time.time()
    nodes.one.accepts(3, at=now)
    until_now(lambda: set(nodes.one.sessions()) == {f"{3:024x}"})
    for number in (1, 2, 3):
        nodes.two.accounts(AccountingStatus.START, number, at=now + 1)
    nodes.two.accounts(AccountingStatus.STOP, 2, at=now + 2)
    # They are told in order, so the first two have been there.
    until_now(lambda: nodes.one.get("/v1/health")["sessions"]["started"] == 1)
    nodes.one.accepts(1, 2, at=now)
    until_now(lambda: nodes.one.get("/v1/health")["sessions"]["started"] == 2)
    assert nodes.one.get(f"/v1/sessions/{1:024x}")["acct_session_id"] == f"{1:08X}"
    until_now(lambda: set(nodes.one.sessions()) == {f"{1:024x}", f"{3:024x}"})
    assert nodes.one.get(f"/v1/sessions/{2:024x}")["end_cause"] == "stop"


def test_a_device_at_both_nodes_is_rechecked_by_one(nodes: Nodes) -> None:
    nodes.one.accepts(*range(1, 6), at=time.time())
    nodes.two.accepts(*range(1, 6), at=time.time(), first_decision=101)
    until_now(lambda: all(node.compliance(n) for node in (nodes.one, nodes.two) for n in range(1, 6)))
    before = len(nodes.asked())
    nodes.ahead(1000)
    until_now(lambda: all(len(nodes.asked(key(n))) >= 2 for n in range(1, 6)))
    assert len(nodes.asked()) - before <= 5
    assert before == 5


def test_they_share_the_rate_by_their_endpoints(nodes: Nodes) -> None:
    """The configured one is 5 by default; 0.9 of it goes by endpoints, 0.1 evenly among the nodes that have some."""

    def rates() -> list[float]:
        return [node.get("/v1/health")["recheck"][0]["rate"] for node in (nodes.one, nodes.two)]

    until_now(lambda: rates() == [2.5, 2.5])
    nodes.one.accepts(1, 2, 3, at=time.time())
    until_now(lambda: rates() == [5.0, 0.0])
    nodes.two.accepts(4, at=time.time())
    until_now(lambda: rates() == [3.625, 1.375])
    until_now(lambda: nodes.asked(key(4)))
    nodes.one.kill()
    until_now(lambda: nodes.two.get("/v1/health")["recheck"][0]["rate"] == 5.0)
    nodes.redis.end()
    nodes.start_one(nodes.one)
    until_now(lambda: rates() == [5.0, 5.0])  # alone, both of them


def test_redis_gone_and_back_empty(nodes: Nodes) -> None:
    nodes.one.get(path(1))
    nodes.one.accepts(1, at=time.time())
    until_now(lambda: nodes.redis.ask("HLEN", "mdm:sessions") == 1)
    nodes.redis.end()
    for node in (nodes.one, nodes.two):
        until_now(lambda node=node: node.cluster()["mode"] == "cut_off")
    assert nodes.one.get("/v1/health")["status"] == "degraded"
    assert [node.get(path(2)) for node in (nodes.one, nodes.two)] == ["answered", "answered"]
    assert nodes.asked(key(2)) == ["one", "two"]
    assert nodes.one.get(path(3)) == "answered"
    nodes.redis.start()
    nodes.joined()
    until_now(lambda: nodes.two.compliance(3) == "Compliant")
    until_now(lambda: nodes.redis.ask("HLEN", "mdm:sessions") == 1)
    assert nodes.two.get(path(4)) == "answered"
    until_now(lambda: nodes.one.compliance(4) == "Compliant")
    assert nodes.asked(key(3)) == ["one"]
    assert nodes.asked(key(4)) == ["two"]


def test_polling_moves(tmp_path: Path) -> None:
    """One node polls; what the list contradicts at the other is asked about there; when it is gone the other polls."""
    nodes = Nodes(tmp_path, servers='polling_interval = "1h"\nrecheck_interval = "0s"\n')
    try:
        nodes.start()
        nodes.two.accepts(1, at=time.time())
        until_now(nodes.two.sessions)
        assert nodes.two.get(path(1)) == "answered"
        until_now(lambda: nodes.one.compliance(1) == "Compliant")
        pass_by(nodes, 90, lambda: nodes.listed())  # the first sweep is 60 s after the start
        poller, other = (nodes.one, nodes.two) if nodes.listed() == ["one"] else (nodes.two, nodes.one)
        assert nodes.asked() == ["two"]
        nodes.set("noncompliant", key(1).value)
        # Intune's bulk list is open again after four hours.
        pass_by(nodes, 5 * HOUR, lambda: nodes.two.compliance(1) == "NonCompliant")
        assert nodes.listed() == [poller.name] * 2
        assert nodes.asked() == ["two", "two"]
        poller.kill()
        pass_by(nodes, 10 * HOUR, lambda: len(nodes.listed()) > 2)
        assert nodes.listed() == [poller.name, poller.name, other.name]
        # Without Redis it goes on.
        nodes.redis.end()
        pass_by(nodes, 15 * HOUR, lambda: len(nodes.listed()) > 3)
        assert nodes.listed()[3:] == [other.name]
    finally:
        nodes.end()


def pass_by(nodes: Nodes, seconds: float, condition: Callable[[], Any]) -> None:
    """Time at both nodes from that many seconds ahead of ours on, a minute a second, until the condition is true."""
    began = time.monotonic()

    def came_true() -> Any:
        nodes.ahead(seconds + 60 * (time.monotonic() - began))
        return condition()

    until_now(came_true)
