"""RADIUS over TLS, by a client that speaks it: the same decisions as over UDP.

Only from FreeRADIUS 3.2.7 on: by its release notes RadSec could hang, leak and crash before (freeradius.md section 11),
so radsecproxy stands in front there. Short runs as these pass on 3.2.1 too, which shows nothing about that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from freeradius_mdm.lab.processes import free_port
from freeradius_mdm.lab.radius import Certificates, NoReply, TlsProfile, TlsVersion, access, attributes
from freeradius_mdm.lab.radius.radsec import RadSecClient
from freeradius_mdm.lab.site import Site
from tests.radius import expect
from tests.radius.endpoint import Endpoint

NewEndpoint = Callable[[Site], Endpoint]
LISTENER = """\
listen {{
	type = auth+acct
	ipaddr = 127.0.0.1
	port = {port}
	proto = tcp
	virtual_server = default
	clients = radsec
	tls {{
		private_key_file = {pki}/radius.key
		certificate_file = {pki}/radius.pem
		ca_file = {pki}/ca.pem
		tls_min_version = "1.2"
		tls_max_version = "1.3"
		require_client_cert = yes
	}}
}}
clients radsec {{
	client lab_radsec {{
		ipaddr = 127.0.0.1
		proto = tls
		secret = radsec
		shortname = lab-radsec
		mdm_family = generic
	}}
	client lab_radsec_unsigned {{
		ipaddr = 127.0.0.2
		proto = tls
		secret = radsec
		shortname = lab-radsec-unsigned
		mdm_message_authenticator = optional
		mdm_family = generic
	}}
}}
"""
POLICY = """\
[[rules]]
name = "Compliant"
when = { "MDM:DeviceCompliantStatus" = "Compliant", "MDM:MDMServerReachable" = "Reachable" }
profile = "Employee"

[[rules]]
name = "Unreachable"
when = { "MDM:MDMServerReachable" = "UnReachable" }
profile = "Reject"

[profiles.Employee]
vlan = "EMPLOYEES"

[profiles.Employee.for.cisco-asa]
without = ["vlan"]

[profiles.Monitor]

