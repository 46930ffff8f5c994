"""A TTLS client with a right password and a device of its own names another device inside its tunnel."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from freeradius_mdm.lab.raddb import VPN_PASSWORD, VPN_USER
from freeradius_mdm.lab.site import Site
from tests.radius import expect
from tests.radius.endpoint import Endpoint
from tests.radius.ttls import authenticate, avp, pap

NewEndpoint = Callable[[Site], Endpoint]
CISCO, ASA = 9, 3076
VIRTUAL = (5).to_bytes(4, "big")
CALL_CHECK = (10).to_bytes(4, "big")


def as_vpn(victim: Endpoint) -> bytes:
    """A VPN session of the victim: NAS-Port-Type, its Intune id, its MAC, a tunnel group."""
    device_id = f"mdm-tlv=device-uid=ID:Intune:DeviceID:{victim.device_id}"
    return (
        avp(61, VIRTUAL)
        + avp(1, device_id.encode(), CISCO)
        + avp(1, f"mdm-tlv=device-mac={victim.mac}".encode(), CISCO)
        + avp(146, b"CORP", ASA)
    )


def as_wired(victim: Endpoint) -> bytes:
    """The victim's MAC in the place of one's own."""
    return avp(31, victim.mac.encode()) + avp(6, CALL_CHECK)


@pytest.mark.parametrize("forge", [as_vpn, as_wired])
def test_what_a_client_says_of_itself_in_its_tunnel_identifies_nobody(
    forge: Callable[[Endpoint], bytes], site: Site, new_endpoint: NewEndpoint
) -> None:
    victim, attacker = new_endpoint(site), new_endpoint(site)
    victim.enrol(macs=[victim.mac])
    attacker.enrol(compliant=False, macs=[attacker.mac])

    with site.client() as client:
        inner = forge(victim) + pap(VPN_USER, VPN_PASSWORD)
        reply = authenticate(client, site.pki.ca_file, attacker.port.dot1x(), inner)

    assert expect.results(reply) == expect.QUARANTINE
    made = expect.decision(site, mac=attacker.mac.replace("-", "").upper())
    assert (made.identity, made.identity_source) == (attacker.mac.replace("-", "").upper(), "mac")
    assert (made.user, made.access, made.rule) == (VPN_USER, "wired", "Not compliant")
    assert victim.device_id not in made.to_json()
