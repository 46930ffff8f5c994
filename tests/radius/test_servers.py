"""Several MDM servers, one of them disabled; and a network device that speaks IPv6."""

from __future__ import annotations

from collections.abc import Callable

from freeradius_mdm.lab import raddb
from freeradius_mdm.lab.radius import RadiusClient, RetryPolicy, Server, access
from freeradius_mdm.lab.site import Site
from tests.radius import expect
from tests.radius.behind import decisions_of
from tests.radius.endpoint import Endpoint

NewEndpoint = Callable[[Site], Endpoint]


def split_by_source(site: Site) -> None:
    """A second entry of the same tenant, disabled: certificates are asked about at the first, MACs at the second."""
    text = site.mdm_toml.read_text(encoding="utf-8")
    start, end = text.index("[[servers]]"), text.index("# Where an endpoint's identity")
    first = text[start:end]
    second = first.replace('name = "Intune"', 'name = "Old"').replace("enabled = true", "enabled = false")
    identity = text[end:].replace('source = "mac" ', 'server = "Old"\nsource = "mac" ')
    for source in ("certificate-uri", "vpn-device-id"):
        identity = identity.replace(f'source = "{source}" ', f'server = "Intune"\nsource = "{source}" ')
    site.mdm_toml.write_text(text[:start] + first + second + identity, encoding="utf-8")


def test_a_disabled_server_is_never_asked(make_site: Callable[..., Site], new_endpoint: NewEndpoint) -> None:
    site = make_site()
    split_by_source(site)
    site.mdmd.stop()
    site.start_mdmd()
    site.radiusd.stop()
    site.start_radiusd()
    endpoint = new_endpoint(site)
    endpoint.enrol(macs=[endpoint.mac])

    assert expect.results(endpoint.sign_in().reply) == expect.EMPLOYEE
    with site.client() as client:
        by_mac = access.authenticate_mab(client, endpoint.port)

    first, second = site.decisions(2)
    assert (first.server, first.reachable, first.rule) == ("Intune", "Reachable", "Compliant")
    assert (second.server, second.reachable, second.rule) == ("Old", "UnReachable", "Intune unreachable")
    assert by_mac.value("Tunnel-Private-Group-Id") == "RESTRICTED"
    assert len(site.microsoft.journal(operation="device")) == 1
    assert second.total_ms < 1000  # nobody waited for it


def test_over_ipv6(site: Site, new_endpoint: NewEndpoint) -> None:
    endpoint = new_endpoint(site)
    endpoint.enrol()
    server = Server("::1", site.ports.radius, raddb.SECRET.encode(), None)
    with RadiusClient(server, RetryPolicy(tries=1, wait=10.0)) as client:
        result = endpoint.sign_in(client)
    assert expect.results(result.reply) == expect.EMPLOYEE
    assert decisions_of(endpoint)[0].nas_name == "lab-switch6"