[profiles.Reject]
access = "reject"
"""
EMPLOYEE = [*expect.vlan("EMPLOYEES"), *expect.timer()]


@pytest.fixture(scope="module")
def radsec_site(new_site: Callable[..., Site], tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, int]]:
    """A site that also listens for RADIUS over TLS, and on which port."""
    port = free_port()
    site = new_site(tmp_path_factory.mktemp("radsec"), policy=POLICY, toml={"families": '["generic"]'})
    if not expect.reads_uri_names(site):
        pytest.skip(f"FreeRADIUS {site.host.version()}: RadSec is for 3.2.7 and later, see the top of this file")
    with site:
        listener = site.raddb / "sites-enabled/radsec"
        listener.write_text(LISTENER.format(port=port, pki=site.pki.directory), encoding="utf-8")
        expect.restart(site)
        yield site, port


def network_device(site: Site, *, other_ca: bool = False) -> Certificates:
    """The certificate of a switch, of the CA that the RADIUS server trusts or of another."""
    name = "stranger" if other_ca else "switch"
    issued = site.pki.client(name, None, common_name=f"{name}.lab.example", other_ca=other_ca)
    return Certificates(issued.cert_file, issued.key_file, site.pki.ca_file)


def client(
    site: Site, port: int, version: TlsVersion = TlsVersion.TLS_1_3, *, timeout: float = 10.0, source: str | None = None
) -> RadSecClient:
    profile = TlsProfile(network_device(site), minimum=version, maximum=version, server_name="radius.lab.example")
    return RadSecClient("127.0.0.1", profile, port, timeout, source)


@pytest.mark.parametrize("version", TlsVersion)
def test_eap_tls_over_radsec(version: TlsVersion, radsec_site: tuple[Site, int], new_endpoint: NewEndpoint) -> None:
    site, port = radsec_site
    endpoint = new_endpoint(site)
    endpoint.enrol()

    with client(site, port, version) as radsec:
        first = endpoint.sign_in(radsec)
        again = endpoint.sign_in(radsec)
        assert radsec.tls_version == f"TLSv{version.value}"

    assert first.accepted
    assert not first.contradictory
    assert expect.results(first.reply) == EMPLOYEE
    assert again.accepted  # over the connection that is there
    made = expect.decisions(site, 2, identity=endpoint.device_id)
    assert {(each.nas_name, each.family, each.method, each.identity_proven) for each in made} == {
        ("lab-radsec", "generic", "EAP-TLS", True)
    }


def test_a_device_that_is_not_compliant(radsec_site: tuple[Site, int], new_endpoint: NewEndpoint) -> None:
    site, port = radsec_site
    endpoint = new_endpoint(site)
    endpoint.enrol(compliant=False)
    with client(site, port) as radsec:
        result = endpoint.sign_in(radsec)
    assert not result.accepted
    assert not result.contradictory


def test_the_same_over_udp(radsec_site: tuple[Site, int], new_endpoint: NewEndpoint) -> None:
    site, port = radsec_site
    endpoint = new_endpoint(site)
    endpoint.enrol(macs=[endpoint.mac])
    with client(site, port) as radsec, site.client() as udp:
        over_tls = access.authenticate_mab(radsec, endpoint.port)
        over_udp = access.authenticate_mab(udp, endpoint.port)
    timers = {"Session-Timeout"}  # the second answer is from the record
    assert [at for at in expect.results(over_tls) if at[0] not in timers] == [
        at for at in expect.results(over_udp) if at[0] not in timers
    ]
    assert over_tls.message_authenticator_first


def test_message_authenticator_is_needed_as_over_udp(radsec_site: tuple[Site, int], new_endpoint: NewEndpoint) -> None:
    """RFC 6614 leaves it out; a device that does so is let off by the same line as a headend over UDP."""
    site, port = radsec_site
    endpoint = new_endpoint(site)
    endpoint.enrol(macs=[endpoint.mac])
    with client(site, port, timeout=1.0) as radsec, pytest.raises(NoReply, match="no answer"):
        access.authenticate_mab(radsec, endpoint.port, sign=False)
    with client(site, port, source="127.0.0.2") as radsec:
        reply = access.authenticate_mab(radsec, endpoint.port, sign=False)
    assert expect.results(reply) == EMPLOYEE


def test_accounting_on_the_same_connection(radsec_site: tuple[Site, int]) -> None:
    site, port = radsec_site
    start = attributes.encode((("Acct-Status-Type", 1), ("Acct-Session-Id", "5F3A0001"), ("User-Name", "x")))
    with client(site, port) as radsec:
        reply = radsec.exchange(radsec.accounting_request(start))
    assert str(reply.code) == "Accounting-Response"


def test_a_stranger_gets_no_answer(radsec_site: tuple[Site, int], new_endpoint: NewEndpoint) -> None:
    site, port = radsec_site
    endpoint = new_endpoint(site)
    endpoint.enrol(macs=[endpoint.mac])
    profile = TlsProfile(network_device(site, other_ca=True), server_name="radius.lab.example")
    with RadSecClient("127.0.0.1", profile, port) as radsec, pytest.raises(NoReply, match="trust our certificate"):
        access.authenticate_mab(radsec, endpoint.port)
    assert expect.all_decisions(site, mac=endpoint.mac.replace("-", "").upper()) == []


def test_a_server_of_another_name_is_not_trusted(radsec_site: tuple[Site, int], new_endpoint: NewEndpoint) -> None:
    site, port = radsec_site
    profile = TlsProfile(network_device(site), server_name="other.lab.example")
    with RadSecClient("127.0.0.1", profile, port) as radsec, pytest.raises(NoReply):
        access.authenticate_mab(radsec, new_endpoint(site).port)
