"""A device's compliance changes in the simulated Intune, and its sessions get what they are to have by themselves.

What each vendor family is sent: ise.md section 6, RFC 5176. What a session has: coa_site.POLICY.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from freeradius_mdm.lab.processes import wait_for
from freeradius_mdm.lab.radius.nas_request import Behaviour, Mood
from freeradius_mdm.lab.radius.nas_session import EffectKind, NasSession
from freeradius_mdm.lab.site import Site
from tests.radius import coa_site, expect
from tests.radius.coa_site import CoaSite, Device, effects
from tests.radius.conftest import MakeSite
from tests.radius.endpoint import Endpoint

NewEndpoint = Callable[[Site], Endpoint]
EMPLOYEES = [*expect.vlan("EMPLOYEES"), *expect.timer()]
QUARANTINE = [*expect.vlan("666"), *expect.timer()]


@pytest.fixture(scope="module")
def coa(tmp_path_factory: pytest.TempPathFactory, new_site: MakeSite) -> Iterator[CoaSite]:
    with coa_site.running(new_site, tmp_path_factory.mktemp("coa")) as running:
        yield running


def compliant(site: CoaSite, new_endpoint: NewEndpoint) -> Endpoint:
    endpoint = new_endpoint(site.site)
    endpoint.enrol()
    return endpoint


def has(session: NasSession) -> object:
    """What an Access-Accept gave the session; the timer's seconds as `expect.INTERVAL`."""
    assert session.authorization is not None
    return [
        (name, tag, expect.INTERVAL if name == "Session-Timeout" else value)
        for name, tag, value in expect.results(session.authorization)
    ]


def test_a_switch_reauthenticates_its_session(coa: CoaSite, new_endpoint: NewEndpoint) -> None:
    endpoint = compliant(coa, new_endpoint)
    session = coa.plug_in(endpoint, coa.switch)
    assert has(session) == EMPLOYEES

    endpoint.enrol(compliant=False)
    effects(coa.switch, session, EffectKind.REAUTHENTICATED)
    wait_for(lambda: has(session) == QUARANTINE, "the session is in quarantine", coa_site.WITHIN)
    now = coa.told(session, lambda found: found["profile"] == "Quarantine")
    (order,) = coa.orders(session)
    assert (now["rule"], now["state"]) == ("Not compliant", "started")
    assert (order["state"], order["action"], order["code"]) == ("acked", "reauthenticate", "M1601")
    assert (order["old_profile"], order["profile"]) == ("Employee", "Quarantine")
    assert order["attributes"][0] == f"Cisco-AVPair = audit-session-id={now['audit_session_id']}"

    endpoint.enrol(compliant=True)
    effects(coa.switch, session, EffectKind.REAUTHENTICATED, EffectKind.REAUTHENTICATED)
    wait_for(lambda: has(session) == EMPLOYEES, "the session is free again", coa_site.WITHIN)
    assert [order["state"] for order in coa.orders(session, 2)] == ["acked", "acked"]
    assert coa.switch.nas.dropped == {}


def test_a_headend_is_pushed_the_complete_new_set(coa: CoaSite, new_endpoint: NewEndpoint) -> None:
    endpoint = compliant(coa, new_endpoint)
    session = coa.dial_in(endpoint, coa.headend)
    decided = coa.told(session, bool)["decision_id"]

    endpoint.enrol(compliant=False)
    effects(coa.headend, session, EffectKind.PUSHED)
    wait_for(lambda: session.pushed is not None, "the session has new attributes", coa_site.WITHIN)
    quarantine = [
        ("Service-Type", 1),  # Login
        ("Class", f"mdm:{decided}".encode()),
        ("ASA-Group-Policy", "quarantine"),
        ("Idle-Timeout", 600),
        ("Cisco-AVPair", "ACS:CiscoSecure-Defined-ACL=#ACSACL#-IP-QUARANTINE-*"),
    ]
    assert pushed(session) == sorted(quarantine, key=str)
    now = coa.told(session, lambda found: found["profile"] == "Quarantine")
    assert (now["rule"], now["decision_id"]) == ("Not compliant", decided)
    assert now["coa_result"] == "M1601 push: acknowledged"

    endpoint.enrol(compliant=True)
    effects(coa.headend, session, EffectKind.PUSHED, EffectKind.PUSHED)
    coa.told(session, lambda found: found["profile"] == "Employee")
    employee = [
        ("Service-Type", 1),
        ("Class", f"mdm:{decided}".encode()),
        ("ASA-Group-Policy", "employees"),
        ("Cisco-AVPair", "ACS:CiscoSecure-Defined-ACL=#ACSACL#-IP-PERMIT-INTRANET-*"),
    ]
    assert pushed(session) == sorted(employee, key=str)
    assert [order["state"] for order in coa.orders(session, 2)] == ["acked", "acked"]


