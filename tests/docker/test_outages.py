"""Under load a node dies, the primary Redis dies, and all of Redis is gone and comes back empty.

Endpoints sign in all the time and each gets what it is to have; no decision that was answered is lost; and a device
that becomes non-compliant meanwhile is changed at its switch once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from freeradius_mdm.lab.processes import wait_for
from freeradius_mdm.lab.radius.accounting import Session, Status, send
from freeradius_mdm.lab.radius.reply import Reply
from tests.docker.guests import decision_id, new_endpoint, port_of, told
from tests.docker.load import Load
from tests.docker.outside import NODES, WITHIN, Outside, until
from tests.docker.switch import Port, Switch, switch
from tests.radius import expect
from tests.radius.endpoint import Endpoint

REDIS = ("redis1", "redis2", "sentinel1", "sentinel2", "sentinel3")
Measure = Callable[[str, float], None]


@pytest.fixture(autouse=True)
def _whole(outside: Outside) -> Iterator[None]:
    """Each test finds everything up, and whatever it did everything is up again."""
    until(outside.whole, "everything is up")
    yield
    outside.bring_back()
    until(outside.whole, "everything is up again")


@pytest.fixture
def measure(record_property: Callable[[str, object], None]) -> Measure:
    """Numbers of a test, in its report and in its output."""

    def note(what: str, seconds: float) -> None:
        record_property(what, round(seconds, 2))
        print(f"{what}: {seconds:.2f} s")

    return note


def sign_in(outside: Outside, endpoint: Endpoint, node: int) -> tuple[Reply, str]:
    """At that node: the reply, and what its record is from."""
    with outside.client(node) as client:
        reply = endpoint.sign_in(client).reply
    assert reply.accepted
    return reply, str(outside.decision(node, decision_id(reply))["record_source"])


def noticed(outside: Outside, port: Port) -> None:
    """Its device is non-compliant, and its node has just been told so: what follows is on its way, or has happened."""
    port.fails()
    seen = outside.microsoft.questions(port.endpoint.device_id)
    wait_for(lambda: outside.microsoft.questions(port.endpoint.device_id) > seen, "Intune is asked about it", WITHIN)


def right(load: Load, at: Switch) -> None:
    """What holds after every outage."""
    at.settle()
    load.stop()
    assert at.wrong() == []
    assert load.faults == []
    assert load.lost() == []
    print(f"{len(load.answers)} right answers, {len(load.failovers)} failovers")


def test_a_node_dies_under_load(outside: Outside, measure: Measure) -> None:
    with switch(outside) as at, Load(outside) as load:
        stays, other, caught, early, late = (at.plug_in(home) for home in (1, 2, 1, 1, 1))
        for node in NODES:
            load.goes_on(node)
        assert load.failovers == []

        noticed(outside, caught)
        killed = outside.kill("radius1", "mdmd1", "node1")
        early.fails()
        other.fails()
        load.goes_on(2, 60)
        measure("from the kill to a right answer at the other node", load.after(killed, first=1))
        measure("the slowest sign-in", load.slowest)
        until(lambda: at.known(stays, 2) == "started", "node 2 answers for the sessions of node 1")
        measure("from the kill to the takeover", time.monotonic() - killed)
        at.quarantined([caught, early, other])
        measure("from the kill to the changes of that time", time.monotonic() - killed)
        late.fails()
        measure("a change after the takeover", at.quarantined([late]))
        assert {failover.node for failover in load.failovers} == {1}

        began = time.monotonic()
        outside.bring_back()
        until(outside.whole, "node 1 is back")
        measure("from its start until node 1 is back", time.monotonic() - began)
        load.goes_on(1)
        right(load, at)
        until(lambda: [at.known(stays, node) for node in NODES].count("started") == 1, "one node answers for it")


@pytest.mark.parametrize("turn", ["first", "second"])
def test_the_primary_redis_dies_under_load(turn: str, outside: Outside, measure: Measure) -> None:
    """And then the other one, which is the primary by then."""
    with switch(outside) as at, Load(outside) as load:
        during = [at.plug_in(node) for node in NODES]
        after = [at.plug_in(node) for node in NODES]
        for node in NODES:
            load.goes_on(node)
        primary = outside.redis_in_use(1)
        [replica] = {"redis1", "redis2"} - {primary}

        noticed(outside, during[0])
        killed = outside.kill(primary)
        during[1].fails()
        for node in NODES:
            until(lambda node=node: outside.redis_in_use(node) == replica, f"node {node} has joined the new primary")
            measure(f"from the kill until node {node} has joined the new primary", time.monotonic() - killed)
        until(outside_sees_both(outside), "both nodes see each other")
        for port in after:
            port.fails()
        at.quarantined(during)
        measure("from the kill to the changes during the election", time.monotonic() - killed)
        measure("changes after the election", at.quarantined(after))
        shared(outside)
        for node in NODES:
            load.goes_on(node)

        outside.bring_back()
        until(lambda: outside.replication(primary)["role"] == "slave", "the former primary is a replica")
        until(lambda: outside.replication(primary)["master_link_status"] == "up", "it follows the new one")
        until(outside.whole, "everything is up")
        right(load, at)
        assert load.failovers == []


def outside_sees_both(outside: Outside) -> Callable[[], bool]:
    """Whether each node sees the other one alive."""
    return lambda: all(peer["alive"] for node in NODES for peer in outside.health(node)["cluster"]["peers"])


def shared(outside: Outside) -> None:
    """A device that node 1 asks about is known to node 2."""
    endpoint = new_endpoint(outside, compliant=True)
    assert [sign_in(outside, endpoint, node)[1] for node in NODES] == ["Live", "Cached"]


def test_all_of_redis_is_gone_and_comes_back_empty(outside: Outside, measure: Measure) -> None:
    with switch(outside) as at, Load(outside) as load:
        before, later = ([at.plug_in(node) for node in NODES] for _ in range(2))
        for node in NODES:
            load.goes_on(node)

        killed = outside.kill(*REDIS)
        for node in NODES:
            until(lambda node=node: outside.health(node)["cluster"]["mode"] == "cut_off", f"node {node} is cut off")
            measure(f"from the kill until node {node} says so", time.monotonic() - killed)
            assert outside.health(node)["status"] == "degraded"
            assert outside.health(node)["cluster"]["reason"]
        failed = time.monotonic()
        for port in before:
            port.fails()
        # Each on its own: both ask Intune about the same device.
        endpoint = new_endpoint(outside, compliant=True)
        assert [sign_in(outside, endpoint, node)[1] for node in NODES] == ["Live", "Live"]
        assert outside.microsoft.questions(endpoint.device_id) >= len(NODES)
        at.quarantined(before)
        measure("changes while every node is alone, at most", time.monotonic() - failed)
        for node in NODES:
            load.goes_on(node)
        known = visit(outside, 1)

        for redis in ("redis1", "redis2"):
            outside.forget(redis)
        began = time.monotonic()
        outside.bring_back()
        for node in NODES:
            until(lambda node=node: outside.redis_in_use(node) != "", f"node {node} has joined")
            measure(f"from the start of Redis until node {node} has joined", time.monotonic() - began)
        until(outside.whole, "both nodes are there and have told everything")
        measure("from the start of Redis until all is well", time.monotonic() - began)
        # Node 1's answer of that time serves node 2, which has not asked by then, nor has anybody else again.
        assert len(outside.microsoft.asked(known.device_id)) == 1
        reply, source = sign_in(outside, known, 2)
        assert (told(reply), source) == (expect.EMPLOYEE, "Cached")
        shared(outside)
        for port in later:
            port.fails()
        measure("changes afterwards", at.quarantined(later))
        right(load, at)
        assert load.failovers == []


def visit(outside: Outside, node: int) -> Endpoint:
    """An endpoint that Intune is asked about once: it signs in at that node and goes, so that nobody asks again."""
    endpoint = new_endpoint(outside, compliant=True)
    attributes = port_of(endpoint.mac).dot1x()
    with outside.client(node) as client, outside.client(node, accounting=True) as accounting:
        reply = endpoint.sign_in(client, attributes=attributes).reply
        session = Session(endpoint.identity, f"visit-{endpoint.device_id[:8]}", attributes, reply)
        send(accounting, session.attributes(Status.STOP, seconds=1))
    assert told(reply) == expect.EMPLOYEE
    return endpoint
