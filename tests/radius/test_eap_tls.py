"""EAP-TLS: what each device gets, attribute by attribute, and how a reject looks on the wire and to a supplicant."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from freeradius_mdm.decision import Outcome
from freeradius_mdm.lab.pki import Credential
from freeradius_mdm.lab.radius import EapCode, EapTlsResult, RadiusClient, RetryPolicy, TlsVersion, access
from freeradius_mdm.lab.radius.wire import WirePacket
from freeradius_mdm.lab.site import Site
from tests.radius import eapol, expect
from tests.radius.endpoint import Endpoint

NewEndpoint = Callable[[Site], Endpoint]
DEVICES = {
    "compliant": ({"compliant": True}, expect.EMPLOYEE, "Compliant", "Employee"),
    "not compliant": ({"compliant": False}, expect.QUARANTINE, "Not compliant", "Quarantine"),
    "has left Intune": ({"registered": False}, expect.ENROLMENT, "Not registered", "Enrolment"),
    "never seen by Intune": (None, expect.ENROLMENT, "Not registered", "Enrolment"),
}


@pytest.mark.parametrize("version", TlsVersion, ids=lambda version: f"TLS {version.value}")
@pytest.mark.parametrize("case", DEVICES)
def test_what_a_device_gets(case: str, version: TlsVersion, site: Site, new_endpoint: NewEndpoint) -> None:
    known, results, rule, profile = DEVICES[case]
    endpoint = new_endpoint(site)
    if known is not None:
        endpoint.enrol(**known)

    result = endpoint.sign_in(version=version)

    assert result.tls_version == f"TLSv{version.value}"
    assert (result.accepted, result.eap_code) == (True, EapCode.SUCCESS)
    assert expect.results(result.reply) == results
    assert expect.surroundings(result.reply) == expect.EAP_ACCEPT
    made = expect.decision(site, user=endpoint.identity)
    assert (made.outcome, made.rule, made.profile, made.method) == (Outcome.ACCEPT, rule, profile, "EAP-TLS")
    assert (made.identity, made.identity_source) == (endpoint.device_id, "certificate-uri")
    assert made.identity_proven


def test_a_wireless_device_gets_the_same(site: Site, new_endpoint: NewEndpoint) -> None:
    endpoint = new_endpoint(site)
    endpoint.enrol()
    station = access.WirelessStation(mac=endpoint.mac, session=access.audit_session_id("192.0.2.11", 3, 1_700_000_000))

    result = endpoint.sign_in(attributes=station.dot1x())

    assert expect.results(result.reply) == expect.EMPLOYEE
    made = expect.decision(site, user=endpoint.identity)
    assert (made.access, made.nas_address, made.audit_session_id) == (
        "wireless",
        "192.0.2.11",
        "C000020B000000036553F100",
    )


def test_the_certificate_comes_before_the_mac(site: Site, new_endpoint: NewEndpoint) -> None:
    """A device that is not compliant, behind the MAC of one that is, such as a dock's."""
    endpoint, dock = new_endpoint(site), new_endpoint(site)
    endpoint.enrol(compliant=False)
    dock.enrol(macs=[dock.mac])
    assert expect.results(endpoint.sign_in(attributes=dock.port.dot1x()).reply) == expect.QUARANTINE


def test_the_dacl_is_named_with_its_version(site: Site, new_endpoint: NewEndpoint) -> None:
    endpoint = new_endpoint(site)
    endpoint.enrol()
    name = endpoint.sign_in().reply.value("Cisco-AVPair")
    # ise.md section 5.3: the file's name, and eight hexadecimal digits
    assert re.fullmatch(r"ACS:CiscoSecure-Defined-ACL=#ACSACL#-IP-PERMIT-INTRANET-[0-9a-f]{8}", str(name))


REJECTED = {
    "expired": ({"days": -1}, "certificate has expired"),
    "unknown CA": ({"other_ca": True}, "unable to get local issuer certificate"),
}


@pytest.mark.parametrize("version", TlsVersion, ids=lambda version: f"TLS {version.value}")
@pytest.mark.parametrize("case", REJECTED)
def test_a_certificate_that_does_not_count(
    case: str, version: TlsVersion, site: Site, new_endpoint: NewEndpoint
) -> None:
    options, reason = REJECTED[case]
    endpoint = new_endpoint(site)
    endpoint.enrol()

    result = endpoint.sign_in(credential=endpoint.issue(**options), version=version)

    assert_failure(result)
    made = expect.decision(site, user=endpoint.identity)
    assert (made.outcome, made.reason_code, made.identity) == (Outcome.REJECT, "M1003", "")
    assert reason in made.reason
    assert made.attributes == ()


