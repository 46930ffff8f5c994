"""Two nodes and a VPN headend that is told by pushes: what a node makes of those of one that is gone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from freeradius_mdm.config.reader import load
from freeradius_mdm.decide import Verdict, decide
from freeradius_mdm.journal import JournalWriter
from freeradius_mdm.lab.radius.nas_session import NasSession
from freeradius_mdm.store.read import StoreReader
from freeradius_mdm.store.schema import make_directory
from freeradius_mdm.trail import Trail
from tests.builders import request, write_toml

from .fakes import until_now
from .sharing_nodes import Nodes
from .test_sharing_coa import DEVICE, CoaNode, Site
from .vpn_bench import CLIENT, FILTER_ID, REQUEST, quarantined


class VpnNode(CoaNode):
    """A node whose radiusd serves the headend."""

    def text(self, usual: str) -> str:
        text = super().text(usual)
        for old, new in FILTER_ID:
            assert text.count(old) == 1
            text = text.replace(old, new)
        write_toml(self.directory, text)
        return text

    def signs_in(self) -> str:
        CoaNode.decisions += 1
        made = decide(
            request(*REQUEST, *CLIENT, ("Cisco-AVPair", f"mdm-tlv=device-uid=ID:Intune:DeviceID:{DEVICE.value}")),
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


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    nodes = Nodes(tmp_path, kind=VpnNode)
    made = Site(nodes, nodes.one, nodes.two, nodes.one)
    try:
        nodes.start()
        until_now(lambda: time.time() - nodes.one.cluster()["since"] > 3.5)
        yield made
    finally:
        nodes.end()
        made.nas.die()


def dialled_in(site: Site) -> NasSession:
    assert site.one.get(f"/v1/endpoints/{DEVICE}?wait=10s") == "answered"
    assert site.one.signs_in() == "Employee"
    until_now(lambda: len(site.one.sessions()) == 1)
    until_now(lambda: site.nodes.redis.ask("HLEN", "mdm:sessions") == 1)
    return site.nas.start(NasSession("alice", "acct1", REQUEST))


def settled(site: Site, count: int, profile: str) -> None:
    """So many orders are done, and the other nodes can know it."""
    until_now(lambda: [each.settled for each in site.one.orders()] == [True] * count)
    until_now(lambda: f'"profile":"{profile}"' in str(site.nodes.redis.ask("HVALS", "mdm:sessions")))


def test_what_a_dead_node_pushed_is_taken_back(site: Site) -> None:
    at = dialled_in(site)
    site.nodes.set("noncompliant", DEVICE.value)
    until_now(lambda: quarantined(at))
    settled(site, 1, "Quarantine")
    site.one.kill()
    until_now(lambda: len(site.two.sessions()) == 1)
    site.nodes.unset("noncompliant")
    until_now(lambda: not quarantined(at))


def test_what_a_dead_node_did_once_is_done_again(site: Site) -> None:
    """Its first order was for the same, and all nodes know it as settled: this is another one."""
    at = dialled_in(site)
    site.nodes.set("noncompliant", DEVICE.value)
    until_now(lambda: quarantined(at))
    settled(site, 1, "Quarantine")
    site.nodes.unset("noncompliant")
    until_now(lambda: not quarantined(at))
    settled(site, 2, "Employee")
    site.one.kill()
    until_now(lambda: len(site.two.sessions()) == 1)
    site.nodes.set("noncompliant", DEVICE.value)
    until_now(lambda: quarantined(at))
