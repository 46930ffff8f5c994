"""TLS session resumption: off by default, and where it is on, who can't be identified with certainty is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from freeradius_mdm.decision import Outcome
from freeradius_mdm.lab.radius import EapCode, EapTlsResult, EapTlsSupplicant
from freeradius_mdm.lab.radius.tls import Certificates, TlsProfile, TlsVersion
from freeradius_mdm.lab.radiusd import Host
from freeradius_mdm.lab.site import Settings, Site
from tests.radius import eapol, expect
from tests.radius.endpoint import Endpoint

NewEndpoint = Callable[[Site], Endpoint]


@pytest.fixture(scope="module")
def resuming(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site that resumes TLS sessions."""
    settings = Settings(stock_raddb=site.settings.stock_raddb, resumption=True)
    with Site(tmp_path_factory.mktemp("resuming"), Host(site.host.chroot), settings) as made:
        yield made


def sign_in_twice(at: Site, endpoint: Endpoint, version: TlsVersion) -> tuple[EapTlsResult, EapTlsResult]:
    """The second time with the TLS session of the first."""
    shown = endpoint.credential
    certificates = Certificates(shown.cert_file, shown.key_file, at.pki.ca_file)
    profile = TlsProfile(certificates, minimum=version, maximum=version)
    with at.client() as client:
        supplicant = EapTlsSupplicant(client, profile)
        first = supplicant.authenticate(endpoint.identity, endpoint.port.dot1x())
        return first, supplicant.authenticate(endpoint.identity, endpoint.port.dot1x(), first.session)


@pytest.mark.parametrize("version", TlsVersion, ids=lambda version: f"TLS {version.value}")
def test_off_by_default(version: TlsVersion, site: Site, new_endpoint: NewEndpoint) -> None:
    endpoint = new_endpoint(site)
    endpoint.enrol()
    first, second = sign_in_twice(site, endpoint, version)
    assert (first.accepted, second.accepted, second.resumed) == (True, True, False)
    assert all(made.identity_proven for made in expect.decisions(site, 2, user=endpoint.identity))


def test_a_tls_1_2_session_is_decided_anew_by_its_certificate(resuming: Site, new_endpoint: NewEndpoint) -> None:
    endpoint = new_endpoint(resuming)
    endpoint.enrol()

    first, second = sign_in_twice(resuming, endpoint, TlsVersion.TLS_1_2)

    assert expect.results(first.reply) == expect.EMPLOYEE
    assert (second.resumed, second.accepted, second.eap_code) == (True, True, EapCode.SUCCESS)
    assert expect.surroundings(second.reply) == expect.EAP_ACCEPT
    # As the first time, once each, but for the timer: the time that is left.
    (*attributes, left, action) = expect.results(second.reply)
    assert [*attributes, action] == [*expect.EMPLOYEE[:-2], expect.EMPLOYEE[-1]]
    assert left[0] == "Session-Timeout"
    assert expect.INTERVAL - 60 < left[2] < expect.INTERVAL
    again = expect.decisions(resuming, 2, user=endpoint.identity)[1]
    assert (again.identity, again.identity_source, again.identity_proven, again.record_source) == (
        endpoint.device_id,
        "certificate-uri",
        True,
        "Cached",
    )


def test_a_tls_1_3_session_shows_no_certificate(resuming: Site, new_endpoint: NewEndpoint) -> None:
    endpoint = new_endpoint(resuming)
    endpoint.enrol(macs=[endpoint.mac])  # known by its MAC as well, which must not stand in for the certificate

    first, second = sign_in_twice(resuming, endpoint, TlsVersion.TLS_1_3)

    assert first.accepted
    assert (second.resumed, second.accepted, second.eap_code) == (True, False, EapCode.FAILURE)
    assert expect.surroundings(second.reply) == expect.EAP_REJECT
    assert expect.results(second.reply) == []
    refused = expect.decisions(resuming, 2, user=endpoint.identity)[1]
    assert (refused.outcome, refused.reason_code, refused.identity) == (Outcome.REJECT, "M1114", "")


@pytest.mark.parametrize(
    "method", [eapol.Method.PEAP_MSCHAPV2, eapol.Method.TTLS_PAP, eapol.Method.TTLS_MSCHAPV2], ids=lambda m: m.name
)
def test_a_tunnel_is_not_entered_by_resumption(method: eapol.Method, resuming: Site, new_endpoint: NewEndpoint) -> None:
    """The inner method is skipped then, and with it the decision."""
    endpoint = new_endpoint(resuming)
    endpoint.enrol(macs=[endpoint.mac])

    outcome = eapol.run(resuming, eapol.Attempt(method, endpoint.mac, reauthentications=1))

    assert [reply.code for reply in outcome.finals] == ["Access-Accept", "Access-Reject"]
    assert outcome.reply.keys == [79, 80]
    assert outcome.reply.values(79)[0].startswith("04")
    _, refused = expect.decisions(resuming, 2, mac=endpoint.mac.replace("-", "").upper())
    assert (refused.outcome, refused.reason_code, refused.attributes) == (Outcome.REJECT, "M1002", ())


@pytest.mark.parametrize("tls13", [False, True], ids=["TLS 1.2", "TLS 1.3"])
def test_eapol_test_that_resumes(tls13: bool, resuming: Site, new_endpoint: NewEndpoint) -> None:
    endpoint = new_endpoint(resuming)
    endpoint.enrol()
    attempt = eapol.Attempt(
        eapol.Method.TLS, endpoint.mac, endpoint.credential, endpoint.identity, tls13=tls13, reauthentications=1
    )

    outcome = eapol.run(resuming, attempt)

    second = "Access-Reject" if tls13 else "Access-Accept"
    assert [reply.code for reply in outcome.finals] == ["Access-Accept", second]
    assert (outcome.successes, outcome.failures) == ((1, 1) if tls13 else (2, 0))
