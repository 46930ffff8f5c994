"""The checks that the tests of outages rely on can fail: effects, answers, lost decisions. Needs no engine."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from freeradius_mdm.lab.processes import free_port
from freeradius_mdm.lab.radius import Code, NoReply, RadiusClient, RetryPolicy, Server
from freeradius_mdm.lab.radius.attributes import Attribute
from freeradius_mdm.lab.radius.nas import LabNas
from freeradius_mdm.lab.radius.nas_request import NasSettings
from freeradius_mdm.lab.radius.reply import Reply
from tests.docker.guests import Guest, decision_id, told
from tests.docker.load import Answer, Load
from tests.docker.outside import NotYet, until
from tests.docker.servers import Servers
from tests.docker.switch import Port, Switch
from tests.lab.radius.test_nas import COA, NOW, REAUTHENTICATE, SECRET, Asker
from tests.radius import expect

ID = "0123456789abcdef01234567"


def accept(results: Any = expect.EMPLOYEE) -> Reply:
    """An Access-Accept that says so."""
    attributes = [Attribute(*each) for each in results]
    attributes.append(Attribute("Class", None, f"mdm:{ID}".encode()))
    return Reply(Code.ACCESS_ACCEPT, tuple(attributes), None, False, True, True, 200)


@pytest.fixture
def watched() -> Iterator[tuple[Switch, Port, Asker]]:
    """A switch with one session, and who sends it requests."""
    with LabNas(NasSettings(SECRET), wall=lambda: NOW) as nas:
        at = Switch(None, nas, {})  # type: ignore[arg-type]
        port = Port(None, SimpleNamespace(mac="00-50-56-00-00-01", identity="host/x"), 1)  # type: ignore[arg-type]
        port.session.authorization = accept()
        at.ports.append(port)
        nas.start(port.session)
        asker = Asker(nas)
        with asker.socket:
            yield at, port, asker


def change(asker: Asker, port: Port, number: int) -> None:
    """A change of authorization of that port's session."""
    [audit] = [pair for pair in port.session.access if "audit-session-id" in str(pair[1])]
    assert asker.ask(asker.request(COA, audit, REAUTHENTICATE, number=number)) == (44, None)


def test_one_change_has_to_have_one_effect(watched: tuple[Switch, Port, Asker]) -> None:
    at, port, asker = watched
    assert at.wrong() == []
    port.session.authorization = accept(expect.QUARANTINE)
    assert [each.split(": ")[1] for each in at.wrong()] == ["[]"]  # in quarantine, and nobody told the switch
    change(asker, port, 1)
    assert at.wrong() == []
    change(asker, port, 2)
    assert len(at.wrong()) == 1  # twice


def test_an_effect_without_a_change(watched: tuple[Switch, Port, Asker]) -> None:
    at, port, asker = watched
    change(asker, port, 1)
    assert len(at.wrong()) == 1


def test_a_request_for_nobody(watched: tuple[Switch, Port, Asker]) -> None:
    """A session that is not there, and a request that nobody here may send."""
    at, _, asker = watched
    stranger = ("Cisco-AVPair", "audit-session-id=STRANGER")
    assert asker.ask(asker.request(COA, stranger, REAUTHENTICATE)) == (45, 503)
    asker.expect_silence = True
    assert asker.ask(asker.request(COA, stranger, REAUTHENTICATE, secret=b"guessed")) is None
    assert at.wrong() == [
        "1 requests were dropped: wrong Request Authenticator",
        "1 requests, 0 effects",
    ]


def test_what_a_reply_says() -> None:
    assert told(accept()) == expect.EMPLOYEE
    assert decision_id(accept()) == ID
    younger = [("Session-Timeout", None, 14100) if each[0] == "Session-Timeout" else each for each in expect.EMPLOYEE]
    assert told(accept(younger)) == expect.EMPLOYEE
    for other in (600, 13000, 14401):
        wrong = [("Session-Timeout", None, other) if each[0] == "Session-Timeout" else each for each in expect.EMPLOYEE]
        assert told(accept(wrong)) != expect.EMPLOYEE


