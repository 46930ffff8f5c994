"""Network devices download ACLs from a real radiusd: short and long ones, older versions, and every refusal.

The protocol is that of ise.md sections 5.3 to 5.5 (Cisco's description of downloadable ACLs); the lines are written by
hand in acls.py. Codes: codes.py, each beside ISE's own number.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from freeradius_mdm.download import state
from freeradius_mdm.download.record import Download, Outcome
from freeradius_mdm.download.state import Cursor
from freeradius_mdm.lab import mdm_toml
from freeradius_mdm.lab.processes import wait_for
from freeradius_mdm.lab.raddb import SECRET, UNSIGNED_CLIENT, VPN_PASSWORD, NetworkDevice
from freeradius_mdm.lab.radius import NoReply, RadiusClient, Reply, RetryPolicy, Server, access, attributes
from freeradius_mdm.lab.radius.dacl_download import AclRequest, Service, ask, download, entries_of
from freeradius_mdm.lab.radius.wire import LARGEST_PACKET, Code
from freeradius_mdm.lab.site import Site
from freeradius_mdm.store.query import StoredDownload, StoreQueries
from tests.radius import acls, expect
from tests.radius.acls import AGNOSTIC, ASA, BRANCH, IPV6, LONG, wire_name
from tests.radius.endpoint import Endpoint

NewEndpoint = Callable[[Site], Endpoint]
MakeSite = Callable[..., Site]
HEADEND, CATALYST, ACCESS_POINT = "127.0.0.5", "127.0.0.6", "127.0.0.7"
DEVICES = (
    NetworkDevice("asa", HEADEND, HEADEND, "cisco-asa"),
    NetworkDevice("catalyst", CATALYST, CATALYST, "cisco-ios-xe"),
    NetworkDevice("access-point", ACCESS_POINT, ACCESS_POINT, "hostapd"),  # no family in use takes ACLs there
)
PACKET = 3800  # download_packet_size


def start(new_site: MakeSite, directory: Path, key: bytes) -> Site:
    """A site that is not started yet, its ACLs and key in place."""
    dacls = directory / "mdm" / "dacls"
    shutil.copytree(mdm_toml.EXAMPLE.parent / "dacls", dacls)
    texts = {"BRANCH.acl": acls.BRANCH_FILE}
    lists = {"LONG.acl": LONG, "LONG6.ipv6.acl": IPV6, "WEB.agnostic.acl": AGNOSTIC, "ASA.acl": ASA}
    texts |= {name: "\n".join(lines) + "\n" for name, lines in lists.items()}
    for name, text in texts.items():
        (dacls / name).write_text(text, encoding="utf-8")
    shared = directory.resolve() / "mdm" / "shared.key"
    shared.write_bytes(key)
    return new_site(directory, toml={"dacl_key_file": mdm_toml.quoted(shared)}, devices=DEVICES)


KEY = bytes(range(32))


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


def stored(site: Site, name: str, count: int = 1) -> list[StoredDownload]:
    """The stored downloads of that name, oldest first, as soon as there are `count`."""
    queries = StoreQueries(site.state_directory / "store.sqlite")

    def found() -> list[StoredDownload]:
        return [each for each in reversed(queries.downloads(1000)) if each.download.name == name]

    wait_for(lambda: len(found()) >= count, f"{count} downloads of {name} are in the store", 10)
    return found()


def last(site: Site, name: str, code: str) -> Download:
    """The latest stored download of that name, as soon as it has that code."""
    wait_for(lambda: stored(site, name)[-1].download.code == code, f"{name} ended with {code}", 10)
    return stored(site, name)[-1].download


def names(reply: Reply) -> list[str]:
    return [at.name for at in reply.attributes]


def refused(reply: Reply, code: str) -> bool:
    """A signed Access-Reject that says why and nothing else."""
    said = str(reply.value("Reply-Message"))
    assert names(reply) == ["Message-Authenticator", "Reply-Message"]
    assert reply.message_authenticator_first
    return reply.code is Code.ACCESS_REJECT and said.startswith(f"{code} ")


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


def test_mdmd_is_not_needed_for_what_is_in_force(acl_site: Site, switch: RadiusClient) -> None:
    acl_site.mdmd.stop()
    try:
        assert list(download(switch, AclRequest(wire_name("LONG", LONG))).entries) == LONG
    finally:
        acl_site.start_mdmd()


ALTERED = {
    "another line": '&Cisco-AVPair += "ip:inacl#11=permit ip any any"',
    "a line less": "&Cisco-AVPair !* ANY",
    "another reply": '&Cisco-AVPair := "ip:inacl#1=permit ip any any"',
}


@pytest.fixture(scope="module")
def altering(own_site: Site) -> Iterator[Site]:
    """A site whose own policy changes what goes out, chosen by the NAS-Identifier of the request."""
    lines = "".join(
        f'if (&NAS-Identifier == "{case}") {{\nupdate reply {{\n{do}\n}}\n}}\n' for case, do in ALTERED.items()
    )
    lines += (
        'if (&NAS-Identifier == "long") {\nupdate reply {\n' + ('&Filter-Id += "' + "x" * 240 + '"\n') * 16 + "}\n}\n"
    )
    lines += 'if (&NAS-Identifier == "rejected") {\nreject\n}\n'
    acls.put(own_site, "BRANCH.acl", acls.BRANCH_FILE)
    default = own_site.raddb / "sites-available/default"
    with expect.changed(own_site, (default, "\n\tmdm\n}\n", f"\n{lines}\n\tmdm\n}}\n")):
        yield own_site


@pytest.mark.parametrize(("case", "code"), [*((case, "M1524") for case in ALTERED), ("long", "M1524")])
def test_what_goes_out_is_what_was_built(case: str, code: str, altering: Site) -> None:
    name = wire_name("BRANCH", BRANCH)
    with altering.client() as client:
        assert download(client, AclRequest(name)).accepted
        reply = ask(client, AclRequest(name, extra=(("NAS-Identifier", case),)))
    assert reply.code is Code.ACCESS_REJECT
    assert reply.values("Cisco-AVPair") == ()
    assert str(reply.value("Reply-Message")).startswith(code)
    assert reply.length <= LARGEST_PACKET
    assert last(altering, name, code).outcome is Outcome.REFUSED


def test_a_site_may_reject_a_download(altering: Site) -> None:
    name = wire_name("BRANCH", BRANCH)
    with altering.client() as client:
        reply = ask(client, AclRequest(name, extra=(("NAS-Identifier", "rejected"),)))
    assert reply.code is Code.ACCESS_REJECT
    assert reply.values("Cisco-AVPair") == ()
    assert last(altering, name, "M1525").outcome is Outcome.REFUSED
