"""Downloads of ACLs that a real radiusd refuses or drops: each with its code, its event, and nothing else in the reply.

The protocol is that of ise.md sections 5.3 to 5.5 (Cisco's description of downloadable ACLs); the lines are written by
hand in acls.py. Codes: codes.py, each beside ISE's own number.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from freeradius_mdm.download.record import Outcome
from freeradius_mdm.lab.processes import wait_for
from freeradius_mdm.lab.raddb import SECRET, UNSIGNED_CLIENT, VPN_PASSWORD
from freeradius_mdm.lab.radius import NoReply, RadiusClient, RetryPolicy, Server, attributes
from freeradius_mdm.lab.radius.dacl_download import AclRequest, ask, download
from freeradius_mdm.lab.radius.wire import Code
from freeradius_mdm.lab.site import Site
from tests.radius import acls, expect
from tests.radius.acls import (
    ACCESS_POINT,
    BRANCH,
    IPV6,
    KEY,
    LONG,
    MakeSite,
    last,
    refused,
    start,
    stored,
    wire_name,
)


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


REFUSED = {
    "unknown name": ("#ACSACL#-IP-NOWHERE-0a1b2c3d", "M1510"),
    "name in lower case": (wire_name("BRANCH", BRANCH).replace("BRANCH", "branch"), "M1510"),
    "prefix in lower case": (wire_name("BRANCH", BRANCH).replace("#ACSACL#", "#acsacl#"), "M1510"),
    "no name at all": ("#ACSACL#", "M1510"),
    "name of 253 octets": ("#ACSACL#-IP-" + "x" * 232 + "-0a1b2c3d", "M1510"),
    "IPv4 name of an IPv6 ACL": (wire_name("LONG6", IPV6), "M1510"),
    "blank behind": (wire_name("BRANCH", BRANCH) + " ", "M1510"),
    "version that never was": ("#ACSACL#-IP-BRANCH-00000000", "M1513"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refusals(case: str, acl_site: Site, switch: RadiusClient) -> None:
    name, code = REFUSED[case]
    assert len(name) <= 253
    assert refused(ask(switch, AclRequest(name)), code)
    made = last(acl_site, name, code)
    assert (made.outcome, made.packets, made.entries, made.client) == (Outcome.REFUSED, 0, 0, "127.0.0.1")
    assert f"mdm download id={made.id} outcome=refused" in acl_site.radius_log
    assert expect.all_decisions(acl_site, user=name) == []


def test_a_family_that_can_not_download(acl_site: Site) -> None:
    name = wire_name("BRANCH", BRANCH)
    with acl_site.client(ACCESS_POINT) as client:
        assert refused(ask(client, AclRequest(name)), "M1520")
    assert last(acl_site, name, "M1520").reason.endswith(": hostapd")


@pytest.mark.parametrize("pretended", ["", "aaa:event=", "aaa:event=acl-downloads", "aaa:service=acl-download"])
def test_a_user_who_logs_in_under_an_acls_name(pretended: str, acl_site: Site, switch: RadiusClient) -> None:
    name = wire_name("BRANCH", BRANCH)
    request = AclRequest(name, event=pretended, password=VPN_PASSWORD.encode())
    assert refused(ask(switch, request), "M1512")
    assert last(acl_site, name, "M1512").outcome is Outcome.REFUSED


def test_an_eap_identity_of_that_name(acl_site: Site, switch: RadiusClient) -> None:
    name = wire_name("BRANCH", BRANCH)
    encoded = attributes.encode(AclRequest(name).attributes())
    # EAP-Response/Identity, RFC 3748 section 5.1: code 2, identifier 1, length, type 1.
    identity = bytes([2, 1]) + (5 + len(name)).to_bytes(2, "big") + b"\x01" + name.encode()
    reply = switch.exchange(switch.access_request(encoded, eap_message=identity))
    assert reply.code is Code.ACCESS_REJECT
    assert last(acl_site, name, "M1512").outcome is Outcome.REFUSED


def test_unsigned_requests_get_no_answer(acl_site: Site) -> None:
    name = wire_name("BRANCH", BRANCH)
    for source in (UNSIGNED_CLIENT, UNSIGNED_CLIENT, "127.0.0.1"):
        server = Server("127.0.0.1", acl_site.ports.radius, SECRET.encode(), source)
        with RadiusClient(server, RetryPolicy(tries=1, wait=0.3)) as client, pytest.raises(NoReply):
            ask(client, AclRequest(name, sign=False))
    with acl_site.client(UNSIGNED_CLIENT) as client:
        assert download(client, AclRequest(name)).accepted
    # Once this one is in the store, so is all that was journaled before it.
    wait_for(lambda: stored(acl_site, name)[-1].download.client == UNSIGNED_CLIENT, "it is in the store", 10)
    wait_for(lambda: stored(acl_site, name)[-1].download.code == "M1501", "it is in the store", 10)
    dropped = [each.download for each in stored(acl_site, name) if each.download.outcome is Outcome.DROPPED]
    # FreeRADIUS itself drops what a client must sign; of the others one event a minute is enough.
    assert [(made.code, made.client) for made in dropped] == [("M1511", UNSIGNED_CLIENT)]


def test_without_a_key_short_acls_are_served(acl_site: Site, switch: RadiusClient) -> None:
    key = acl_site.mdm_toml.parent / "shared.key"
    key.rename(key.with_name("elsewhere"))
    try:
        assert download(switch, AclRequest(wire_name("BRANCH", BRANCH))).accepted
        assert refused(ask(switch, AclRequest(wire_name("LONG", LONG))), "M1521")
        assert "shared.key can't be read" in last(acl_site, wire_name("LONG", LONG), "M1521").reason
    finally:
        key.with_name("elsewhere").rename(key)
    assert ask(switch, AclRequest(wire_name("LONG", LONG))).code is Code.ACCESS_CHALLENGE