@pytest.mark.parametrize("version", TlsVersion, ids=lambda version: f"TLS {version.value}")
def test_a_reject_by_policy_is_an_eap_failure_and_nothing_else(
    version: TlsVersion, site: Site, new_endpoint: NewEndpoint
) -> None:
    endpoint = new_endpoint(site)
    result = endpoint.sign_in(credential=two_ids(endpoint), version=version)

    assert_failure(result)
    made = expect.decision(site, user=endpoint.identity)
    assert (made.outcome, made.reason_code, made.attributes) == (Outcome.REJECT, "M1110", ())


def test_a_profile_that_rejects_says_nothing_beside_eap(site: Site, new_endpoint: NewEndpoint) -> None:
    """The profile Reject has a reply_message, which goes out only where there is no EAP."""
    endpoint = new_endpoint(site)
    port = access.WiredPort(mac="da-a1-19-00-11-22", session="1")  # randomised, so that nothing identifies it

    result = endpoint.sign_in(credential=endpoint.issue(uris=["https://example.com/"]), attributes=port.dot1x())

    assert_failure(result)
    made = expect.decision(site, user=endpoint.identity)
    assert (made.outcome, made.profile, made.reason_code) == (Outcome.REJECT, "Reject", "M1305")
    assert made.attributes == ()


@pytest.mark.parametrize("tls13", [False, True], ids=["TLS 1.2", "TLS 1.3"])
def test_eapol_test_is_let_in(tls13: bool, site: Site, new_endpoint: NewEndpoint) -> None:
    endpoint = new_endpoint(site)
    endpoint.enrol()
    identity = endpoint.identity

    outcome = eapol.run(site, eapol.Attempt(eapol.Method.TLS, endpoint.mac, endpoint.credential, identity, tls13=tls13))

    assert (outcome.successes, outcome.failures, outcome.keys_agree) == (1, 0, True)
    reply = outcome.reply
    assert reply.code == "Access-Accept"
    assert (reply.values(64), reply.values(65), reply.values(81), reply.tags) == (
        ["13"],
        ["6"],
        ["EMPLOYEES"],
        (1, 1, 1),
    )
    (name,) = reply.values((9, 1))
    assert re.fullmatch(r"ACS:CiscoSecure-Defined-ACL=#ACSACL#-IP-PERMIT-INTRANET-[0-9a-f]{8}", name)
    assert (reply.values(27), reply.values(29)) == (["14400"], ["1"])


@pytest.mark.parametrize("tls13", [False, True], ids=["TLS 1.2", "TLS 1.3"])
def test_eapol_test_is_kept_out(tls13: bool, site: Site, new_endpoint: NewEndpoint) -> None:
    endpoint = new_endpoint(site)
    attempt = eapol.Attempt(eapol.Method.TLS, endpoint.mac, two_ids(endpoint), endpoint.identity, tls13=tls13)

    outcome = eapol.run(site, attempt)

    assert [reply.code for reply in outcome.finals] == ["Access-Reject"]
    assert outcome.reply.keys == [79, 80]
    assert outcome.reply.values(79)[0].startswith("04")  # EAP-Failure, RFC 3748 section 4.2
    # wpa_supplicant, whose TLS 1.2 handshake had ended well, takes no notice of the failure.
    assert (outcome.successes, outcome.failures) == (0, 1 if tls13 else 0)


class SendsTwice(RadiusClient):
    """A network device that retransmits everything once, after the answer: same octets from the same port."""

    def exchange_wire(self, packet: Any) -> WirePacket:
        first, second = super().exchange_wire(packet), super().exchange_wire(packet)
        assert first.octets == second.octets
        return second


@pytest.mark.parametrize("version", TlsVersion, ids=lambda version: f"TLS {version.value}")
@pytest.mark.parametrize("accepted", [True, False])
def test_a_retransmission_gets_the_same_reply_and_no_second_decision(
    accepted: bool, version: TlsVersion, site: Site, new_endpoint: NewEndpoint
) -> None:
    endpoint = new_endpoint(site)
    endpoint.enrol()
    credential = endpoint.credential if accepted else two_ids(endpoint)

    # Tries, because a server that has sent its reply and is not quite done with the request drops what comes then.
    with site.client() as plain, SendsTwice(plain.server, RetryPolicy(tries=50, wait=0.2, growth=1)) as client:
        result = endpoint.sign_in(client, credential=credential, version=version)

    assert result.accepted is accepted
    assert len(expect.all_decisions(site, user=endpoint.identity)) == 1


def assert_failure(result: EapTlsResult) -> None:
    """Access-Reject with EAP-Failure: no keys, no results, no text (RFC 3579 section 2.6.5)."""
    assert (result.accepted, result.eap_code) == (False, EapCode.FAILURE)
    assert expect.surroundings(result.reply) == expect.EAP_REJECT
    assert expect.results(result.reply) == []


def two_ids(endpoint: Endpoint) -> Credential:
    ids = (endpoint.device_id, "0d9f6f0e-53a4-4f0b-9d25-2a7e6f1c4b11")
    return endpoint.issue(uris=[f"ID:Microsoft Endpoint Manager:GUID:{each}" for each in ids])
