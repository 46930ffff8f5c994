"""What an operator's own unlang can see and do, and what happens when it, or a gap in the raddb, would undo a decision.

One FreeRADIUS has all the little policies below; which of them counts for a device is said by its name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from freeradius_mdm.decision import Outcome
from freeradius_mdm.lab.radius import EapCode, EapTlsResult, TlsVersion
from freeradius_mdm.lab.site import Site
from tests.radius import eapol, expect
from tests.radius.endpoint import Endpoint

NewEndpoint = Callable[[Site], Endpoint]
PUBLISHED = (
    "MDM-Device-Register-Status",
    "MDM-Device-Compliant-Status",
    "MDM-Managed",
    "MDM-Server-Reachable",
    "MDM-Server-Name",
    "MDM-Record-Source",
    "MDM-Record-Age",
    "MDM-Identity-Source",
    "MDM-Identity-Proven",
    "MDM-Rule",
    "MDM-Authorization-Profile",
    "MDM-Exemption",
)
# After the decision and before it is confirmed, in outer post-auth.
_AFTER = {
    "all": f'&Filter-Id := "{", ".join(f"%{{reply:{name}}}" for name in PUBLISHED)}"',
    "own-attribute": "&Idle-Timeout := 600",
    "longer": "&Session-Timeout := 28800",
    "no-timer": "&Session-Timeout !* ANY",
    "ends-session": "&Termination-Action := Default",
    "other-vlan": '&Tunnel-Private-Group-Id:1 := "SERVERS"',
    "second-vlan": '&Tunnel-Private-Group-Id:1 += "SERVERS"',
    "untagged-vlan": '&Tunnel-Private-Group-Id:0 += "SERVERS"',
    "no-dacl": "&Cisco-AVPair !* ANY",
    "second-dacl": '&Cisco-AVPair += "ACS:CiscoSecure-Defined-ACL=#ACSACL#-IP-PERMIT-ALL-00000000"',
    "no-decision": "&MDM-Decision-Id !* ANY",
    "other-decision": '&MDM-Decision-Id := "0123456789abcdef01234567"',
}
ALTERED = ("longer", "no-timer", "ends-session", "other-vlan", "second-vlan", "untagged-vlan", "no-dacl", "second-dacl")


def policies() -> str:
    """The site's own lines, in front of `mdm` in outer post-auth."""
    each = [f'if (&User-Name == "host/{name}") {{\nupdate reply {{\n{do}\n}}\n}}\n' for name, do in _AFTER.items()]
    # What the dictionary is for: a condition on the device, here as a switch could not have it.
    each.append(
        'if (&reply:MDM-Device-Compliant-Status == "NonCompliant") {\n'
        'update reply {\n&Filter-Id := "CALL-THE-DESK"\n}\n}\n'
    )
    return "".join([*each, 'if (&User-Name == "host/unwelcome") {\nreject\n}\n'])


@pytest.fixture(scope="module")
def with_policies(own_site: Site) -> Iterator[Site]:
    default = own_site.raddb / "sites-available/default"
    with expect.changed(own_site, (default, "\n\tmdm\n}\n", f"\n{policies()}\n\tmdm\n}}\n")):
        yield own_site


def sign_in(site: Site, endpoint: Endpoint, name: str, *, compliant: bool = True) -> EapTlsResult:
    endpoint.enrol(compliant=compliant)
    endpoint.identity = f"host/{name}"
    return endpoint.sign_in(version=TlsVersion.TLS_1_3)


def test_every_attribute_can_be_read(with_policies: Site, new_endpoint: NewEndpoint) -> None:
    reply = sign_in(with_policies, new_endpoint(with_policies), "all").reply
    assert reply.value("Filter-Id") == (
        "Registered, Compliant, True, Reachable, Intune, Live, 0, certificate-uri, True, Compliant, Employee, "
    )
    # And none of them is sent: numbers above 255 have no place in a packet.
    assert [at for at in expect.results(reply) if at[0] != "Filter-Id"] == expect.EMPLOYEE


def test_a_condition_on_compliance(with_policies: Site, new_endpoint: NewEndpoint) -> None:
    endpoint = new_endpoint(with_policies)
    reply = sign_in(with_policies, endpoint, "x1", compliant=False).reply
    assert sorted(expect.results(reply), key=str) == sorted(
        [*expect.QUARANTINE, ("Filter-Id", None, "CALL-THE-DESK")], key=str
    )
    # The record says what went out, not what we wanted to send.
    made = expect.decision(with_policies, identity=endpoint.device_id)
    assert ("Filter-Id", "CALL-THE-DESK") in made.attributes


