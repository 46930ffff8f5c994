"""Downloads that go on: with a State of ours only, on another server, and with the version they began with.

The protocol is that of ise.md sections 5.3 to 5.5 (Cisco's description of downloadable ACLs); the lines are written by
hand in acls.py. Codes: codes.py, each beside ISE's own number.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from freeradius_mdm.download import state
from freeradius_mdm.download.record import Outcome
from freeradius_mdm.download.state import Cursor
from freeradius_mdm.lab import mdm_toml
from freeradius_mdm.lab.processes import wait_for
from freeradius_mdm.lab.raddb import UNSIGNED_CLIENT
from freeradius_mdm.lab.radius import RadiusClient, Reply, access
from freeradius_mdm.lab.radius.dacl_download import AclRequest, ask, download, entries_of
from freeradius_mdm.lab.radius.wire import Code
from freeradius_mdm.lab.site import Site
from tests.radius import acls, expect
from tests.radius.acls import (
    BRANCH,
    CATALYST,
    KEY,
    LONG,
    MakeSite,
    last,
    refused,
    start,
    stored,
    wire_name,
)
from tests.radius.endpoint import Endpoint

NewEndpoint = Callable[[Site], Endpoint]


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


def first_state(client: RadiusClient, name: str = wire_name("LONG", LONG)) -> tuple[Reply, bytes]:
    reply = ask(client, AclRequest(name))
    [found] = reply.values("State")
    assert isinstance(found, bytes)
    return reply, found


@pytest.mark.parametrize("place", [0, 1, 10, 20, -17, -1])
def test_a_forged_state(place: int, acl_site: Site, switch: RadiusClient) -> None:
    name = wire_name("LONG", LONG)
    _, good = first_state(switch)
    assert len(good) < 253
    forged = bytearray(good)
    forged[place] ^= 1
    assert refused(ask(switch, AclRequest(name), bytes(forged)), "M1515")
    assert last(acl_site, name, "M1515").outcome is Outcome.REFUSED
    assert ask(switch, AclRequest(name), good).code is Code.ACCESS_CHALLENGE


@pytest.mark.parametrize("made_up", [b"x", b"\0" * 16, b"made up by the client", bytes(253)])
def test_a_state_that_nobody_ever_sent(made_up: bytes, switch: RadiusClient) -> None:
    assert refused(ask(switch, AclRequest(wire_name("LONG", LONG)), made_up), "M1515")


def test_an_expired_state(acl_site: Site, switch: RadiusClient) -> None:
    name = wire_name("LONG", LONG)
    old = state.seal(KEY, name, "127.0.0.1", Cursor(61, 1), time.time() - state.LIFETIME - 2)
    assert refused(ask(switch, AclRequest(name), old), "M1516")
    assert last(acl_site, name, "M1516").outcome is Outcome.REFUSED
    # The same but for its time is good: so it was the time.
    young = state.seal(KEY, name, "127.0.0.1", Cursor(61, 1), time.time())
    assert entries_of(ask(switch, AclRequest(name), young), name, 61)[0] == LONG[61]


def test_a_state_that_moved(acl_site: Site, switch: RadiusClient) -> None:
    name = wire_name("LONG", LONG)
    _, mine = first_state(switch)
    with acl_site.client(CATALYST) as other:
        assert refused(ask(other, AclRequest(name), mine), "M1517")
    assert last(acl_site, name, "M1517").client == CATALYST
    assert refused(ask(switch, AclRequest(wire_name("BRANCH", BRANCH)), mine), "M1518")
    assert last(acl_site, wire_name("BRANCH", BRANCH), "M1518").outcome is Outcome.REFUSED


def test_another_server_goes_on_where_this_one_stopped(
    acl_site: Site, switch: RadiusClient, new_site: MakeSite, tmp_path: Path
) -> None:
    name = wire_name("LONG", LONG)
    reply, continued = first_state(switch)
    got = entries_of(reply, name, 0)
    with start(new_site, tmp_path / "second", KEY) as second, second.client() as client:
        turn = 0
        while reply.code is Code.ACCESS_CHALLENGE:
            turn += 1
            reply = ask((client, switch)[turn % 2 == 0], AclRequest(name), continued)
            got += entries_of(reply, name, len(got))
            if reply.code is Code.ACCESS_CHALLENGE:
                continued = bytes(reply.value("State"))  # type: ignore[arg-type]
        assert got == LONG
        assert turn > 20


def test_another_key_is_another_world(switch: RadiusClient, new_site: MakeSite, tmp_path: Path) -> None:
    _, theirs = first_state(switch)
    with start(new_site, tmp_path / "second", bytes(32)) as second, second.client() as client:
        assert refused(ask(client, AclRequest(wire_name("LONG", LONG)), theirs), "M1515")


def test_an_acl_that_changes_midway(acl_site: Site, switch: RadiusClient) -> None:
    name = wire_name("LONG", LONG)
    changed = ["permit tcp any any eq 25", *LONG]
    reply, continued = first_state(switch)
    got = entries_of(reply, name, 0)
    acls.put(acl_site, "LONG.acl", "\n".join(changed) + "\n")
    try:
        newer = wire_name("LONG", changed)
        wait_for(lambda: ask(switch, AclRequest(newer)).code is Code.ACCESS_CHALLENGE, "the new version is served", 10)
        # Whoever begins now gets the older one only if it was told so; this one began before.
        assert refused(ask(switch, AclRequest(name)), "M1514")
        while reply.code is Code.ACCESS_CHALLENGE:
            reply = ask(switch, AclRequest(name), continued)
            got += entries_of(reply, name, len(got))
            continued = bytes(reply.value("State") or b"")  # type: ignore[arg-type]
        assert got == LONG
    finally:
        acls.put(acl_site, "LONG.acl", "\n".join(LONG) + "\n")
        wait_for(lambda: ask(switch, AclRequest(name)).code is Code.ACCESS_CHALLENGE, "the first version is back", 10)


def test_an_older_version_is_for_whom_it_was_given_to(
    acl_site: Site, switch: RadiusClient, new_endpoint: NewEndpoint
) -> None:
    endpoint = new_endpoint(acl_site)
    endpoint.enrol(macs=[endpoint.mac])
    reply = access.authenticate_mab(switch, endpoint.port)
    given = str(reply.value("Cisco-AVPair")).removeprefix("ACS:CiscoSecure-Defined-ACL=")
    assert given == wire_name("PERMIT-INTRANET", ["permit ip any any"])
    text = (mdm_toml.EXAMPLE.parent / "dacls/PERMIT-INTRANET.acl").read_text(encoding="utf-8")
    newer = ["deny tcp any any eq 25", "permit ip any any"]
    acls.put(acl_site, "PERMIT-INTRANET.acl", "\n".join(newer) + "\n")
    try:
        now = wire_name("PERMIT-INTRANET", newer)
        wait_for(lambda: download(switch, AclRequest(now)).accepted, "the new version is served", 10)
        done = download(switch, AclRequest(given))
        assert done.entries == ("permit ip any any",)
        # The event leads to the session: to the decision that gave the name out.
        [decision] = expect.decisions(acl_site, mac=endpoint.mac.replace("-", "").upper())
        wait_for(lambda: bool(stored(acl_site, given)), "it is in the store", 10)
        assert stored(acl_site, given)[-1].decision == decision.id
        # What this radiusd remembers is gone after a restart; the store has it.
        expect.restart(acl_site)
        assert download(switch, AclRequest(given)).entries == ("permit ip any any",)
        for source in (CATALYST, UNSIGNED_CLIENT):
            with acl_site.client(source) as other:
                assert refused(ask(other, AclRequest(given)), "M1514")
                assert download(other, AclRequest(now)).entries == tuple(newer)
    finally:
        acls.put(acl_site, "PERMIT-INTRANET.acl", text)
        wait_for(lambda: download(switch, AclRequest(given)).accepted, "the first version is back", 10)
