"""A real VPN headend: strongSwan asks FreeRADIUS whether a device may come in, which shows its certificate by EAP-TLS.

What strongSwan sends and does is from its own documentation of the plugin eap-radius and from RFC 7296 (IKEv2), 4478
(AUTH_LIFETIME), 5176 (Disconnect). What FreeRADIUS gives is from POLICY.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from freeradius_mdm.decision import Decision, Outcome
from freeradius_mdm.lab.authenticators import charon, vpn_headend
from freeradius_mdm.lab.authenticators.namespaces import Namespaces
from freeradius_mdm.lab.authenticators.vpn_headend import Headend, HeadendConfig
from freeradius_mdm.lab.processes import wait_for
from freeradius_mdm.lab.site import Settings, Site
from tests.radius import expect
from tests.radius.conftest import _host, _stock
from tests.radius.endpoint import Endpoint
from tests.radius.vpn_site import POLICY, TIMED_URI, URI, Vpn

NewEndpoint = Callable[[Site], Endpoint]
NAS_NAME = "lab-vpn"


@pytest.fixture(scope="module")
def vpn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vpn]:
    if reason := charon.unavailable():
        pytest.skip(reason)
    directory = tmp_path_factory.mktemp("vpn")
    with Namespaces() as spaces:
        network = vpn_headend.join(spaces)
        toml = {"families": '["strongswan"]'}
        settings = Settings(stock_raddb=_stock(), devices=(network.device,), toml=toml, policy=POLICY)
        with Site(directory / "site", _host(), settings) as site:
            shown = site.pki.server("vpn", [vpn_headend.NAME, vpn_headend.ADDRESS])
            config = HeadendConfig(site.ports.radius, site.ports.accounting, shown, site.pki.ca_file)
            with Headend(network, config, directory / "headend") as headend:
                yield Vpn(site, network, headend, config, directory)


def classes(made: Decision) -> list[bytes]:
    """Both Class attributes of an accept: the group, and the decision's own (ise.md section 5.8)."""
    return [b"staff", f"mdm:{made.id}".encode()]


def test_a_compliant_device_comes_in(vpn: Vpn, new_endpoint: NewEndpoint) -> None:
    endpoint = new_endpoint(vpn.site)
    endpoint.enrol()
    user = URI.format(endpoint.device_id)

    with vpn.laptop(endpoint) as client:
        assert not client.reaches(vpn_headend.INSIDE_ADDRESS)
        assert client.connect(), client.log
        session = vpn.session()
        assert client.reaches(vpn_headend.INSIDE_ADDRESS)
        (start,) = vpn.accounting(user, "Start")
        client.disconnect()
        _, stop = vpn.accounting(user, "Start", "Stop")

    assert session.is_up
    assert (session.eap_identity, session.peer) == (user, vpn_headend.CLIENT_ADDRESS)
    assert session.reauthentication is None  # without Session-Timeout it may stay
    made = expect.decision(vpn.site, identity=endpoint.device_id)
    assert (made.outcome, made.access, made.method, made.rule) == (Outcome.ACCEPT, "vpn", "EAP-TLS", "Compliant")
    assert (made.identity_source, made.identity_proven, made.user) == ("certificate-uri", True, user)
    assert (made.nas_name, made.nas_address, made.mac) == (NAS_NAME, vpn_headend.ADDRESS, "")

    for record in (start, stop):
        assert sorted(record.classes) == sorted(classes(made))
        assert record.session == start.session
        assert record.first("NAS-Port-Type") == "Virtual"
        assert record.first("NAS-Port") == str(session.number)
        assert record.first("Framed-IP-Address") == session.virtual_addresses[0]
        assert record.first("Calling-Station-Id") == f"{vpn_headend.CLIENT_ADDRESS}[4500]"
    assert stop.first("Acct-Terminate-Cause") == "User-Request"
    assert int(stop.first("Acct-Input-Octets")) > 0


@pytest.mark.parametrize(("compliant", "rule"), [(False, "Not compliant"), (None, "Not registered")])
def test_any_other_device_stays_outside(compliant: bool | None, rule: str, vpn: Vpn, new_endpoint: NewEndpoint) -> None:
    endpoint = new_endpoint(vpn.site)
    if compliant is not None:
        endpoint.enrol(compliant=compliant)

    with vpn.laptop(endpoint) as client:
        assert not client.connect()
        assert "received EAP_FAILURE" in client.log  # RFC 3748 section 4.2, and no time-out
        vpn.headend.wait_until_gone()
        assert not client.reaches(vpn_headend.INSIDE_ADDRESS)

    made = expect.decision(vpn.site, identity=endpoint.device_id)
    assert (made.outcome, made.access, made.rule, made.identity_proven) == (Outcome.REJECT, "vpn", rule, True)
    assert vpn.accounting(URI.format(endpoint.device_id)) == []