@pytest.mark.parametrize("method", [eapol.Method.PEAP_MSCHAPV2, eapol.Method.TTLS_PAP], ids=lambda method: method.name)
def test_a_condition_on_compliance_behind_a_tunnel(
    method: eapol.Method, with_policies: Site, new_endpoint: NewEndpoint
) -> None:
    endpoint = new_endpoint(with_policies)
    endpoint.enrol(compliant=False, macs=[endpoint.mac])
    outcome = eapol.run(with_policies, eapol.Attempt(method, endpoint.mac))
    assert (outcome.reply.code, outcome.reply.values(81)) == ("Access-Accept", ["666"])
    assert 11 in outcome.reply.keys  # Filter-Id


def test_a_site_may_add_attributes_of_its_own(with_policies: Site, new_endpoint: NewEndpoint) -> None:
    result = sign_in(with_policies, new_endpoint(with_policies), "own-attribute")
    assert (result.accepted, result.reply.value("Idle-Timeout")) == (True, 600)


@pytest.mark.parametrize("name", ALTERED)
def test_an_altered_result_is_not_let_out(name: str, with_policies: Site, new_endpoint: NewEndpoint) -> None:
    endpoint = new_endpoint(with_policies)
    result = sign_in(with_policies, endpoint, name)
    assert_failure(result)
    made = expect.decision(with_policies, user=endpoint.identity)
    assert (made.outcome, made.reason_code, made.attributes) == (Outcome.REJECT, "M1411", ())
    assert (made.identity, made.rule) == (endpoint.device_id, "Compliant")  # what was decided stays in the record


@pytest.mark.parametrize("name", ["no-decision", "other-decision"])
def test_an_accept_without_its_decision_is_not_let_out(
    name: str, with_policies: Site, new_endpoint: NewEndpoint
) -> None:
    endpoint = new_endpoint(with_policies)
    result = sign_in(with_policies, endpoint, name)
    assert_failure(result)
    assert expect.decision(with_policies, user=endpoint.identity).reason_code == "M1002"


def test_a_reject_by_the_site_is_recorded_as_such(with_policies: Site, new_endpoint: NewEndpoint) -> None:
    endpoint = new_endpoint(with_policies)
    result = sign_in(with_policies, endpoint, "unwelcome")
    assert_failure(result)
    made = expect.decision(with_policies, user=endpoint.identity)
    assert (made.outcome, made.reason_code, made.rule) == (Outcome.REJECT, "M1003", "Compliant")
    assert "another module or policy" in made.reason


def assert_failure(result: EapTlsResult) -> None:
    assert (result.accepted, result.eap_code) == (False, EapCode.FAILURE)
    assert expect.surroundings(result.reply) == expect.EAP_REJECT
    assert expect.results(result.reply) == []


@pytest.mark.parametrize("version", TlsVersion, ids=lambda version: f"TLS {version.value}")
def test_eap_tls_without_the_virtual_server(version: TlsVersion, own_site: Site, new_endpoint: NewEndpoint) -> None:
    endpoint = new_endpoint(own_site)
    endpoint.enrol()
    line = "\n\t\tvirtual_server = mdm-eap-tls\n"
    with expect.changed(own_site, (own_site.raddb / "mods-available/eap", line, "\n")):
        result = endpoint.sign_in(version=version)
    assert_failure(result)
    made = expect.decision(own_site, user=endpoint.identity)
    assert (made.outcome, made.reason_code) == (Outcome.REJECT, "M1002")


def test_a_tunnel_without_the_policy(own_site: Site, new_endpoint: NewEndpoint) -> None:
    endpoint = new_endpoint(own_site)
    endpoint.enrol(macs=[endpoint.mac])
    inner = own_site.raddb / "sites-available/inner-tunnel"
    with expect.changed(own_site, (inner, "\n\tmdm_inner_tunnel\n", "\n")):
        outcomes = [
            eapol.run(own_site, eapol.Attempt(method, endpoint.mac))
            for method in (eapol.Method.PEAP_MSCHAPV2, eapol.Method.TTLS_PAP)
        ]
    for outcome in outcomes:
        assert [reply.code for reply in outcome.finals] == ["Access-Reject"]
        assert outcome.reply.keys == [79, 80]
        assert outcome.reply.values(79)[0].startswith("04")
    made = expect.decisions(own_site, 2, mac=endpoint.mac.replace("-", "").upper())
    assert [each.reason_code for each in made] == ["M1002", "M1002"]
