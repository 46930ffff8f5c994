"""PEAP and TTLS, decided inside the tunnel by the MAC that the network device names; the endpoint is eapol_test."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from freeradius_mdm.decision import Decision, Outcome
from freeradius_mdm.lab.site import Site
from tests.radius import eapol, expect
from tests.radius.endpoint import Endpoint

NewEndpoint = Callable[[Site], Endpoint]
METHODS = {
    eapol.Method.PEAP_MSCHAPV2: "PEAP",
    eapol.Method.TTLS_PAP: "EAP-TTLS",
    eapol.Method.TTLS_MSCHAPV2: "EAP-TTLS",
}
# User-Name, Framed-MTU, Class, Session-Timeout, Termination-Action, Tunnel-*, EAP, signature; Cisco and MPPE keys.
ACCEPT = [1, 12, 25, 27, 29, 64, 65, 79, 80, 81, (9, 1), (311, 16), (311, 17)]
every_method = pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)


@every_method
@pytest.mark.parametrize(
    ("compliant", "vlan", "dacl", "rule"),
    [(True, "EMPLOYEES", "PERMIT-INTRANET", "Compliant"), (False, "666", "QUARANTINE", "Not compliant")],
)
def test_results_go_out_with_the_outer_accept(
    method: eapol.Method, compliant: bool, vlan: str, dacl: str, rule: str, site: Site, new_endpoint: NewEndpoint
) -> None:
    endpoint = new_endpoint(site)
    endpoint.enrol(compliant=compliant, macs=[endpoint.mac])

    outcome = eapol.run(site, eapol.Attempt(method, endpoint.mac))

    assert (outcome.successes, outcome.failures, outcome.keys_agree) == (1, 0, True)
    reply = outcome.reply
    assert reply.code == "Access-Accept"
    # Complete: no Reply-Message, no MS-CHAP2-Success (311/26), no inner user name.
    assert reply.keys == ACCEPT
    assert reply.values(1) == ["anonymous"]
    assert (reply.values(64), reply.values(65), reply.values(81)) == (["13"], ["6"], [vlan])
    assert reply.tags == (1, 1, 1)
    (name,) = reply.values((9, 1))
    assert re.fullmatch(rf"ACS:CiscoSecure-Defined-ACL=#ACSACL#-IP-{dacl}-[0-9a-f]{{8}}", name)
    assert (reply.values(27), reply.values(29)) == (["14400"], ["1"])

    made = only_decision(site, endpoint)
    assert (made.outcome, made.method, made.user, made.rule) == (Outcome.ACCEPT, METHODS[method], "employee", rule)
    assert (made.identity_source, made.identity_proven, made.access) == ("mac", False, "wired")
    assert (made.nas_address, made.audit_session_id) == ("192.0.2.10", "C000020A00000007")
    assert made.nas_name == "lab-switch"


@every_method
def test_a_profile_that_rejects_ends_in_eap_failure(method: eapol.Method, site: Site) -> None:
    mac = f"da-a1-19-{list(METHODS).index(method):02x}-00-22"  # randomised, so that no rule matches

    outcome = eapol.run(site, eapol.Attempt(method, mac))

    assert_failure(outcome)
    (made,) = expect.all_decisions(site, mac=mac.replace("-", "").upper())
    assert (made.outcome, made.profile, made.reason_code) == (Outcome.REJECT, "Reject", "M1305")
    assert (made.user, made.method, made.identity_source) == ("employee", METHODS[method], "none")
    assert made.attributes == ()


@every_method
def test_a_wrong_password_is_recorded_as_such(method: eapol.Method, site: Site, new_endpoint: NewEndpoint) -> None:
    endpoint = new_endpoint(site)
    endpoint.enrol(macs=[endpoint.mac])

    outcome = eapol.run(site, eapol.Attempt(method, endpoint.mac, password="not it", limit=3))  # noqa: S106

    assert_failure(outcome)
    made = only_decision(site, endpoint)
    assert (made.outcome, made.reason_code, made.method) == (Outcome.REJECT, "M1003", METHODS[method])
    assert "not it" not in made.to_json()


@pytest.mark.parametrize("method", [eapol.Method.PEAP_MSCHAPV2, eapol.Method.TTLS_PAP], ids=lambda method: method.name)
def test_a_wireless_port_is_seen_inside(method: eapol.Method, site: Site, new_endpoint: NewEndpoint) -> None:
    endpoint = new_endpoint(site)

    outcome = eapol.run(site, eapol.Attempt(method, endpoint.mac, port_type=19))

    assert outcome.reply.values(81) == ["ENROLMENT"]
    assert 11 in outcome.reply.keys  # Filter-Id, whose value eapol_test does not print
    assert only_decision(site, endpoint).access == "wireless"


def only_decision(site: Site, endpoint: Endpoint) -> Decision:
    """The decision about a device, and there is one only."""
    (made,) = expect.all_decisions(site, mac=endpoint.mac.replace("-", "").upper())
    return made


def assert_failure(outcome: eapol.Outcome) -> None:
    """EAP-Failure to the supplicant, and on the wire nothing else but the signature."""
    assert (outcome.successes, outcome.failures) == (0, 1)
    assert [reply.code for reply in outcome.finals] == ["Access-Reject"]
    assert outcome.reply.keys == [79, 80]
    assert outcome.reply.values(79)[0].startswith("04")


def test_a_client_certificate_outside_the_tunnel_is_the_identity(own_site: Site, new_endpoint: NewEndpoint) -> None:
    """FreeRADIUS then shows each of its attributes twice, which are not two device ids."""
    endpoint, dock = new_endpoint(own_site), new_endpoint(own_site)
    endpoint.enrol()
    dock.enrol(compliant=False, macs=[dock.mac])
    asks = "authorize {\n\tmdm\n\tupdate control {\n\t\t&EAP-TLS-Require-Client-Cert := Yes\n\t}\n"
    default = own_site.raddb / "sites-available/default"
    with expect.changed(own_site, (default, "authorize {\n\tmdm\n", asks)):
        for method in METHODS:
            outcome = eapol.run(own_site, eapol.Attempt(method, dock.mac, endpoint.credential))
            assert (outcome.successes, outcome.reply.values(81)) == (1, ["EMPLOYEES"])
    for made in expect.decisions(own_site, len(METHODS), mac=dock.mac.replace("-", "").upper()):
        assert (made.identity, made.identity_source, made.identity_proven) == (
            endpoint.device_id,
            "certificate-uri",
            True,
        )
