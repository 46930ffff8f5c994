"""Authorization profiles of a site's own: tags, timers, names and texts, as they stand on the wire."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from freeradius_mdm.lab.radius import Reply, access
from freeradius_mdm.lab.site import Site
from tests.radius import expect
from tests.radius.endpoint import Endpoint

NewEndpoint = Callable[[Site], Endpoint]
EMPLOYEE = """\
[profiles.Employee]
vlan = 4094
vlan_tag = 0
reauthentication = "30m"
"""
QUARANTINE = """\
[profiles.Quarantine]
vlan_tag = 31
filter_id = "QUARANTINE.in"
reauthentication = "none"
reply_message = "Run the Company Portal"
"""
ENROLMENT = '[profiles.Enrolment]\nreauthentication = "9h"\n'


@pytest.fixture(scope="module")
def site_of_its_own(own_site: Site) -> Iterator[Site]:
    toml = own_site.mdm_toml
    changes = [(toml, f"[profiles.{name}]\n", text) for name, text in _PROFILES.items()]
    # The example's own lines that these replace.
    changes.append((toml, _rest(own_site, 'vlan = "EMPLOYEES"'), ""))
    changes.append((toml, _rest(own_site, 'reauthentication = "compliance"                 #'), ""))
    with expect.changed(own_site, *changes):
        yield own_site


_PROFILES = {"Employee": EMPLOYEE, "Quarantine": QUARANTINE, "Enrolment": ENROLMENT}


def _rest(site: Site, start: str) -> str:
    """The whole line of mdm.toml that begins so."""
    (line,) = [line for line in site.mdm_toml.read_text().splitlines(keepends=True) if line.startswith(start)]
    return line


def mab(site: Site, endpoint: Endpoint) -> Reply:
    with site.client() as client:
        return access.authenticate_mab(client, endpoint.port)


UNTAGGED = [
    ("Tunnel-Type", None, 13),
    ("Tunnel-Medium-Type", None, 6),
    ("Tunnel-Private-Group-Id", None, "4094"),
    *expect.dacl("PERMIT-INTRANET"),
    *expect.timer(1800),
]


def test_a_vlan_without_a_tag_and_a_timer_of_its_own(site_of_its_own: Site, new_endpoint: NewEndpoint) -> None:
    endpoint = new_endpoint(site_of_its_own)
    endpoint.enrol(macs=[endpoint.mac])
    assert expect.results(mab(site_of_its_own, endpoint)) == UNTAGGED
    assert expect.results(endpoint.sign_in().reply) == UNTAGGED


def test_the_last_tag_and_no_timer(site_of_its_own: Site, new_endpoint: NewEndpoint) -> None:
    endpoint = new_endpoint(site_of_its_own)
    endpoint.enrol(compliant=False, macs=[endpoint.mac])
    results = [
        ("Tunnel-Type", 31, 13),
        ("Tunnel-Medium-Type", 31, 6),
        ("Tunnel-Private-Group-Id", 31, "666"),
        *expect.dacl("QUARANTINE"),
        ("Filter-Id", None, "QUARANTINE.in"),
    ]
    message = ("Reply-Message", None, "Run the Company Portal")
    assert expect.results(mab(site_of_its_own, endpoint)) == [*results, message]
    # A Reply-Message does not belong beside an EAP-Message.
    assert expect.results(endpoint.sign_in().reply) == results


def test_no_timer_outlasts_the_record(site_of_its_own: Site, new_endpoint: NewEndpoint) -> None:
    reply = mab(site_of_its_own, new_endpoint(site_of_its_own))
    assert reply.value("Session-Timeout") == expect.INTERVAL
