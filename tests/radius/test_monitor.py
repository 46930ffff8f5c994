"""Monitor mode, for the whole policy and for one rule: all is evaluated and recorded, the device is let in."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from freeradius_mdm.decision import Outcome
from freeradius_mdm.lab.radius import EapCode, access
from freeradius_mdm.lab.radiusd import Host
from freeradius_mdm.lab.site import Settings, Site
from tests.radius import eapol, expect
from tests.radius.endpoint import Endpoint

NewEndpoint = Callable[[Site], Endpoint]
MONITOR_PROFILE = expect.timer()  # [profiles.Monitor]: the timer and nothing else


@pytest.fixture(scope="module")
def watching(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site whose whole policy is in monitor mode."""
    settings = Settings(stock_raddb=site.settings.stock_raddb, toml={"policy.mode": '"monitor"'})
    with Site(tmp_path_factory.mktemp("watching"), Host(site.host.chroot), settings) as made:
        yield made


@pytest.mark.parametrize(
    ("known", "rule", "profile"),
    [
        ({"compliant": True}, "Compliant", "Employee"),
        ({"compliant": False}, "Not compliant", "Quarantine"),
        ({"registered": False}, "Not registered", "Enrolment"),
    ],
)
def test_what_would_have_been(
    known: dict[str, bool], rule: str, profile: str, watching: Site, new_endpoint: NewEndpoint
) -> None:
    endpoint = new_endpoint(watching)
    endpoint.enrol(**known)

    result = endpoint.sign_in()

    assert (result.accepted, result.eap_code) == (True, EapCode.SUCCESS)
    assert expect.results(result.reply) == MONITOR_PROFILE
    made = expect.decision(watching, user=endpoint.identity)
    assert (made.outcome, made.profile, made.reason_code) == (Outcome.ACCEPT, "Monitor", "M1304")
    assert (made.would_be_rule, made.would_be_profile) == (rule, profile)
    assert (made.identity, made.reachable) == (endpoint.device_id, "Reachable")
    # Seen without opening the store, too.
    (line,) = [line for line in watching.radius_log.splitlines() if f"id={made.id} " in line]
    assert f"would_be_profile={profile} " in line


def test_who_would_be_rejected_is_let_in(watching: Site) -> None:
    port = access.WiredPort(mac="da-a1-19-00-55-01", session="1")
    with watching.client() as client:
        reply = access.authenticate_mab(client, port)
    assert expect.results(reply) == MONITOR_PROFILE
    made = expect.decision(watching, mac="DAA119005501")
    assert (made.profile, made.would_be_rule, made.would_be_profile) == ("Monitor", "", "Reject")


def test_who_would_be_refused_is_let_in(watching: Site, new_endpoint: NewEndpoint) -> None:
    endpoint = new_endpoint(watching)
    ids = (endpoint.device_id, "0d9f6f0e-53a4-4f0b-9d25-2a7e6f1c4b11")
    names = [f"ID:Microsoft Endpoint Manager:GUID:{each}" for each in ids]

    result = endpoint.sign_in(credential=endpoint.issue(uris=names))

    assert result.accepted
    assert expect.results(result.reply) == MONITOR_PROFILE
    made = expect.decision(watching, user=endpoint.identity)
    assert (made.profile, made.identity) == ("Monitor", "")
    assert made.would_be_profile.startswith("reject: two different ids")


def test_a_tunnel_is_let_in(watching: Site) -> None:
    outcome = eapol.run(watching, eapol.Attempt(eapol.Method.PEAP_MSCHAPV2, "da-a1-19-00-55-02"))
    assert (outcome.successes, outcome.reply.code) == (1, "Access-Accept")
    assert (outcome.reply.values(27), outcome.reply.values(81)) == (["14400"], [])


def test_who_cannot_authenticate_is_not_let_in(watching: Site, new_endpoint: NewEndpoint) -> None:
    """Monitor mode is about authorization."""
    endpoint = new_endpoint(watching)
    endpoint.enrol(macs=[endpoint.mac])
    expired = endpoint.sign_in(credential=endpoint.issue(days=-1))
    wrong = eapol.run(
        watching,
        eapol.Attempt(eapol.Method.TTLS_PAP, endpoint.mac, password="not it"),  # noqa: S106
    )
    assert (expired.accepted, expired.eap_code) == (False, EapCode.FAILURE)
    assert wrong.reply.code == "Access-Reject"


def test_one_rule_in_monitor_mode(own_site: Site, new_endpoint: NewEndpoint) -> None:
    compliant, other, unknown = (new_endpoint(own_site) for _ in range(3))
    compliant.enrol()
    other.enrol(compliant=False)
    rule = 'name = "Not compliant"\n'
    with expect.changed(own_site, (own_site.mdm_toml, rule, f'{rule}mode = "monitor"\n')):
        replies = [endpoint.sign_in().reply for endpoint in (compliant, other, unknown)]
    assert [expect.results(reply) for reply in replies] == [expect.EMPLOYEE, MONITOR_PROFILE, expect.ENROLMENT]
    watched = expect.decision(own_site, user=other.identity)
    assert (watched.profile, watched.would_be_rule, watched.would_be_profile) == (
        "Monitor",
        "Not compliant",
        "Quarantine",
    )
    assert expect.decision(own_site, user=compliant.identity).would_be_profile == ""
