"""A site whose own policy touches the reply of a download, in a real radiusd.

The protocol is that of ise.md sections 5.3 to 5.5 (Cisco's description of downloadable ACLs); the lines are written by
hand in acls.py. Codes: codes.py, each beside ISE's own number.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from freeradius_mdm.download.record import Outcome
from freeradius_mdm.lab.radius.dacl_download import AclRequest, ask, download
from freeradius_mdm.lab.radius.wire import LARGEST_PACKET, Code
from freeradius_mdm.lab.site import Site
from tests.radius import acls, expect
from tests.radius.acls import (
    BRANCH,
    last,
    wire_name,
)

ALTERED = {
    "another line": '&Cisco-AVPair += "ip:inacl#11=permit ip any any"',
    "a line less": "&Cisco-AVPair !* ANY",
    "another reply": '&Cisco-AVPair := "ip:inacl#1=permit ip any any"',
}


@pytest.fixture(scope="module")
def altering(own_site: Site) -> Iterator[Site]:
    """A site whose own policy changes what goes out, chosen by the NAS-Identifier of the request."""
    lines = "".join(
        f'if (&NAS-Identifier == "{case}") {{\nupdate reply {{\n{do}\n}}\n}}\n' for case, do in ALTERED.items()
    )
    lines += (
        'if (&NAS-Identifier == "long") {\nupdate reply {\n' + ('&Filter-Id += "' + "x" * 240 + '"\n') * 16 + "}\n}\n"
    )
    lines += 'if (&NAS-Identifier == "rejected") {\nreject\n}\n'
    acls.put(own_site, "BRANCH.acl", acls.BRANCH_FILE)
    default = own_site.raddb / "sites-available/default"
    with expect.changed(own_site, (default, "\n\tmdm\n}\n", f"\n{lines}\n\tmdm\n}}\n")):
        yield own_site


@pytest.mark.parametrize(("case", "code"), [*((case, "M1524") for case in ALTERED), ("long", "M1524")])
def test_what_goes_out_is_what_was_built(case: str, code: str, altering: Site) -> None:
    name = wire_name("BRANCH", BRANCH)
    with altering.client() as client:
        assert download(client, AclRequest(name)).accepted
        reply = ask(client, AclRequest(name, extra=(("NAS-Identifier", case),)))
    assert reply.code is Code.ACCESS_REJECT
    assert reply.values("Cisco-AVPair") == ()
    assert str(reply.value("Reply-Message")).startswith(code)
    assert reply.length <= LARGEST_PACKET
    assert last(altering, name, code).outcome is Outcome.REFUSED


def test_a_site_may_reject_a_download(altering: Site) -> None:
    name = wire_name("BRANCH", BRANCH)
    with altering.client() as client:
        reply = ask(client, AclRequest(name, extra=(("NAS-Identifier", "rejected"),)))
    assert reply.code is Code.ACCESS_REJECT
    assert reply.values("Cisco-AVPair") == ()
    assert last(altering, name, "M1525").outcome is Outcome.REFUSED
