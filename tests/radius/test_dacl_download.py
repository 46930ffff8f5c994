"""Network devices download ACLs from a real radiusd: ten lines, two thousand, IPv6, netmasks.

The protocol is that of ise.md sections 5.3 to 5.5 (Cisco's description of downloadable ACLs); the lines are written by
hand in acls.py. Codes: codes.py, each beside ISE's own number.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from freeradius_mdm.download.record import Outcome
from freeradius_mdm.lab.processes import wait_for
from freeradius_mdm.lab.raddb import SECRET
from freeradius_mdm.lab.radius import RadiusClient, RetryPolicy, Server
from freeradius_mdm.lab.radius.dacl_download import AclRequest, Service, ask, download
from freeradius_mdm.lab.radius.wire import Code
from freeradius_mdm.lab.site import Site
from tests.radius import acls, expect
from tests.radius.acls import (
    AGNOSTIC,
    ASA,
    BRANCH,
    CATALYST,
    HEADEND,
    IPV6,
    KEY,
    LONG,
    MakeSite,
    last,
    names,
    refused,
    start,
    stored,
    wire_name,
)

PACKET = 3800  # download_packet_size


@pytest.fixture(scope="module")
def acl_site(new_site: MakeSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with start(new_site, tmp_path_factory.mktemp("acls"), KEY) as running:
        acls.wait_until_stored(running, wire_name("LONG", LONG))
        yield running


@pytest.fixture
def switch(acl_site: Site) -> Iterator[RadiusClient]:
    """A switch that FreeRADIUS knows by 127.0.0.1, without a vendor family in its client section."""
    with acl_site.client() as client:
        yield client


def test_ten_lines_are_one_accept(acl_site: Site, switch: RadiusClient) -> None:
    name = wire_name("BRANCH", BRANCH)
    done = download(switch, AclRequest(name))
    assert len(BRANCH) == 10
    assert done.entries == tuple(BRANCH)
    assert [reply.code for reply in done.replies] == [Code.ACCESS_ACCEPT]
    # Signed, ten lines, and nothing that would let a device in or say what it may do.
    assert names(done.replies[0]) == ["Message-Authenticator", *["Cisco-AVPair"] * 10]
    assert done.replies[0].message_authenticator_first
    assert done.replies[0].value("Cisco-AVPair") == "ip:inacl#1=permit udp any any eq bootps"
    [event] = stored(acl_site, name)
    made = event.download
    assert (made.outcome, made.code, made.packets, made.entries) == (Outcome.SERVED, "M1501", 1, 10)
    assert (made.client, made.client_name, made.nas_address) == ("127.0.0.1", "lab-switch", "192.0.2.10")
    assert f"mdm download id={made.id} outcome=served" in acl_site.radius_log


def test_two_thousand_lines_go_over_challenges(acl_site: Site, switch: RadiusClient) -> None:
    name = wire_name("LONG", LONG)
    before = time.time()
    done = download(switch, AclRequest(name, service=Service.SWITCH))
    assert len(LONG) == 2000
    assert list(done.entries) == LONG
    assert {reply.code for reply in done.replies[:-1]} == {Code.ACCESS_CHALLENGE}
    assert done.replies[-1].code is Code.ACCESS_ACCEPT
    assert "State" not in names(done.replies[-1])
    for reply in done.replies[:-1]:
        # Another line would take 8 octets of header and at least 50 of text.
        assert PACKET - 100 < reply.length <= PACKET
        assert names(reply)[:2] == ["Message-Authenticator", "State"]
        assert len(reply.values("State")) == 1
    assert done.replies[-1].length <= PACKET
    latest = [event.download for event in stored(acl_site, name) if event.download.at > before]
    assert [(made.outcome, made.packets, made.entries) for made in latest] == [
        (Outcome.SERVED, len(done.replies), 2000)
    ]
    assert expect.all_decisions(acl_site, user=name) == []


def test_ipv6_and_agnostic(switch: RadiusClient) -> None:
    done = download(switch, AclRequest(wire_name("LONG6", IPV6, "IPV6")))
    assert done.entries == tuple(IPV6)
    assert done.replies[0].value("Cisco-AVPair") == "ipv6:inacl#1=permit udp any any eq 547"
    for kind in ("IP", "IPV6"):
        assert download(switch, AclRequest(wire_name("WEB", AGNOSTIC, kind))).entries == tuple(AGNOSTIC)


def test_a_headend_gets_netmasks(acl_site: Site) -> None:
    name = wire_name("ASA", ASA)
    with acl_site.client(HEADEND) as headend:
        assert download(headend, AclRequest(name, service=Service.HEADEND)).entries == tuple(ASA)
    with acl_site.client(CATALYST) as catalyst:
        assert refused(ask(catalyst, AclRequest(name)), "M1519")
        assert download(catalyst, AclRequest(wire_name("BRANCH", BRANCH))).accepted
    assert last(acl_site, name, "M1519").reason.endswith("cisco-ios-xe takes wildcard masks")


def test_over_ipv6(acl_site: Site) -> None:
    with RadiusClient(Server("::1", acl_site.ports.radius, SECRET.encode()), RetryPolicy(tries=1, wait=10.0)) as client:
        done = download(client, AclRequest(wire_name("LONG", LONG), nas_address="2001:db8::10"))
    assert list(done.entries) == LONG
    made = stored(acl_site, wire_name("LONG", LONG))[-1].download
    wait_for(lambda: stored(acl_site, wire_name("LONG", LONG))[-1].download.client == "::1", "it is in the store", 10)
    made = stored(acl_site, wire_name("LONG", LONG))[-1].download
    assert (made.client_name, made.nas_address) == ("lab-switch6", "2001:db8::10")


@pytest.mark.parametrize("event", ["aaa:event=acl-download", "AAA:Event=ACL-Download", " aaa:event=acl-download "])
@pytest.mark.parametrize("password", [bytes(16), b"cisco"])
def test_what_does_not_matter(event: str, password: bytes, switch: RadiusClient) -> None:
    request = AclRequest(wire_name("BRANCH", BRANCH), event=event, password=password)
    assert download(switch, request).accepted


def test_proxy_state_takes_its_share(switch: RadiusClient) -> None:
    proxied = tuple(("Proxy-State", bytes([number]) * 200) for number in range(1, 5))
    done = download(switch, AclRequest(wire_name("LONG", LONG), extra=proxied))
    assert list(done.entries) == LONG
    for reply in done.replies:
        assert reply.values("Proxy-State") == tuple(value for _, value in proxied)
        assert reply.length <= PACKET


def test_mdmd_is_not_needed_for_what_is_in_force(acl_site: Site, switch: RadiusClient) -> None:
    acl_site.mdmd.stop()
    try:
        assert list(download(switch, AclRequest(wire_name("LONG", LONG))).entries) == LONG
    finally:
        acl_site.start_mdmd()
