"""What is kept of a request decides the same again: each kind of access, with the store as radiusd has seen it."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from freeradius_mdm.config.reader import load
from freeradius_mdm.decide import Verdict, decide
from freeradius_mdm.decision import Decision
from freeradius_mdm.lab.raddb import VPN_PASSWORD, VPN_USER
from freeradius_mdm.lab.radius import attributes
from freeradius_mdm.lab.radius.vpn import VpnHeadend, VpnLogin, log_in, mobile
from freeradius_mdm.lab.site import Site
from freeradius_mdm.request_record import request_of
from freeradius_mdm.store.read import StoreReader
from freeradius_mdm.trail import Trail
from tests.radius import eapol, expect
from tests.radius.endpoint import Endpoint

NewEndpoint = Callable[[Site], Endpoint]


def by_certificate(endpoint: Endpoint) -> None:
    endpoint.sign_in()


def by_mac(endpoint: Endpoint) -> None:
    digits = endpoint.mac.replace("-", "")
    with endpoint.site.client() as client:
        encoded = attributes.encode((("User-Name", digits), *endpoint.port.mab()))
        assert client.exchange(client.access_request(encoded, password=digits)).accepted


def by_vpn(endpoint: Endpoint) -> None:
    headend = VpnHeadend(started=1_700_000_000, nas_port=int(endpoint.mac[-5:].replace("-", ""), 16) + 30000)
    with endpoint.site.client() as client:
        assert log_in(client, headend, mobile(endpoint.device_id), VpnLogin(VPN_USER, VPN_PASSWORD)).accepted


def by_peap(endpoint: Endpoint) -> None:
    assert eapol.run(endpoint.site, eapol.Attempt(eapol.Method.PEAP_MSCHAPV2, endpoint.mac)).successes == 1


def by_ttls(endpoint: Endpoint) -> None:
    assert eapol.run(endpoint.site, eapol.Attempt(eapol.Method.TTLS_PAP, endpoint.mac)).successes == 1


def again(site: Site, made: Decision) -> Verdict:
    """The decision that radiusd would make now about the request that it has recorded."""
    reader = StoreReader(site.state_directory / "store.sqlite")
    try:
        verdict = decide(
            request_of(made.request, made.method),
            load(site.mdm_toml),
            reader.record,
            Trail(made.id, time.time(), time.time),
            has_uri_attribute=expect.reads_uri_names(site),
            waited=True,
        )
    finally:
        reader.close()
    assert isinstance(verdict, Verdict)
    return verdict


@pytest.mark.parametrize("sign_in", [by_certificate, by_mac, by_vpn, by_peap, by_ttls])
@pytest.mark.parametrize(("compliant", "rule"), [(True, "Compliant"), (False, "Not compliant")])
def test_decided_again(
    sign_in: Callable[[Endpoint], None], compliant: bool, rule: str, site: Site, new_endpoint: NewEndpoint
) -> None:
    endpoint = new_endpoint(site)
    endpoint.enrol(compliant=compliant, macs=[endpoint.mac])
    sign_in(endpoint)
    of = endpoint.device_id if sign_in in (by_certificate, by_vpn) else endpoint.mac.replace("-", "").upper()
    made = expect.decision(site, identity=of)
    assert made.rule == rule

    verdict = again(site, made)

    same = ("rule", "profile", "identity", "identity_source", "identity_proven", "access", "family", "mac", "client")
    assert [getattr(verdict.decision, name) for name in same] == [getattr(made, name) for name in same]
    sent = [
        (name, value) for name, value in made.attributes if name not in ("User-Name", "Framed-MTU", "Session-Timeout")
    ]
    decided = [(pair.full_name, str(pair.value)) for pair in verdict.attributes if pair.name != "Session-Timeout"]
    assert sorted(decided) == sorted(sent)