def pushed(session: NasSession) -> list[tuple[str, object]]:
    """What a push gave the session, sorted; a dACL's version as `*`."""
    found = [(each.name, expect._without_version(each.value)) for each in session.pushed or ()]
    return sorted(found, key=str)


def test_what_has_no_reauthentication_is_disconnected(coa: CoaSite, new_endpoint: NewEndpoint) -> None:
    endpoint = compliant(coa, new_endpoint)
    free = coa.plug_in(endpoint, coa.plain)

    endpoint.enrol(compliant=False)
    effects(coa.plain, free, EffectKind.DISCONNECTED)
    ended = coa.told(free, lambda found: found["state"] == "ended")
    assert ended["end_cause"] in ("disconnected", "stop")  # whichever mdmd hears of first
    quarantined = coa.plug_in(endpoint, coa.plain)
    assert has(quarantined) == QUARANTINE

    endpoint.enrol(compliant=True)
    effects(coa.plain, quarantined, EffectKind.DISCONNECTED)
    again = coa.plug_in(endpoint, coa.plain)
    assert has(again) == EMPLOYEES
    (order,) = coa.orders(free)
    assert order["attributes"] == [
        "NAS-IP-Address = 192.0.2.10",
        f"User-Name = {endpoint.identity}",
        f"Acct-Session-Id = {free.identifier}",
    ]
    assert coa.plain.nas.effects_on(again) == []


def test_what_may_not_come_in_any_more_is_thrown_out(coa: CoaSite, new_endpoint: NewEndpoint) -> None:
    """A reauthentication that ends in a reject leaves no decision in the session, and is no alarm."""
    endpoint = compliant(coa, new_endpoint)
    wired, vpn = coa.plug_in(endpoint, coa.switch), coa.dial_in(endpoint, coa.headend)

    endpoint.enrol(registered=False)
    effects(coa.switch, wired, EffectKind.REAUTHENTICATED)
    effects(coa.headend, vpn, EffectKind.DISCONNECTED)  # nothing to push, so the next best
    wait_for(lambda: wired.refused, "the switch has ended the session", coa_site.WITHIN)
    for session in (wired, vpn):
        coa.told(session, lambda found: found["state"] == "ended")
        (order,) = coa.orders(session)
        assert (order["state"], order["accept"], order["profile"]) == ("acked", False, "Reject")


@contextmanager
def behaving(device: Device, behaviour: Behaviour) -> Iterator[None]:
    device.nas.behaviour = behaviour
    try:
        yield
    finally:
        device.nas.behaviour = Behaviour()


def counted(device: Device) -> tuple[int, int, int]:
    """Datagrams, requests and effects so far."""
    return device.nas.received, device.nas.distinct, len(device.nas.effects)


REFUSALS = {
    # Error-Cause: state and code of the order, requests that the device got, whether our session lives on.
    503: ("gone", "M1602", 1, False),
    401: ("nak", "M1611", 1, True),
    501: ("nak", "M1612", 1, True),
    405: ("nak", "M1612", 2, True),  # to reauthenticate, then to disconnect, behind which there is nothing
    507: ("acked", "M1601", 1, True),
}