class Stored:
    """Stands for `Outside`: what the stores hold."""

    def __init__(self, **rows: list[tuple[str, str, str, str]]) -> None:
        self._rows = rows

    def stored(self, node: int) -> list[tuple[str, str, str, str]]:
        return self._rows[f"node{node}"]


def loaded(stored: Stored, *answers: Answer) -> Load:
    load = Load.__new__(Load)
    load._outside = stored  # type: ignore[assignment]
    load.answers, load.faults, load.failovers = list(answers), [], []
    return load


def answer(decision: str = ID, node: int = 1, user: str = "host/x", first: int = 1, at: float = 0.0) -> Answer:
    return Answer(at, 0.1, first, node, "laptop", user, decision)


def test_a_decision_that_is_lost() -> None:
    """An Accept counts by its id, at the node that gave it; rejects by their number."""
    here, reject = (ID, "accept", "host/x", "-"), ("f" * 24, "reject", "host/y", "-")
    refused = answer("", user="host/y")
    full = Stored(node1=[here, reject], node2=[])
    assert loaded(full, answer(), refused).lost() == []
    assert len(loaded(Stored(node1=[reject], node2=[here]), answer(), refused).lost()) == 1
    assert len(loaded(Stored(node1=[here], node2=[reject]), answer(), refused).lost()) == 1
    assert loaded(full, refused, refused).lost() == ["2 rejects of host/y by node 1, 1 in its store"]


def test_the_time_to_fail_over() -> None:
    """Where the network device asks the dead node first, and that one's last answers do not count."""
    places = ((9.6, 1, 1), (10.0, 2, 2), (12.5, 2, 1), (13.0, 2, 1))
    load = loaded(Stored(), *(answer(at=at, node=node, first=first) for at, node, first in places))
    assert load.after(9.5, first=1) == 3.0


class Here:
    """Stands for `Outside`: clients of ports of this machine."""

    def __init__(self, ports: dict[int, int]) -> None:
        self._ports = ports

    def client(self, node: int, *, accounting: bool = False, retry: RetryPolicy | None = None) -> RadiusClient:
        return RadiusClient(Server("127.0.0.1", self._ports[node]), RetryPolicy(tries=1, wait=0.2))


def test_the_next_server_after_no_answer() -> None:
    """Nobody listens on one port, and nobody answers on the other."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        ports = {1: free_port(socket.SOCK_DGRAM), 2: int(deaf.getsockname()[1])}
        with Servers(Here(ports), 1) as servers:  # type: ignore[arg-type]
            with pytest.raises(NoReply, match=r"neither node answers: .*nothing listens.*; .*no answer"):
                servers.ask(lambda client: client.exchange(client.access_request({})))
            assert [failover.node for failover in servers.failovers] == [1, 2]
        asked = []
        with Servers(Here(ports), 2) as servers:  # type: ignore[arg-type]

            def question(client: RadiusClient) -> int:
                asked.append(client.server.port)
                if client.server.port == ports[2]:
                    raise NoReply("dead")
                return 1

            assert [servers.ask(question) for _ in range(2)] == [(1, 1), (1, 1)]
            assert asked == [ports[2], ports[1], ports[1]]  # and a dead one is left alone


def test_a_wrong_answer_is_a_fault() -> None:
    """Another result, another verdict, and none at all."""

    def nobody(client: RadiusClient) -> Reply:
        raise NoReply("dead")

    quarantine = accept(expect.QUARANTINE)
    with Servers(Here({1: 1, 2: 2}), 1) as servers:  # type: ignore[arg-type]
        load = loaded(Stored())
        for accepted, results, sign_in in (
            (True, expect.EMPLOYEE, lambda _: quarantine),
            (False, expect.QUARANTINE, lambda _: quarantine),
            (True, expect.EMPLOYEE, nobody),
            (True, expect.QUARANTINE, lambda _: quarantine),
        ):
            load._one(Guest("laptop", "host/x", accepted, results, sign_in), 1, servers, servers)
    assert len(load.faults) == 3
    assert [each.decision for each in load.answers] == [ID]


def test_a_condition_that_never_holds() -> None:
    def not_yet() -> bool:
        raise NotYet("it does not run")

    with pytest.raises(AssertionError, match=r"a thing: not within 0\.1 s: it does not run"):
        until(not_yet, "a thing", within=0.1)
