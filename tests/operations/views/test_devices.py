"""Endpoints: what is known of each, and which are chosen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from freeradius_mdm.compliance import EndpointKey, IdKind
from freeradius_mdm.exemption import Exemption
from freeradius_mdm.operations.views.devices import Device, DeviceFilter, DeviceState, LastSeen, devices
from freeradius_mdm.sessions.model import SessionState

from .samples import (
    COMPLIANT,
    LAPTOP,
    LAPTOP_MAC,
    NONCOMPLIANT,
    NOW,
    PRINTER,
    TABLET,
    TABLET_MAC,
    UNREGISTERED,
    Site,
    accepted,
    make_site,
    session,
)

OLD = EndpointKey("Former", IdKind.INTUNE, "00000000-0000-0000-0000-000000000009")
NEVER = EndpointKey("Intune", IdKind.INTUNE, "00000000-0000-0000-0000-000000000001")
UNASKED = EndpointKey("Intune", IdKind.INTUNE, "00000000-0000-0000-0000-000000000002")


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """reauth_interval is 4 h and refresh_margin 24 min, so an answer is due after 3 h 36 min (12960 s)."""
    made = make_site(tmp_path)
    with made.writer() as writer:
        made.ingest(
            writer,
            accepted(1, NOW - 500),
            accepted(2, NOW - 300, nas_name="sw-13", nas_port="Gi1/0/9"),
            accepted(3, NOW - 400, identity=TABLET.value, mac=TABLET_MAC, user="anna", rule="Quarantined"),
        )
        writer.put_answer(LAPTOP, COMPLIANT, NOW - 600)
        writer.put_answer(TABLET, NONCOMPLIANT, NOW - 12_960)
        writer.put_failure(TABLET, "M1202 no answer in 5 s", NOW - 60)
        writer.put_answer(PRINTER, UNREGISTERED, NOW - 12_959)
        writer.put_failure(NEVER, "M1210 AADSTS7000215", NOW - 30)
        writer.put_answer(OLD, replace(COMPLIANT, macs=()), NOW - 90_000)
        writer.put_sessions(
            [
                session(1),
                session(2, client="192.0.2.13"),
                session(3, identity=UNASKED.value),
                session(4, identity=TABLET.value, mac=TABLET_MAC, state=SessionState.ENDED, ended_at=NOW),
            ]
        )
        writer.make_exemption(
            Exemption("0123456789ab", TABLET, "Employee", "root", "waits for a repair", NOW - 50, NOW + 3600)
        )
        writer.make_exemption(Exemption("0123456789ac", LAPTOP, "Employee", "root", "over", NOW - 500, NOW - 1))
    return made


def values(site: Site, limit: int = 100, **chosen: object) -> list[str]:
    return [each.value for each in devices(site.config, DeviceFilter(**chosen), limit, NOW).devices]  # type: ignore[arg-type]


def test_all_that_is_known_of_one(site: Site) -> None:
    (tablet,) = devices(site.config, DeviceFilter(identity=TABLET.value), 10, NOW).devices
    assert tablet == Device(
        server="Intune",
        kind="intune",
        value=TABLET.value,
        state=DeviceState.NONCOMPLIANT,
        registration="Registered",
        compliance="NonCompliant",
        managed="True",
        macs=(),
        answered_at=NOW - 12_960,
        age=12_960.0,
        due=True,
        due_at=NOW - 12_960 + 14_400,
        failed_at=NOW - 60,
        failure="M1202 no answer in 5 s",
        sessions=0,  # the one it had has ended
        last=LastSeen(
            id="000000030000000000000000",
            at=NOW - 400,
            outcome="accept",
            user="anna",
            mac=TABLET_MAC,
            nas_name="sw-12",
            nas_address="192.0.2.12",
            nas_port="Gi1/0/7",
            access="wired",
            rule="Quarantined",
            profile="Employee",
        ),
        exemption=Exemption("0123456789ab", TABLET, "Employee", "root", "waits for a repair", NOW - 50, NOW + 3600),
    )


def test_the_one_that_came_in_last_is_first_then_those_never_seen(site: Site) -> None:
    assert values(site) == [TABLET.value, LAPTOP.value, OLD.value, NEVER.value, UNASKED.value, PRINTER.value]


def test_the_newest_decision_tells_where_it_was_and_an_expired_exemption_is_none(site: Site) -> None:
    (laptop,) = devices(site.config, DeviceFilter(identity=LAPTOP.value), 10, NOW).devices
    assert laptop.last is not None
    assert (laptop.last.nas_name, laptop.last.nas_port, laptop.last.at) == ("sw-13", "Gi1/0/9", NOW - 300)
    assert (laptop.sessions, laptop.exemption, laptop.due) == (2, None, False)


def test_one_with_a_session_that_nobody_was_asked_about(site: Site) -> None:
    (unasked,) = devices(site.config, DeviceFilter(identity=UNASKED.value), 10, NOW).devices
    assert (unasked.state, unasked.registration, unasked.answered_at, unasked.due) == ("unknown", "", None, True)
    assert (unasked.sessions, unasked.last) == (1, None)


def test_a_former_servers_answer_is_never_due(site: Site) -> None:
    (old,) = devices(site.config, DeviceFilter(server="Former"), 10, NOW).devices
    assert (old.due, old.due_at, old.age) == (False, None, 90_000.0)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (DeviceState.COMPLIANT, [LAPTOP, OLD]),
        (DeviceState.NONCOMPLIANT, [TABLET]),
        (DeviceState.UNREGISTERED, [PRINTER]),
        (DeviceState.UNKNOWN, [NEVER, UNASKED]),
        (DeviceState.DUE, [TABLET, NEVER, UNASKED]),  # the printer's answer has a second left
    ],
)
def test_by_state(site: Site, state: DeviceState, expected: list[EndpointKey]) -> None:
    assert values(site, state=state) == [key.value for key in expected]


def test_by_mac(site: Site) -> None:
    assert values(site, mac=LAPTOP_MAC) == [LAPTOP.value, UNASKED.value]  # its sessions have had it too
    assert values(site, mac=TABLET_MAC) == [TABLET.value]  # seen in a decision
    assert values(site, mac=PRINTER.value) == [PRINTER.value]  # it is what is asked about
    assert values(site, mac="020000000001") == []


def test_by_the_user_seen_last(site: Site) -> None:
    assert values(site, user="anna") == [TABLET.value]
    assert values(site, user="nobody") == []


def test_filters_restrict_each_other_and_the_limit_is_told(site: Site) -> None:
    assert values(site, server="Intune", state=DeviceState.COMPLIANT) == [LAPTOP.value]
    found = devices(site.config, DeviceFilter(), 2, NOW)
    assert (len(found.devices), found.total) == (2, 6)
