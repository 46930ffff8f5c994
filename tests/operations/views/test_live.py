"""What is a repetition, and what of a decision stands in which column (ise.md section 7)."""

from __future__ import annotations

from typing import Any

import pytest

from freeradius_mdm.decision import Decision, Outcome
from freeradius_mdm.operations.views.live import WINDOW, Grouping, LogEntry, advice, entry_of
from freeradius_mdm.store.query import StoredDecision

from .samples import LAPTOP, LAPTOP_MAC, NOW, accepted, rejected


def entry(decision: Decision) -> LogEntry:
    return entry_of(StoredDecision(1, decision))


def lines(*decisions: Decision, grouping: Grouping | None = None) -> list[tuple[int, int]]:
    """(line, count) after each of them."""
    grouping = grouping or Grouping()
    return [(line.number, line.entry.count) for line in map(grouping.add, map(entry, decisions))]


def test_the_same_again_is_one_line() -> None:
    first, second, third = (accepted(n, NOW + n) for n in range(3))
    assert lines(first, second, third) == [(1, 1), (1, 2), (1, 3)]


def test_what_goes_on_elsewhere_does_not_end_a_repetition() -> None:
    assert lines(accepted(1), rejected(2), accepted(3), rejected(4)) == [(1, 1), (2, 1), (1, 2), (2, 2)]


@pytest.mark.parametrize(
    "change",
    [
        {"nas_port": "Gi1/0/8"},
        {"nas_name": "sw-13"},
        {"mac": "005056A1B2C4"},
        {"user": "host/other"},
        {"identity": "00000000-0000-0000-0000-000000000001"},
        {"rule": "Unreachable"},
        {"profile": "Restricted"},
        {"reason_code": "M1303"},
        {"reason": "no rule matched"},
        {"reachable": "UnReachable"},
        {"would_be_profile": "Quarantine"},
    ],
)
def test_anything_that_differs_is_another_line(change: dict[str, Any]) -> None:
    assert lines(accepted(1), accepted(2, **change)) == [(1, 1), (2, 1)]


def test_times_ages_and_steps_do_not_matter() -> None:
    assert lines(accepted(1, record_age=10, total_ms=3.0), accepted(2, NOW + 5, record_age=15)) == [(1, 1), (1, 2)]


def test_only_what_comes_next_at_a_place_is_compared() -> None:
    good, bad = accepted(1), accepted(2, rule="Quarantined", profile="Quarantine")
    assert lines(good, bad, accepted(3)) == [(1, 1), (2, 1), (3, 1)]


def test_after_24_hours_the_count_begins_again() -> None:
    """ISE's Repeat Count: within 24 hours (ise.md section 7)."""
    assert WINDOW == 24 * 3600
    day = [accepted(1, NOW), accepted(2, NOW + 43_200), accepted(3, NOW + 86_400), accepted(4, NOW + 86_401)]
    assert lines(*day) == [(1, 1), (1, 2), (1, 3), (2, 1)]


def test_one_that_comes_in_late_does_not_turn_the_time_back() -> None:
    grouping = Grouping()
    grouping.add(entry(accepted(1, NOW)))
    line = grouping.add(entry(accepted(2, NOW - 30)))
    assert (line.entry.at, line.entry.first_at, line.entry.count) == (NOW, NOW - 30, 2)
    assert line.entry.id.startswith("00000001")


def test_without_a_mac_the_identity_is_the_endpoint_then_the_user() -> None:
    assert entry(accepted(1, mac="")).place == (LAPTOP.value, "sw-12", "Gi1/0/7")
    assert entry(accepted(1, mac="", identity="", calling_station="198.51.100.37")).place[0] == "198.51.100.37"
    assert entry(accepted(1, mac="", identity="")).place[0] == "host/laptop"


def test_no_more_places_are_remembered_than_fit() -> None:
    grouping = Grouping()
    for number in range(50_001):
        grouping.add(entry(accepted(number, nas_port=str(number))))
    assert lines(accepted(1, nas_port="50000"), accepted(2, nas_port="0"), grouping=grouping) == [
        (50_001, 2),
        (50_002, 1),
    ]


def test_an_accept_in_ises_columns() -> None:
    made = entry_of(StoredDecision(7, accepted(1, audit_session_id="0A0A", record_age=30)), "10.20.0.7")
    assert made == LogEntry(
        seq=7,
        at=NOW,
        id="000000010000000000000000",
        outcome="accept",
        would_be="",
        unreachable=False,
        user="host/laptop",
        endpoint=LAPTOP_MAC,
        identity=LAPTOP.value,
        access="wired",
        method="EAP-TLS",
        rule="Compliant",
        profile="Employee",
        ip="10.20.0.7",
        nas="sw-12",
        port="Gi1/0/7",
        identity_source="certificate-uri",
        compliance="Compliant",
        server="Intune",
        session="0A0A",
        code="M1302",
        reason="rule Compliant",
        advice="",
        first_at=NOW,
    )


def test_a_reject_is_as_complete() -> None:
    """In ISE rule, profile and server of failed authentications are empty (ise.md section 7)."""
    made = entry(accepted(1, outcome=Outcome.REJECT, rule="Quarantined", profile="Reject", compliance="NonCompliant"))
    assert (made.rule, made.profile, made.server, made.compliance) == (
        "Quarantined",
        "Reject",
        "Intune",
        "NonCompliant",
    )


def test_monitor_mode_and_an_unreachable_server() -> None:
    made = entry(accepted(1, rule="", would_be_rule="Quarantined", would_be_profile="Quarantine"))
    assert (made.rule, made.would_be) == ("Quarantined", "Quarantine")
    assert entry(accepted(1, reachable="UnReachable")).unreachable
    assert not entry(rejected(1)).unreachable  # nobody was asked


def test_an_unregistered_device_says_so() -> None:
    assert entry(accepted(1, registration="UnRegistered", compliance="Unknown")).compliance == "UnRegistered"


def test_the_address_that_is_told_goes_before_the_sessions() -> None:
    told = accepted(1, request=(("Framed-IP-Address", "10.9.9.9"),))
    assert entry_of(StoredDecision(1, told), "10.20.0.7").ip == "10.9.9.9"


def test_advice() -> None:
    assert advice("M1115").startswith("use certificates")
    assert advice("M1302") == ""
    assert advice("M9999") == ""  # of a later version
