"""An operator exempts a device: the switch and the headend are told, the next sign-in gives what he named, and back.

What each vendor family is sent: ise.md section 6, RFC 5176. What a session has: coa_site.POLICY.
"""

from __future__ import annotations

import os
import pwd
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from freeradius_mdm.cli.main import main
from freeradius_mdm.compliance import EndpointKey, IdKind
from freeradius_mdm.config.reader import load
from freeradius_mdm.lab.processes import wait_for
from freeradius_mdm.lab.radius.nas_session import EffectKind, NasSession
from freeradius_mdm.lab.site import Site
from freeradius_mdm.operations.control import Control
from tests.radius import coa_site, expect
from tests.radius.coa_site import CoaSite, effects
from tests.radius.conftest import MakeSite
from tests.radius.endpoint import Endpoint
from tests.radius.test_coa import EMPLOYEES, QUARANTINE, has

NewEndpoint = Callable[[Site], Endpoint]
ME = pwd.getpwuid(os.geteuid()).pw_name
CLAIMED = f"alice (by {ME})"


@pytest.fixture(scope="module")
def coa(tmp_path_factory: pytest.TempPathFactory, new_site: MakeSite) -> Iterator[CoaSite]:
    with coa_site.running(new_site, tmp_path_factory.mktemp("exemption")) as running:
        yield running


def control(coa: CoaSite, claimed: str = "alice") -> Control:
    return Control(load(coa.site.mdm_toml).service, claimed)


def key(endpoint: Endpoint) -> EndpointKey:
    return EndpointKey("Intune", IdKind.INTUNE, endpoint.device_id)


def in_quarantine(coa: CoaSite, new_endpoint: NewEndpoint) -> tuple[Endpoint, NasSession]:
    endpoint = new_endpoint(coa.site)
    endpoint.enrol(compliant=False)
    session = coa.plug_in(endpoint, coa.switch)
    assert has(session) == QUARANTINE
    return endpoint, session


def timeout(session: NasSession) -> int:
    """The reauthentication timer that the session was given."""
    assert session.authorization is not None
    return int(str(session.authorization.value("Session-Timeout")))


def decision_of(coa: CoaSite, session: NasSession) -> Any:
    return coa.get(f"/v1/decisions/{coa.told(session, bool)['decision_id']}")


def test_out_of_quarantine_and_back(coa: CoaSite, new_endpoint: NewEndpoint) -> None:
    endpoint, session = in_quarantine(coa, new_endpoint)
    _, other = in_quarantine(coa, new_endpoint)
    until = time.time() + 3600
    made = control(coa).exempt(key(endpoint), "Employee", until, "replacement ordered")

    effects(coa.switch, session, EffectKind.REAUTHENTICATED)
    wait_for(lambda: has(session) == EMPLOYEES, "the session is with the employees", coa_site.WITHIN)
    assert 3540 < timeout(session) <= until - time.time() + 20  # not the four hours, but when it is over
    coa.told(session, lambda found: (found["profile"], found["rule"]) == ("Employee", ""))
    decided = decision_of(coa, session)
    assert (decided["exemption"], decided["compliance"], decided["reason_code"]) == (
        made["id"],
        "NonCompliant",
        "M1307",
    )
    when = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(until))
    said = f"exemption {made['id']} by {CLAIMED} until {when}: replacement ordered, profile Employee"
    assert decided["reason"] == said
    assert said in [step["text"] for step in decided["steps"] if step["code"] == "M1307"]
    assert "Not compliant" in [step["text"].partition(":")[0] for step in decided["steps"] if step["code"] == "M1302"]
    assert f"exemption={made['id']} profile=Employee" in coa.site.radius_log

    control(coa, "bob").end_exemption(made["id"], "device replaced")
    effects(coa.switch, session, EffectKind.REAUTHENTICATED, EffectKind.REAUTHENTICATED)
    wait_for(lambda: has(session) == QUARANTINE, "the session is in quarantine again", coa_site.WITHIN)
    coa.told(session, lambda found: found["rule"] == "Not compliant")
    assert decision_of(coa, session)["exemption"] == ""
    worse, better = coa.orders(session, 2)[::-1]
    assert (better["profile"], worse["profile"], worse["state"]) == ("Employee", "Quarantine", "acked")
    # Who was not exempted was left alone.
    assert coa.switch.nas.effects_on(other) == []
    assert has(other) == QUARANTINE


def test_who_signs_in_later_is_exempted_too(coa: CoaSite, new_endpoint: NewEndpoint) -> None:
    endpoint, other = new_endpoint(coa.site), new_endpoint(coa.site)
    for each in (endpoint, other):
        each.enrol(compliant=False)
    made = control(coa).exempt(key(endpoint), "Employee", time.time() + 3600, "replacement ordered")
    assert made["sessions"] == []
    assert has(coa.plug_in(endpoint, coa.switch)) == EMPLOYEES
    assert has(coa.plug_in(other, coa.switch)) == QUARANTINE


def test_a_headend_is_pushed_what_it_gives(coa: CoaSite, new_endpoint: NewEndpoint) -> None:
    endpoint = new_endpoint(coa.site)
    endpoint.enrol(compliant=False)
    session = coa.dial_in(endpoint, coa.headend)
    made = control(coa).exempt(key(endpoint), "Employee", time.time() + 3600, "replacement ordered")
    effects(coa.headend, session, EffectKind.PUSHED)
    wait_for(lambda: session.pushed is not None, "the session has new attributes", coa_site.WITHIN)
    assert ("ASA-Group-Policy", "employees") in [(each.name, each.value) for each in session.pushed or ()]
    coa.told(session, lambda found: found["profile"] == "Employee")
    control(coa).end_exemption(made["id"], "device replaced")
    effects(coa.headend, session, EffectKind.PUSHED, EffectKind.PUSHED)
    coa.told(session, lambda found: found["profile"] == "Quarantine")


def test_a_profile_that_rejects_blocks(coa: CoaSite, new_endpoint: NewEndpoint) -> None:
    endpoint = new_endpoint(coa.site)
    endpoint.enrol()
    session = coa.plug_in(endpoint, coa.switch)
    assert has(session) == EMPLOYEES
    made = control(coa).exempt(key(endpoint), "Reject", time.time() + 3600, "stolen")
    effects(coa.switch, session, EffectKind.REAUTHENTICATED)
    wait_for(lambda: session.refused, "the switch has ended the session", coa_site.WITHIN)
    refused = endpoint.sign_in()
    assert not refused.accepted
    assert expect.surroundings(refused.reply) == expect.EAP_REJECT
    found = expect.decisions(coa.site, 2, identity=endpoint.device_id, exemption=made["id"])[-1]
    assert (found.outcome, found.reason_code, found.profile) == ("reject", "M1307", "Reject")
    assert found.reason.startswith(f"exemption {made['id']} by {CLAIMED} until ")


def test_mdmctl_coa_on_a_real_site(coa: CoaSite, new_endpoint: NewEndpoint, capsys: pytest.CaptureFixture[str]) -> None:
    endpoint = new_endpoint(coa.site)
    endpoint.enrol()
    session = coa.plug_in(endpoint, coa.switch)
    assert main(["--config", str(coa.site.mdm_toml), "coa", endpoint.mac]) == 0
    effects(coa.switch, session, EffectKind.REAUTHENTICATED)
    assert "M1601" in capsys.readouterr().out
    (order,) = coa.orders(session)
    assert (order["state"], order["asked"], order["author"]) == ("acked", "", ME)
    assert has(session) == EMPLOYEES
