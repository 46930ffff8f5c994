"""A change of authorization with two nodes: it has one effect at the network device, whoever dies."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from freeradius_mdm.compliance import EndpointKey, IdKind
from freeradius_mdm.config.reader import load
from freeradius_mdm.decide import Verdict, decide
from freeradius_mdm.journal import JournalWriter
from freeradius_mdm.lab.radius.access import WiredPort
from freeradius_mdm.lab.radius.nas import LabNas
from freeradius_mdm.lab.radius.nas_request import NasSettings
from freeradius_mdm.lab.radius.nas_session import EffectKind, NasSession
from freeradius_mdm.store.coa_orders import CoaOrder, OrderQueries
from freeradius_mdm.store.read import StoreReader
from freeradius_mdm.store.schema import make_directory
from freeradius_mdm.trail import Trail
from tests.builders import PRINTED, TOML, URI_ATTRIBUTE, request, write_toml

from .coa_bench import ACCEPTED, ADDRESS, SECRET
from .fakes import until_now
from .sharing_nodes import Node, Nodes

DEVICE = EndpointKey("Intune", IdKind.INTUNE, "00000000-0000-4000-8000-000000000001")


class CoaNode(Node):
    """A node whose policy quarantines, and that may tell the network device so."""

    decisions = 0

    def text(self, usual: str) -> str:
        listen = next(line for line in usual.splitlines() if line.startswith("listen"))
        text = TOML.replace("[service]\n", f"[service]\n{listen}\n")
        text = text.replace('"secret"\n', '"secret"\nrecheck_interval = "1s"\n')
        write_toml(self.directory, text)
        return text + '\n[coa]\nclients = "clients.conf"\nfreeradius_version = "3.2.1"\n'

    def signs_in(self) -> str:
        """Its radiusd lets the device in, or puts it into quarantine; the profile."""
        uri = f"IntuneDeviceId://{DEVICE.value}"
        CoaNode.decisions += 1
        made = decide(
            request(
                ("User-Name", "host/1"),
                ("NAS-IP-Address", "192.0.2.10"),
                ("NAS-Port-Type", "Ethernet"),
                ("NAS-Port-Id", "Gi1/0/1"),
                ("Calling-Station-Id", "00-50-56-00-00-01"),
                ("Cisco-AVPair", "audit-session-id=AUDIT1"),
                ("EAP-Message", "0x"),
                ("EAP-Type", "TLS"),
                ("TLS-Client-Cert-Serial", "1f"),
                ("MDM-Client-Name", "switch"),
                ("MDM-Client-Address", ADDRESS),
                (URI_ATTRIBUTE, uri),
                (PRINTED, f"URI:{uri}"),
            ),
            load(self.config),
            StoreReader(self.state / "store.sqlite").record,
            Trail(f"{CoaNode.decisions:024x}", time.time(), time.time),
            has_uri_attribute=True,
            waited=True,
        )
        assert isinstance(made, Verdict)
        make_directory(self.state / "journal")
        JournalWriter(self.state / "journal").append("decision", made.decision.to_json(), made.decision.at)
        return made.decision.profile

    def orders(self) -> list[CoaOrder]:
        return OrderQueries(self.state / "store.sqlite").orders()


@dataclass
class Site:
    """`radiusd`: the node whose FreeRADIUS the network device uses now."""

    nodes: Nodes
    one: CoaNode
    two: CoaNode
    radiusd: CoaNode
    nas: LabNas = field(init=False)
    profiles: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        def authenticate(_: NasSession) -> object:
            self.profiles.append(self.radiusd.signs_in())
            return ACCEPTED

        self.nas = LabNas(NasSettings(SECRET.encode(), ADDRESS), authenticate)  # type: ignore[arg-type]
        self.nas.come_back()
        for node in (self.one, self.two):
            (node.directory / "clients.conf").write_text(
                f'client switch {{\n ipaddr = {ADDRESS}\n secret = "{SECRET}"\n mdm_coa_port = {self.nas.port}\n}}\n'
            )

    def starts(self) -> NasSession:
        """The device signs in at node one."""
        node = self.one
        assert node.get(f"/v1/endpoints/{DEVICE}?wait=10s") == "answered"
        self.profiles.append(node.signs_in())
        assert self.profiles == ["Employee"]
        until_now(lambda: len(node.sessions()) == 1)
        until_now(lambda: self.nodes.redis.ask("HLEN", "mdm:sessions") == 1)
        return self.nas.start(
            NasSession("host/1", "acct1", WiredPort("00-50-56-00-00-01", "AUDIT1", port="Gi1/0/1").dot1x())
        )


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    nodes = Nodes(tmp_path, kind=CoaNode)
    assert isinstance(nodes.one, CoaNode)
    assert isinstance(nodes.two, CoaNode)
    made = Site(nodes, nodes.one, nodes.two, nodes.one)
    try:
        nodes.start()
        # Until then a Redis that is new may have forgotten who carries out what.
        until_now(lambda: time.time() - nodes.one.cluster()["since"] > 3.5)
        yield made
    finally:
        nodes.end()
        made.nas.die()


def test_its_own_node_sends(site: Site) -> None:
    session = site.starts()
    site.nodes.set("noncompliant", DEVICE.value)
    until_now(lambda: site.profiles == ["Employee", "Quarantine"])
    until_now(lambda: [order.settled for order in site.one.orders()] == [True])
    assert site.two.orders() == []
    assert site.nas.effects_on(session) == [EffectKind.REAUTHENTICATED]
    assert site.nas.distinct == 1
    (order,) = site.one.orders()
    assert site.nodes.redis.ask("GET", f"mdm:order:{order.id}") == "settled one acked"


def test_the_node_that_took_over_sends_once(site: Site) -> None:
    session = site.starts()
    site.one.kill()
    until_now(lambda: len(site.two.sessions()) == 1)
    site.radiusd = site.two
    site.nodes.set("noncompliant", DEVICE.value)
    until_now(lambda: site.profiles == ["Employee", "Quarantine"])
    until_now(lambda: [order.settled for order in site.two.orders()] == [True])
    # The first node comes back with what it knew: the device was compliant, the session its own.
    site.nodes.start_one(site.one)
    site.nodes.joined()
    until_now(lambda: not site.one.sessions())
    assert site.two.sessions() != {}
    assert site.one.orders() == []
    assert site.nas.effects_on(session) == [EffectKind.REAUTHENTICATED]
    assert site.nas.distinct == 1


def test_claimed_by_a_node_that_is_gone(site: Site) -> None:
    """Node one has claimed the order and died: nobody else sends as long as its packet may be on its way."""
    session = site.starts()
    site.nas.die()
    site.nodes.set("noncompliant", DEVICE.value)
    until_now(lambda: [order.in_doubt for order in site.one.orders()] == [True])
    site.one.kill()
    site.radiusd = site.two
    site.nas.come_back()
    until_now(lambda: len(site.two.sessions()) == 1)
    until_now(lambda: [order.code for order in site.two.orders()] == ["M1633"])
    (claimed,), (waiting,) = site.one.orders(), site.two.orders()
    assert claimed.id == waiting.id
    assert site.nas.effects_on(session) == []
    # The claim has run out; its own pause has not.
    site.nodes.redis.ask("DEL", f"mdm:order:{claimed.id}")
    until_now(lambda: site.profiles == ["Employee", "Quarantine"])
    assert site.nas.effects_on(session) == [EffectKind.REAUTHENTICATED]
