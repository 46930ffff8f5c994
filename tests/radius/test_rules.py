"""Rules and identity sources of a site's own, on attributes as a real FreeRADIUS prints them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from freeradius_mdm.lab.radius import access, attributes
from freeradius_mdm.lab.radius.attributes import Attributes
from freeradius_mdm.lab.site import Site
from tests.radius import expect
from tests.radius.endpoint import Endpoint

NewEndpoint = Callable[[Site], Endpoint]
# Each in front of the example's rules; what they have in common keeps them from each other's devices.
RULES = {
    "ssid": '{ "Radius:Called-Station-Id" = { regex = ".*:CORP" }, "NAS:Kind" = "wireless" }',
    "cidr": '{ "Radius:NAS-IP-Address" = { cidr = "198.51.100.0/28" } }',
    "list": '{ "Radius:NAS-Port-Id" = ["Gi1/0/1", "Gi1/0/2"] }',
    "prefix of a repeated attribute": '{ "Radius:Cisco-AVPair" = { prefix = "wlan-profile-name=lab" } }',
    "name of a number": '{ "Radius:NAS-Port-Type" = "Async" }',
    "number": '{ "Radius:NAS-Port" = "4711" }',
    "certificate": '{ "Radius:TLS-Client-Cert-Common-Name" = { prefix = "special-" }, "MDM:IdentityProven" = "True" }',
    "not": '{ "Radius:NAS-Identifier" = { not = { prefix = "wlc" } } }',
    "alias": '{ "MDM:DeviceRegistrationStatus" = "Registered", "MDM:MDMCompliant" = "NonCompliant", '
    '"MDM:IdentitySource" = "mac", "MDM:MDMServerName" = "Intune" }',
}
ANY = '[{ "Radius:NAS-Port-Id" = "Gi1/0/8" }, { "Radius:NAS-Port-Id" = "Gi1/0/9", "NAS:Kind" = "wired" }]'


@pytest.fixture(scope="module")
def ruled(own_site: Site) -> Iterator[Site]:
    """A site with those rules, and with certificate names as a source."""
    first = '[[rules]]\nname = "Compliant"\n'
    rules = "".join(
        f'[[rules]]\nname = "{name}"\nwhen = {when}\nprofile = "Quarantine"\n\n' for name, when in RULES.items()
    )
    rules += f'[[rules]]\nname = "any"\nany = {ANY}\nprofile = "Quarantine"\n\n'
    source = '[[identity]]\nsource = "certificate-cn"\npatterns = [{ text = "{guid}", id = "intune" }]\n\n'
    mac = '[[identity]]\nsource = "mac"'
    toml = own_site.mdm_toml
    with expect.changed(own_site, (toml, first, rules + first), (toml, mac, source + mac)):
        yield own_site


def station(endpoint: Endpoint, **values: str) -> Attributes:
    return replace(access.WirelessStation(mac=endpoint.mac, session="1"), **values).dot1x()  # type: ignore[arg-type]


def wired(endpoint: Endpoint, **values: str | int) -> Attributes:
    return replace(endpoint.port, **values).dot1x()  # type: ignore[arg-type]


def on_port_type(endpoint: Endpoint, number: int) -> Attributes:
    return tuple((name, number if name == "NAS-Port-Type" else value) for name, value in endpoint.port.dot1x())


MATCHES: dict[str, tuple[Callable[[Endpoint], Attributes], str]] = {
    "the SSID": (lambda e: station(e, ssid="CORP"), "ssid"),
    "the SSID behind another": (lambda e: station(e, ssid="CORPORATE"), "Compliant"),
    "first address of the network": (lambda e: wired(e, nas_address="198.51.100.0"), "cidr"),
    "last address of the network": (lambda e: wired(e, nas_address="198.51.100.15"), "cidr"),
    "address behind the network": (lambda e: wired(e, nas_address="198.51.100.16"), "Compliant"),
    "one of a list": (lambda e: wired(e, port="Gi1/0/2"), "list"),
    "none of a list": (lambda e: wired(e, port="Gi1/0/22"), "Compliant"),
    "one of several values": (lambda e: station(e, ssid="lab-guest"), "prefix of a repeated attribute"),
    "a number by name": (lambda e: on_port_type(e, 0), "name of a number"),
    "a number": (lambda e: wired(e, nas_port=4711), "number"),
    "not so, and there": (lambda e: station(e, nas_identifier="ap-7"), "not"),
    "so": (lambda e: station(e, nas_identifier="wlc-7"), "Compliant"),
    "not so, for it is absent": (lambda e: wired(e), "Compliant"),
    "first group of any": (lambda e: wired(e, port="Gi1/0/8"), "any"),
    "second group of any": (lambda e: wired(e, port="Gi1/0/9"), "any"),
}


@pytest.mark.parametrize("case", MATCHES)
def test_which_rule_matches(case: str, ruled: Site, new_endpoint: NewEndpoint) -> None:
    sent, rule = MATCHES[case]
    endpoint = new_endpoint(ruled)
    endpoint.enrol()
    result = endpoint.sign_in(attributes=sent(endpoint))
    assert expect.results(result.reply) == (expect.EMPLOYEE if rule == "Compliant" else expect.QUARANTINE)
    assert expect.decision(ruled, user=endpoint.identity).rule == rule


def test_a_rule_on_the_certificate(ruled: Site, new_endpoint: NewEndpoint) -> None:
    endpoint = new_endpoint(ruled)
    endpoint.enrol()
    endpoint.sign_in(credential=endpoint.issue(common_name="special-7"))
    assert expect.decision(ruled, user=endpoint.identity).rule == "certificate"


def test_ises_other_spellings(ruled: Site, new_endpoint: NewEndpoint) -> None:
    endpoint = new_endpoint(ruled)
    endpoint.enrol(compliant=False, macs=[endpoint.mac])
    with ruled.client() as client:
        access.authenticate_mab(client, endpoint.port)
    made = expect.decision(ruled, mac=endpoint.mac.replace("-", "").upper())
    assert made.rule == "alias"
    # Each rule before it has a step that says why it did not match.
    skipped = [step.text for step in made.steps if step.code == "M1301"]
    assert [re.sub(": .*", "", text) for text in skipped] == [name for name in RULES if name != "alias"]


def test_the_common_name_as_a_source(ruled: Site, new_endpoint: NewEndpoint) -> None:
    endpoint = new_endpoint(ruled)
    endpoint.enrol()
    endpoint.sign_in(credential=endpoint.issue(uris=[], common_name=endpoint.device_id.upper()))
    made = expect.decision(ruled, user=endpoint.identity)
    assert (made.identity, made.identity_source, made.identity_proven) == (endpoint.device_id, "certificate-cn", True)


def test_a_uri_name_comes_before_the_common_name(ruled: Site, new_endpoint: NewEndpoint) -> None:
    endpoint, other = new_endpoint(ruled), new_endpoint(ruled)
    endpoint.enrol()
    endpoint.sign_in(credential=endpoint.issue(common_name=other.device_id))
    assert expect.decision(ruled, user=endpoint.identity).identity == endpoint.device_id


def test_a_name_that_is_no_id_is_passed_over(ruled: Site, new_endpoint: NewEndpoint) -> None:
    endpoint = new_endpoint(ruled)
    endpoint.enrol(macs=[endpoint.mac])
    endpoint.sign_in(credential=endpoint.issue(uris=[], common_name="laptop-7"))
    made = expect.decision(ruled, user=endpoint.identity)
    assert (made.identity, made.identity_source) == (endpoint.mac.replace("-", "").upper(), "mac")


def test_an_absent_port_type_is_another_kind(ruled: Site, new_endpoint: NewEndpoint) -> None:
    endpoint = new_endpoint(ruled)
    endpoint.enrol(macs=[endpoint.mac])
    pairs = tuple(pair for pair in endpoint.port.mab() if pair[0] != "NAS-Port-Type")
    with ruled.client() as client:
        client.exchange(client.access_request(attributes.encode((("User-Name", endpoint.mac), *pairs))))
    assert expect.decision(ruled, mac=endpoint.mac.replace("-", "").upper()).access == "other"
