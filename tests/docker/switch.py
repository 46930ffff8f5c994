"""A switch outside of the containers: it takes changes of authorization of its sessions, and counts what they do."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from freeradius_mdm.lab.radius.nas import LabNas
from freeradius_mdm.lab.radius.nas_request import NasSettings
from freeradius_mdm.lab.radius.nas_session import EffectKind, NasSession
from freeradius_mdm.lab.radius.reply import Reply
from tests.docker.guests import new_endpoint, port_of, told
from tests.docker.outside import NODES, Outside, until
from tests.docker.servers import Accounting, Servers
from tests.radius import expect
from tests.radius.endpoint import Endpoint

_acct = itertools.count(1)


class Port:
    """A compliant endpoint's session, authorized by node `home`."""

    def __init__(self, outside: Outside, endpoint: Endpoint, home: int) -> None:
        self.home = home
        self.endpoint = endpoint
        self._outside = outside
        self._attributes = port_of(endpoint.mac).dot1x()
        self.session = NasSession(endpoint.identity, f"watched-{next(_acct):08X}", self._attributes)

    def sign_in(self, servers: Servers) -> tuple[int, Reply]:
        """The node that answered, and what it said."""
        node, result = servers.ask(lambda client: self.endpoint.sign_in(client, attributes=self._attributes))
        return node, result.reply

    def fails(self) -> None:
        """Intune calls it non-compliant from now on."""
        self._outside.microsoft.set_device(self.endpoint.device_id, compliant=False)

    @property
    def has(self) -> object:
        """What its session has now."""
        assert self.session.authorization is not None
        return told(self.session.authorization)


class Switch:
    """`nas` does the work."""

    def __init__(self, outside: Outside, nas: LabNas, servers: dict[int, Servers]) -> None:
        self.nas = nas
        self._outside = outside
        self._servers = servers
        self.ports: list[Port] = []

    def plug_in(self, home: int) -> Port:
        """An endpoint signs in at that node, and its session starts there."""
        port = Port(self._outside, new_endpoint(self._outside, compliant=True), home)
        node, reply = port.sign_in(self._servers[home])
        assert (node, reply.accepted) == (home, True)
        port.session.authorization = reply
        assert port.has == expect.EMPLOYEE
        self.ports.append(port)
        self.nas.start(port.session)
        until(lambda: self.known(port, home) == "started", f"node {home} knows the session")
        return port

    def known(self, port: Port, node: int) -> str:
        """The state in which a node has the session, "" when it does not answer for it. Raises NotYet."""
        found = self._outside.api(node, f"/v1/sessions?state=live&mac={port.endpoint.mac}")["sessions"]
        return str(found[0]["state"]) if found else ""

    def quarantined(self, ports: Iterable[Port]) -> float:
        """Wait until they are; returns how many seconds that took."""
        wanted = list(ports)
        what = f"{[port.session.identifier for port in wanted]} are in quarantine"
        return until(lambda: all(port.has == expect.QUARANTINE for port in wanted), what)

    def settle(self) -> None:
        """Let each node show that it can change a session, then wait until it has nothing more to do about any.

        Every session is asked about once more after its effect, and no order is in hand: who would have had a second
        effect has had it by then.
        """
        last = [self.plug_in(node) for node in NODES]
        for port in last:
            port.fails()
        self.quarantined(last)
        questions = self._outside.microsoft.questions
        before = {port.endpoint.device_id: questions(port.endpoint.device_id) for port in self.ports}
        until(lambda: all(questions(id_) > count for id_, count in before.items()), "all are asked about again")
        for node in NODES:
            for order in self._orders(node):
                told = {name: order[name] for name in ("session_id", "state", "code", "action", "due_at")}
                print(f"node {node} still has an order in hand at {time.time():.0f}: {told}")
            until(lambda node=node: not self._orders(node), f"node {node} has no order in hand")

    def _orders(self, node: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._outside.api(node, "/v1/coa?open=true")["orders"]
        return found

    def wrong(self) -> list[str]:
        """Every session whose change has had another number of effects than one, and other surprises, in words."""
        found = [
            f"{port.session.identifier} of node {port.home}: {self.nas.effects_on(port.session)}"
            for port in self.ports
            if self.nas.effects_on(port.session)
            != ([EffectKind.REAUTHENTICATED] if port.has == expect.QUARANTINE else [])
        ]
        found += [f"{count} requests were dropped: {why}" for why, count in self.nas.dropped.items()]
        if self.nas.distinct != len(self.nas.effects):
            found.append(f"{self.nas.distinct} requests, {len(self.nas.effects)} effects")
        return found + self.nas.failures


@contextmanager
def switch(outside: Outside) -> Iterator[Switch]:
    """One on the address that the nodes know this machine by."""
    made: list[Switch] = []

    def again(session: NasSession) -> Reply:
        [port] = [port for port in made[0].ports if port.session is session]
        return port.sign_in(servers[port.home])[1]

    settings = NasSettings(outside.secret, outside.gateway, outside.coa_port)
    with (
        Servers(outside, 1) as one,
        Servers(outside, 2) as two,
        Servers(outside, accounting=True) as accounting,
        LabNas(settings, again, Accounting(outside, accounting)) as nas,
    ):
        servers = {1: one, 2: two}
        made.append(Switch(outside, nas, servers))
        yield made[0]
        for port in made[0].ports:
            nas.stop(port.session)
