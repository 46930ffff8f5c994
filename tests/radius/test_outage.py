"""What a device gets while Intune, its tokens or mdmd are away (DESIGN.md, "When Intune does not answer").

By the example policy: a device last known as compliant keeps its place, a non-compliant one stays in quarantine, and
one that nobody knows anything about is restricted; each is told to come back after `unreachable_retry`, 600 s.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator

import pytest

from freeradius_mdm.decision import Decision
from freeradius_mdm.lab.site import Site
from tests.radius.behind import codes, decisions_of, grow_older, queries, wait_until_warm
from tests.radius.crowd import fleet
from tests.radius.endpoint import Endpoint

NewEndpoint = Callable[[Site], Endpoint]
DUE, FORGOTTEN = 12960, 86401  # seconds: a tenth before four hours; more than a day


@pytest.fixture
def steady_site(own_site: Site) -> Iterator[Site]:
    """A site whose Intune a test may take away; there again after it."""
    wait_until_warm(own_site)
    yield own_site
    own_site.microsoft.clear_faults()


def take_away(site: Site, personality: str) -> None:
    """Switch a fault on, for connections that are open as well."""
    site.microsoft.fault("refuse")
    if personality != "refuse":
        site.microsoft.clear_faults("refuse")
        site.microsoft.fault(personality)


def sign_in(device: Endpoint) -> tuple[object, ...]:
    """VLAN, timer and reauthentication of what it gets; every case here is an Accept."""
    reply = device.sign_in().reply
    return reply.value("Tunnel-Private-Group-Id", 1), reply.value("Session-Timeout"), reply.value("Termination-Action")


def last_of(device: Endpoint, count: int) -> Decision:
    return decisions_of(device, count)[-1]


@pytest.mark.parametrize(
    "personality",
    [
        # nobody there, and somebody who hangs up
        "refuse",
        "reset",
        # somebody who is not Microsoft
        "tls-expired",
        "tls-unknown-ca",
        "tls-wrong-name",
        # Microsoft in trouble, and a proxy in between
        "500",
        "html-200",
        "proxy-407",
    ],
)
def test_intune_is_away(personality: str, steady_site: Site, new_endpoint: NewEndpoint) -> None:
    known, never_seen = fleet(steady_site, new_endpoint, 2)
    known.sign_in()
    grow_older(known, DUE)
    take_away(steady_site, personality)

    assert sign_in(known) == ("EMPLOYEES", 600, 1)
    assert sign_in(never_seen) == ("RESTRICTED", 600, 1)

    decision = last_of(known, 2)
    assert (decision.rule, decision.reachable, decision.record_source) == (
        "Last known compliant",
        "UnReachable",
        "LastKnown",
    )
    assert decision.record_age in range(DUE, DUE + 60)
    [why] = [step.text for step in decision.steps if step.code == "M1243"]
    assert "(M12" in why  # the failure itself, so it did not take as long as `wait`
    decision = last_of(never_seen, 1)
    assert (decision.rule, decision.reachable, decision.record_source, decision.record_age) == (
        "Intune unreachable",
        "UnReachable",
        "",
        None,
    )
    assert (decision.registration, decision.compliance) == ("Unknown", "Unknown")

    # Intune is back: the next authentication is live.
    steady_site.microsoft.clear_faults()
    assert sign_in(never_seen) == ("EMPLOYEES", 14400, 1)
    assert sign_in(known) == ("EMPLOYEES", 14400, 1)
    assert [last_of(never_seen, 2).record_source, last_of(known, 3).record_source] == ["Live", "Live"]


def test_a_device_last_known_as_not_compliant_stays_in_quarantine(steady_site: Site, new_endpoint: NewEndpoint) -> None:
    [device] = fleet(steady_site, new_endpoint, 1)
    device.enrol(compliant=False)
    assert sign_in(device) == ("666", 14400, 1)
    grow_older(device, DUE)
    take_away(steady_site, "refuse")

    assert sign_in(device) == ("666", 600, 1)
    assert last_of(device, 2).record_source == "LastKnown"


def test_a_record_older_than_last_known_for_says_nothing(steady_site: Site, new_endpoint: NewEndpoint) -> None:
    [device] = fleet(steady_site, new_endpoint, 1)
    device.sign_in()
    take_away(steady_site, "refuse")
    grow_older(device, FORGOTTEN - 60)
    assert sign_in(device) == ("EMPLOYEES", 600, 1)

    grow_older(device, 60)
    assert sign_in(device) == ("RESTRICTED", 600, 1)
    decision = last_of(device, 3)
    assert (decision.rule, decision.registration, decision.compliance) == ("Intune unreachable", "Unknown", "Unknown")


def test_a_current_record_needs_no_intune(steady_site: Site, new_endpoint: NewEndpoint) -> None:
    [device] = fleet(steady_site, new_endpoint, 1)
    device.sign_in()
    grow_older(device, 100)
    take_away(steady_site, "refuse")

    vlan, timer, _ = sign_in(device)
    assert (vlan, last_of(device, 2).record_source) == ("EMPLOYEES", "Cached")
    assert timer in range(14300 - 60, 14301)


@pytest.mark.parametrize("host", ["login.microsoftonline.com", "graph.microsoft.com"])
def test_neither_login_nor_graph_is_needed_while_the_token_is_valid(
    host: str, steady_site: Site, new_endpoint: NewEndpoint
) -> None:
    [device] = fleet(steady_site, new_endpoint, 1)
    steady_site.microsoft.fault("503-sticky", host=host)

    assert sign_in(device) == ("EMPLOYEES", 14400, 1)
    assert last_of(device, 1).record_source == "Live"


def test_mdmd_is_killed(steady_site: Site, new_endpoint: NewEndpoint) -> None:
    current, due, never_seen = fleet(steady_site, new_endpoint, 3)
    current.sign_in()
    due.sign_in()
    grow_older(due, DUE)
    assert steady_site.mdmd.stop(signal.SIGKILL) == -signal.SIGKILL
    try:
        assert sign_in(current)[0] == "EMPLOYEES"
        assert sign_in(due) == ("EMPLOYEES", 600, 1)
        result = never_seen.sign_in()
        assert result.reply.value("Tunnel-Private-Group-Id", 1) == "RESTRICTED"
        assert result.seconds < 1  # nobody waits for who is not there; `wait` is 2 s
    finally:
        steady_site.start_mdmd()
    assert [each.record_source for each in decisions_of(current, 2)] == ["Live", "Cached"]
    assert [each.record_source for each in decisions_of(due, 2)] == ["Live", "LastKnown"]
    assert "M1244" in codes(last_of(never_seen, 1))

    wait_until_warm(steady_site)
    assert sign_in(never_seen) == ("EMPLOYEES", 14400, 1)
    assert sign_in(due) == ("EMPLOYEES", 14400, 1)
    assert queries(never_seen) == 1


def test_mdmd_hangs(make_site: Callable[..., Site], new_endpoint: NewEndpoint) -> None:
    site = make_site()
    current, never_seen = fleet(site, new_endpoint, 2)
    current.sign_in()
    # The stock 4 s only make this test longer.
    wait = site.raddb / "mods-available/mdm_wait"
    wait.write_text(wait.read_text().replace("timeout = 2.5", "timeout = 0.5"))
    site.radiusd.stop()
    site.start_radiusd()

    os.kill(site.mdmd.pid, signal.SIGSTOP)
    try:
        result = never_seen.sign_in()
        assert sign_in(current)[0] == "EMPLOYEES"
    finally:
        os.kill(site.mdmd.pid, signal.SIGCONT)

    assert result.reply.value("Tunnel-Private-Group-Id", 1) == "RESTRICTED"
    assert 0.5 <= result.seconds < 4
    assert last_of(never_seen, 1).rule == "Intune unreachable"