def test_a_name_in_eap_is_no_identity(vpn: Vpn, new_endpoint: NewEndpoint) -> None:
    """Somebody bears the name of a compliant device, in EAP and in a certificate of an authority of his own."""
    endpoint = new_endpoint(vpn.site)
    endpoint.enrol()
    claimed = URI.format(endpoint.device_id)
    forged = endpoint.issue(uris=[claimed], other_ca=True)

    with vpn.device(forged, claimed) as client:
        assert not client.connect()
        vpn.headend.wait_until_gone()
    made = expect.decision(vpn.site, user=claimed)
    assert (made.outcome, made.reason_code, made.identity) == (Outcome.REJECT, "M1003", "")


def test_a_session_timeout_is_a_reauthentication(vpn: Vpn, new_endpoint: NewEndpoint) -> None:
    """Session-Timeout reaches the client as AUTH_LIFETIME (RFC 4478), and it signs in again before the end."""
    endpoint = new_endpoint(vpn.site)
    endpoint.enrol()
    user = TIMED_URI.format(endpoint.device_id)

    with vpn.laptop(endpoint, TIMED_URI) as client:
        assert client.connect(), client.log
        first = vpn.session()
        # 10 s less 4 s at the headend, and 4 s at the client.
        wait_for(
            lambda: [sa.number for sa in vpn.headend.sessions() if sa.is_up] > [first.number], "another IKE SA", 10
        )
        assert client.reaches(vpn_headend.INSIDE_ADDRESS)
        start, stop, again = vpn.accounting(user, "Start", "Stop", "Start")

    assert first.reauthentication in range(7)
    assert stop.session == start.session != again.session
    before, after = expect.decisions(vpn.site, 2, identity=endpoint.device_id)
    assert (before.outcome, after.outcome) == (Outcome.ACCEPT, Outcome.ACCEPT)
    assert sorted(again.classes) == sorted(classes(after))


@pytest.mark.parametrize("group", ["staff", "laptops"], ids=["Class", "Filter-Id"])
def test_the_group_is_held_against_the_connection(group: str, vpn: Vpn, new_endpoint: NewEndpoint) -> None:
    """FreeRADIUS lets it in both times; the connection is for one group, of which the Accept says that it is in it."""
    endpoint = new_endpoint(vpn.site)
    endpoint.enrol()
    with vpn.laptop(endpoint) as client:
        try:
            vpn.headend.charon.load(replace(vpn.config, groups=("board",)).connections())
            assert not client.connect()
            vpn.headend.charon.load(replace(vpn.config, groups=("board", group)).connections())
            assert client.connect(), client.log
        finally:
            vpn.headend.charon.load(vpn.config.connections())
    outcomes = [made.outcome for made in expect.decisions(vpn.site, 2, identity=endpoint.device_id)]
    assert outcomes == [Outcome.ACCEPT, Outcome.ACCEPT]


def test_a_disconnect_finds_its_session_by_user_name(vpn: Vpn, new_endpoint: NewEndpoint) -> None:
    endpoint = new_endpoint(vpn.site)
    endpoint.enrol()
    user = URI.format(endpoint.device_id)

    with vpn.laptop(endpoint) as client:
        assert client.connect(), client.log
        (start,) = vpn.accounting(user, "Start")
        # It looks at User-Name alone, and gives no Error-Cause: a NAK has 20 bytes.
        by_session = vpn.disconnect_request(f'Acct-Session-Id = "{start.session}"')
        unknown = vpn.disconnect_request('User-Name = "nobody"')
        still_there = vpn.session().is_up
        ended = vpn.disconnect_request(
            f'User-Name = "{user}"', f'Acct-Session-Id = "{start.session}"', "Message-Authenticator = 0x00"
        )
        vpn.headend.wait_until_gone()
        _, stop = vpn.accounting(user, "Start", "Stop")
        wait_for(lambda: not client.sessions(), "the client has no IKE SA")

    assert [answer.split()[0] for answer in (by_session, unknown, ended)] == [
        "Disconnect-NAK",
        "Disconnect-NAK",
        "Disconnect-ACK",
    ]
    assert "length 20" in unknown
    assert still_there
    assert stop.session == start.session
    assert stop.first("Acct-Terminate-Cause") == "User-Request"  # strongSwan says so here, too