@pytest.mark.parametrize("cause", REFUSALS)
def test_a_refusal_is_understood(cause: int, coa: CoaSite, new_endpoint: NewEndpoint) -> None:
    state, code, requests, lives = REFUSALS[cause]
    endpoint = compliant(coa, new_endpoint)
    session = coa.plug_in(endpoint, coa.switch)
    before = counted(coa.switch)
    with behaving(coa.switch, Behaviour(Mood.NAK, cause)):
        endpoint.enrol(compliant=False)
        order = coa.told(session, lambda found: found["orders"] and found["orders"][0]["state"] == state)["orders"][0]
    told = coa.told(session, lambda found: (found["state"] != "ended") is lives)

    assert (order["code"], order["cause"]) == (code, cause)
    assert counted(coa.switch) == (before[0] + requests, before[1] + requests, before[2])
    assert told["coa_result"].startswith(code)
    alarms = {(alarm["client"], alarm["code"]) for alarm in coa.get("/v1/health")["coa"]["alarms"]}
    assert ((coa.switch.address, code) in alarms) is (state == "nak")
    coa.switch.nas.stop(session)


def test_a_late_answer_is_one_effect(coa: CoaSite, new_endpoint: NewEndpoint) -> None:
    endpoint = compliant(coa, new_endpoint)
    session = coa.dial_in(endpoint, coa.headend)
    received, distinct, _ = counted(coa.headend)
    with behaving(coa.headend, Behaviour(answer_copy=2)):
        endpoint.enrol(compliant=False)
        (order,) = coa.orders(session)
    effects(coa.headend, session, EffectKind.PUSHED)
    assert counted(coa.headend)[:2] == (received + 2, distinct + 1)
    assert len(set(coa.headend.nas.requests[received:])) == 1
    assert (order["state"], order["attempts"]) == ("acked", 1)


def test_what_came_of_it_counts_as_an_answer(coa: CoaSite, new_endpoint: NewEndpoint) -> None:
    """The device does as it is told, and never says so: the new decision does."""
    endpoint = compliant(coa, new_endpoint)
    session = coa.plug_in(endpoint, coa.switch)
    with behaving(coa.switch, Behaviour(Mood.MUTE)):
        endpoint.enrol(compliant=False)
        effects(coa.switch, session, EffectKind.REAUTHENTICATED)
        (order,) = coa.orders(session)
    now = coa.told(session, bool)
    assert order["detail"] == f"authorized anew by decision {now['decision_id']}"
    assert (order["state"], now["profile"]) == ("acked", "Quarantine")
    effects(coa.switch, session, EffectKind.REAUTHENTICATED)


def killed(coa: CoaSite) -> None:
    assert coa.site.mdmd.stop(signal.SIGKILL) == -signal.SIGKILL


def test_killed_before_the_answer(coa: CoaSite, new_endpoint: NewEndpoint) -> None:
    """The same packet again, which the device knows, and answers from what it has kept."""
    endpoint = compliant(coa, new_endpoint)
    session = coa.dial_in(endpoint, coa.headend)
    received, distinct, _ = counted(coa.headend)
    with behaving(coa.headend, Behaviour(answer_copy=3)):
        endpoint.enrol(compliant=False)
        wait_for(lambda: coa.headend.nas.distinct > distinct, "the push has come", coa_site.WITHIN)
        killed(coa)
        assert coa.headend.nas.received <= received + 2
        coa.site.start_mdmd()
        (order,) = coa.orders(session)
    effects(coa.headend, session, EffectKind.PUSHED)
    assert counted(coa.headend)[1] == distinct + 1
    assert len(set(coa.headend.nas.requests[received:])) == 1
    assert (order["state"], coa.told(session, bool)["profile"]) == ("acked", "Quarantine")


