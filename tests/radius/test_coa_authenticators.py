"""Changes of authorization at independent devices: hostapd and strongSwan, which know a Disconnect and nothing else.

RFC 5176 section 3.1; what each of them looks at in a Disconnect is coa/families.toml.
"""

from __future__ import annotations

import json
import os
import socket
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from freeradius_mdm.decision import Outcome
from freeradius_mdm.lab.authenticators import charon, vpn_headend
from freeradius_mdm.lab.authenticators.namespaces import Namespaces, unavailable
from freeradius_mdm.lab.authenticators.supplicant import bounce
from freeradius_mdm.lab.authenticators.vpn_headend import Headend, HeadendConfig
from freeradius_mdm.lab.processes import free_port, wait_for
from freeradius_mdm.lab.site import Site
from tests.radius import expect, vpn_site, wired
from tests.radius.behind import grow_older
from tests.radius.conftest import MakeSite
from tests.radius.endpoint import Endpoint
from tests.radius.vpn_site import URI, Vpn

NewEndpoint = Callable[[Site], Endpoint]
RECHECKED = {"recheck_interval": '"1s"', "recheck_rate": "50", "coa.timeout": '"5s"'}
WITHIN = 20.0


def sessions(site: Site, **query: str) -> list[dict[str, Any]]:
    """mdmd's sessions about whom the MDM server was asked by that identity, with their orders, the oldest first."""
    with urllib.request.urlopen(f"http://{site.mdmd_address}/v1/sessions?{_query(query)}", timeout=10) as response:
        found = json.load(response)["sessions"]
    made = []
    for each in sorted(found, key=lambda session: float(session["authorized_at"])):
        with urllib.request.urlopen(f"http://{site.mdmd_address}/v1/sessions/{each['id']}", timeout=10) as response:
            made.append(json.load(response))
    return made


def _query(query: dict[str, str]) -> str:
    return "&".join(f"{name}={value}" for name, value in query.items())


def started(site: Site, endpoint: Endpoint, count: int) -> None:
    """Accounting has confirmed the latest of so many sessions."""

    def there() -> bool:
        found = sessions(site, identity=endpoint.device_id)
        return len(found) == count and found[-1]["state"] == "started"

    wait_for(there, f"session {count} of {endpoint.device_id} has started", WITHIN)


@pytest.fixture(scope="module")
def switch(tmp_path_factory: pytest.TempPathFactory, new_site: MakeSite) -> Iterator[tuple[Site, int]]:
    """hostapd answers from this machine's first address, whatever it is asked at: so it is asked there."""
    if (reason := unavailable()) and not os.environ.get("CI"):
        pytest.skip(f"no network namespaces: {reason}")
    port = free_port(socket.SOCK_DGRAM)
    device = replace(wired.SWITCH, coa_port=port, coa_address=wired.SWITCH.listen)
    toml = {"families": '["hostapd"]', **RECHECKED}
    with new_site(tmp_path_factory.mktemp("switch"), toml=toml, devices=(device,), policy=wired.POLICY) as site:
        yield site, port


def test_hostapd_drops_the_session_and_a_link_bounce_brings_it_back(
    switch: tuple[Site, int], new_endpoint: NewEndpoint, tmp_path: Path
) -> None:
    site, port = switch
    endpoint = new_endpoint(site)
    endpoint.enrol()
    with wired.plugged(endpoint, endpoint.credential, tmp_path, port) as wire:
        wire.port.wait_until_authorized(endpoint.mac)
        started(site, endpoint, 1)

        endpoint.enrol(compliant=False)
        wire.port.wait_until_gone(endpoint.mac, WITHIN)
        bounce(wire.port, wire.supplicant, endpoint.mac)
        wire.port.wait_until_authorized(endpoint.mac)
        started(site, endpoint, 2)

        endpoint.enrol(compliant=True)
        wire.port.wait_until_gone(endpoint.mac, WITHIN)
        bounce(wire.port, wire.supplicant, endpoint.mac)
        wire.port.wait_until_authorized(endpoint.mac)
        started(site, endpoint, 3)
        assert wire.authorizations() == ["AP-STA-CONNECTED", "AP-STA-DISCONNECTED"] * 2 + ["AP-STA-CONNECTED"]
        found = sessions(site, identity=endpoint.device_id)

    profiles = [(session["profile"], session["state"]) for session in found]
    assert profiles == [("Employee", "ended"), ("Quarantine", "ended"), ("Employee", "started")]
    orders = [[(order["state"], order["action"]) for order in session["orders"]] for session in found]
    assert orders == [[("acked", "disconnect")], [("acked", "disconnect")], []]
    assert [made.rule for made in expect.decisions(site, 3, user=endpoint.identity)] == [
        "Compliant",
        "Not compliant",
        "Compliant",
    ]


@pytest.fixture(scope="module")
def vpn(tmp_path_factory: pytest.TempPathFactory, new_site: MakeSite) -> Iterator[Vpn]:
    if reason := charon.unavailable():
        pytest.skip(reason)
    directory = tmp_path_factory.mktemp("vpn")
    with Namespaces() as spaces:
        network = vpn_headend.join(spaces)
        toml = {"families": '["strongswan"]', **RECHECKED}
        with new_site(directory / "site", devices=(network.device,), toml=toml, policy=vpn_site.POLICY) as site:
            shown = site.pki.server("vpn", [vpn_headend.NAME, vpn_headend.ADDRESS])
            config = HeadendConfig(site.ports.radius, site.ports.accounting, shown, site.pki.ca_file)
            with Headend(network, config, directory / "headend") as headend:
                yield Vpn(site, network, headend, config, directory)


def test_strongswan_ends_the_tunnel_of_what_has_become_non_compliant(vpn: Vpn, new_endpoint: NewEndpoint) -> None:
    endpoint = new_endpoint(vpn.site)
    endpoint.enrol()

    with vpn.laptop(endpoint) as client:
        assert client.connect(), client.log
        started(vpn.site, endpoint, 1)
        endpoint.enrol(compliant=False)
        wait_for(lambda: not vpn.headend.sessions(), "the headend has no IKE SA", WITHIN)
        wait_for(lambda: not client.sessions(), "the client has no IKE SA", WITHIN)
        assert not client.connect()  # it is not let in again
        endpoint.enrol(compliant=True)
        grow_older(endpoint, expect.INTERVAL)  # nobody asks about a device without a session before that
        assert client.connect(), client.log
        started(vpn.site, endpoint, 2)
        first, second = sessions(vpn.site, identity=endpoint.device_id)

    (order,) = first["orders"]
    assert (order["state"], order["action"]) == ("acked", "disconnect")
    assert order["attributes"] == [f"User-Name = {URI.format(endpoint.device_id)}"]
    assert (first["state"], second["state"], second["orders"]) == ("ended", "started", [])
    outcomes = [made.outcome for made in expect.decisions(vpn.site, 3, identity=endpoint.device_id)]
    assert outcomes[:2] == [Outcome.ACCEPT, Outcome.REJECT]
