"""The first EAP packet of a known device with a due record: Intune is asked while the handshake is still to come."""

from __future__ import annotations

from collections.abc import Callable

from freeradius_mdm.lab.processes import wait_for
from freeradius_mdm.lab.radius import RadiusClient, attributes
from freeradius_mdm.lab.radius.eap import EapCode, EapPacket, EapType
from freeradius_mdm.lab.radius.wire import Code
from freeradius_mdm.lab.site import Site
from freeradius_mdm.store.read import StoreReader
from tests.radius import expect
from tests.radius.behind import decisions_of, grow_older, queries, record
from tests.radius.endpoint import Endpoint

NewEndpoint = Callable[[Site], Endpoint]


def knock(endpoint: Endpoint, client: RadiusClient) -> None:
    """Send the first packet of an EAP conversation, which is answered with the server's first one, and no more."""
    identity = EapPacket(EapCode.RESPONSE, 1, EapType.IDENTITY, endpoint.identity.encode()).encode()
    sent = attributes.encode((("User-Name", endpoint.identity), *endpoint.port.dot1x()))
    answer = client.exchange_wire(client.access_request(sent, eap_message=identity))
    assert answer.code is Code.ACCESS_CHALLENGE


def signed_in(site: Site, new_endpoint: NewEndpoint) -> Endpoint:
    """A device that has a session, which the store knows of."""
    endpoint = new_endpoint(site)
    endpoint.enrol()
    assert endpoint.sign_in().accepted
    reader = StoreReader(site.state_directory / "store.sqlite")
    digits = endpoint.mac.replace("-", "").upper()
    wait_for(lambda: reader.endpoint_of(digits) is not None, "the session is in the store")
    reader.close()
    return endpoint


def test_the_record_is_renewed_ahead(own_site: Site, new_endpoint: NewEndpoint) -> None:
    endpoint = signed_in(own_site, new_endpoint)
    grow_older(endpoint, 14400)
    before = queries(endpoint)

    with own_site.client() as client:
        knock(endpoint, client)
    wait_for(lambda: queries(endpoint) == before + 1, "Intune is asked")
    old = decisions_of(endpoint)[0].at
    wait_for(lambda: (found := record(endpoint)) is not None and found.answered_at > old, "the answer is stored")

    assert endpoint.sign_in().accepted
    second = decisions_of(endpoint, 2)[-1]
    # M1242: a live answer, with the whole interval as timer; and nobody had to wait for it (M1241).
    assert "M1242" in expect.codes(second)
    assert ("Session-Timeout", "14400") in second.attributes
    assert "M1241" not in expect.codes(second)
    assert queries(endpoint) == before + 1


def test_a_current_record_and_a_stranger_cause_no_question(own_site: Site, new_endpoint: NewEndpoint) -> None:
    endpoint = signed_in(own_site, new_endpoint)
    before = len(own_site.microsoft.journal(operation="device"))
    stranger = new_endpoint(own_site)
    with own_site.client() as client:
        knock(endpoint, client)
        knock(stranger, client)
    # A sign-in of the stranger, later than both, is the only question.
    stranger.enrol()
    assert stranger.sign_in().accepted
    assert len(own_site.microsoft.journal(operation="device")) == before + 1


def test_the_handshake_goes_on_while_mdmd_is_down(make_site: Callable[..., Site], new_endpoint: NewEndpoint) -> None:
    site = make_site()
    endpoint = signed_in(site, new_endpoint)
    grow_older(endpoint, 14400)
    site.mdmd.stop()
    # DESIGN.md: decided from the last known record, by the rule for an unreachable server.
    reply = endpoint.sign_in()
    assert reply.accepted
    assert expect.results(reply.reply)[:3] == expect.vlan("EMPLOYEES")