def test_killed_while_the_endpoint_reauthenticates(coa: CoaSite, new_endpoint: NewEndpoint) -> None:
    """What is journaled while mdmd is away settles the order: nothing is sent again."""
    endpoint = compliant(coa, new_endpoint)
    session = coa.plug_in(endpoint, coa.switch)
    distinct = coa.switch.nas.distinct
    with behaving(coa.switch, Behaviour(Mood.MUTE)):
        endpoint.enrol(compliant=False)
        wait_for(lambda: coa.switch.nas.distinct > distinct, "the request has come", coa_site.WITHIN)
        killed(coa)
        wait_for(lambda: has(session) == QUARANTINE, "the session is in quarantine", coa_site.WITHIN)
        received = coa.switch.nas.received
        coa.site.start_mdmd()
        (order,) = coa.orders(session)
    assert order["detail"].startswith("authorized anew by decision ")
    assert coa.switch.nas.received == received
    effects(coa.switch, session, EffectKind.REAUTHENTICATED)


def test_killed_while_the_device_is_off(coa: CoaSite, new_endpoint: NewEndpoint) -> None:
    endpoint = compliant(coa, new_endpoint)
    session = coa.plug_in(endpoint, coa.switch)
    coa.switch.nas.die()
    try:
        endpoint.enrol(compliant=False)
        order = coa.told(session, lambda found: found["orders"] and found["orders"][0]["code"])["orders"][0]
        assert (order["state"], order["code"]) == ("timeout", "M1622")
        killed(coa)
    finally:
        coa.switch.nas.come_back()
    coa.site.start_mdmd()
    effects(coa.switch, session, EffectKind.REAUTHENTICATED)
    assert coa.orders(session)[0]["state"] == "acked"
    assert coa.told(session, bool)["profile"] == "Quarantine"


def test_grace(coa: CoaSite, new_endpoint: NewEndpoint) -> None:
    """Who recovers in time notices nothing; who does not is quarantined then, and freed at once."""
    recovers, stays = compliant(coa, new_endpoint), compliant(coa, new_endpoint)
    spared, quarantined = coa.plug_in(recovers, coa.switch), coa.plug_in(stays, coa.switch)
    coa.set(grace='"6s"')
    try:
        recovers.enrol(compliant=False)
        stays.enrol(compliant=False)
        changed = time.monotonic()
        coa.told(spared, lambda found: found["orders"] and found["orders"][0]["state"] == "grace")
        recovers.enrol(compliant=True)
        (withdrawn,) = coa.orders(spared)
        effects(coa.switch, quarantined, EffectKind.REAUTHENTICATED)
        assert time.monotonic() - changed >= 6
        coa.told(quarantined, lambda found: found["profile"] == "Quarantine")
        stays.enrol(compliant=True)
        freed = coa.orders(quarantined, 2)[1]
    finally:
        coa.set(grace='"0s"')
    assert withdrawn["state"] == "superseded"
    assert coa.switch.nas.effects_on(spared) == []
    assert (freed["state"], freed["worse"]) == ("acked", False)
    assert freed["prepared_at"] - freed["created_at"] < 3


def test_a_dry_run_records_what_would_have_been_sent(coa: CoaSite, new_endpoint: NewEndpoint) -> None:
    endpoint = compliant(coa, new_endpoint)
    session = coa.plug_in(endpoint, coa.switch)
    coa.set(mode='"dry-run"')
    try:
        received = coa.switch.nas.received
        endpoint.enrol(compliant=False)
        (worse,) = coa.orders(session)
        endpoint.enrol(compliant=True)
        _, better = coa.orders(session, 2)
        now = coa.told(session, bool)
    finally:
        coa.set(mode='"on"')
    assert [(each["state"], each["profile"]) for each in (worse, better)] == [
        ("dry-run", "Quarantine"),
        ("dry-run", "Employee"),
    ]
    assert worse["attributes"][0] == f"Cisco-AVPair = audit-session-id={now['audit_session_id']}"
    assert (worse["action"], worse["identifier"]) == ("reauthenticate", None)
    assert coa.switch.nas.received == received
    assert now["profile"] == "Employee"
