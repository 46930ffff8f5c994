"""What an exemption does to a decision, and which of two accounts of one stays. By the contract in the issue's words:

it gives one endpoint a profile before the rules, until a moment, named by every decision; identification comes first.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from freeradius_mdm.compliance import Compliance, EndpointKey, IdKind
from freeradius_mdm.config.model import Config
from freeradius_mdm.decide import Verdict, decide
from freeradius_mdm.decision import Decision, Outcome
from freeradius_mdm.errors import StoreError
from freeradius_mdm.exemption import Exemption, check, newer
from freeradius_mdm.log_line import decision_line
from freeradius_mdm.trail import Trail
from tests.builders import KEY, MAB, NOW, OTHER, URI_ATTRIBUTE, config, record, request
from tests.test_decide import EMPLOYEE, LAPTOP, MONITOR, sent, timer

STATION = EndpointKey("Intune", IdKind.MAC, "005056A1B2C3")
ONE = Exemption("0a1b2c3d4e5f", KEY, "Employee", "alice (by root)", "replacement ordered", NOW - 60, NOW + 86400)
# date -u -d @1700086400: 2023-11-15 22:13:20, a day after NOW
TOLD = "exemption 0a1b2c3d4e5f by alice (by root) until 2023-11-15 22:13:20 UTC: replacement ordered, profile Employee"
Using = Callable[..., Config]


@pytest.fixture
def using(tmp_path: Path) -> Using:
    return lambda *changes: config(tmp_path, *changes)


class Case:
    """The laptop's record says NonCompliant, one hour old."""

    def __init__(self, using: Config, exemption: Exemption | None = ONE, at: float = NOW) -> None:
        self.config = using
        self.exemption = exemption
        self.trail = Trail("0" * 24, at, lambda: at)
        self.asked: list[EndpointKey] = []

    def read(self, key: EndpointKey) -> Exemption | None:
        self.asked.append(key)
        return self.exemption if self.exemption and self.exemption.key == key else None

    def verdict(self, *pairs: tuple[str, str]) -> Verdict:
        made = decide(
            request(*(pairs or LAPTOP)),
            self.config,
            lambda key: record(NOW - 3600, Compliance.NONCOMPLIANT) if key == KEY else None,
            self.trail,
            has_uri_attribute=True,
            waited=True,
            read_exemption=self.read,
        )
        assert isinstance(made, Verdict)
        return made

    def steps(self) -> list[tuple[str, str]]:
        return [(step.code, step.text) for step in self.trail.steps]


def test_it_gives_the_profile_and_the_decision_names_it(using: Using) -> None:
    case = Case(using())
    verdict = case.verdict()
    made = verdict.decision
    assert verdict.accept
    assert sent(verdict) == [*EMPLOYEE, *timer(10800)]  # the 4 h less the record's hour
    assert (made.exemption, made.profile, made.rule) == ("0a1b2c3d4e5f", "Employee", "")
    assert (made.reason_code, made.reason) == ("M1307", TOLD)
    assert ("M1307", TOLD) in case.steps()
    # What the rules would have said stays visible.
    codes = [code for code, _ in case.steps()]
    assert ("M1302", "Quarantined") in [(code, text.partition(":")[0]) for code, text in case.steps()]
    assert codes.index("M1307") < codes.index("M1301")
    assert " exemption=0a1b2c3d4e5f profile=Employee " in decision_line(made)
    assert {pair.name: pair.value for pair in verdict.published}["MDM-Exemption"] == "0a1b2c3d4e5f"


def test_without_one_nothing_is_different(using: Using) -> None:
    case = Case(using(), None)
    made = case.verdict().decision
    assert (made.profile, made.rule, made.exemption) == ("Quarantine", "Quarantined", "")
    assert case.asked == [KEY]
    assert "M1307" not in [code for code, _ in case.steps()]
    assert "exemption" not in decision_line(made)


@pytest.mark.parametrize(
    ("left", "profile", "seconds"), [(1, "Employee", 1), (0.4, "Employee", 1), (0, "Quarantine", None)]
)
def test_it_ends_to_the_second(left: float, profile: str, seconds: int | None, using: Using) -> None:
    verdict = Case(using(), replace(ONE, until=NOW + left)).verdict()
    assert verdict.decision.profile == profile
    assert ("Session-Timeout", ":=", str(seconds or 10800)) in sent(verdict)


@pytest.mark.parametrize(("left", "seconds"), [(600.9, 600), (10799, 10799), (86400, 10800)])
def test_no_timer_goes_beyond_its_end(left: float, seconds: int, using: Using) -> None:
    assert sent(Case(using(), replace(ONE, until=NOW + left)).verdict())[-2:] == timer(seconds)


def test_one_that_was_ended_does_not_count(using: Using) -> None:
    ended = replace(ONE, ended_at=NOW - 1, ended_by="bob", end_reason="device replaced")
    assert Case(using(), ended).verdict().decision.profile == "Quarantine"


def test_of_a_mac_it_is_for_who_is_identified_by_the_mac(using: Using) -> None:
    """The laptop sends that MAC too, and is identified by its certificate."""
    station = replace(ONE, key=STATION)
    assert Case(using(), station).verdict().decision.profile == "Quarantine"
    made = Case(using(), station).verdict(*MAB).decision
    assert (made.profile, made.identity_kind, made.exemption) == ("Employee", "mac", ONE.id)


def test_it_does_not_help_who_is_refused(using: Using) -> None:
    case = Case(using())
    verdict = case.verdict(*LAPTOP, (URI_ATTRIBUTE, f"ID:Intune:GUID:{OTHER}"))
    assert not verdict.accept
    assert (verdict.decision.reason_code, verdict.decision.exemption) == ("M1110", "")
    assert case.asked == []


def test_a_profile_that_rejects_blocks(using: Using) -> None:
    verdict = Case(using(), replace(ONE, profile="Reject")).verdict()
    assert not verdict.accept
    made = verdict.decision
    assert (made.outcome, made.reason_code, made.profile) == (Outcome.REJECT, "M1307", "Reject")
    assert made.reason == TOLD.replace("profile Employee", "profile Reject")


def test_a_profile_that_is_gone_leaves_it_to_the_rules(using: Using) -> None:
    case = Case(using(), replace(ONE, profile="Former"))
    made = case.verdict().decision
    assert (made.profile, made.rule, made.exemption, made.reason_code) == ("Quarantine", "Quarantined", "", "M1302")
    told = TOLD.replace("profile Employee", "profile Former")
    assert ("M1308", f"{told}, which mdm.toml does not have") in case.steps()


def test_one_that_can_not_be_read_leaves_an_endpoint_of_which_nothing_is_known(using: Using) -> None:
    """It could be one that blocks a compliant device."""
    case = Case(using())

    def fails(key: EndpointKey) -> Exemption | None:
        raise StoreError("it is busy")

    case.read = fails  # type: ignore[method-assign]
    made = case.verdict().decision
    assert (made.profile, made.compliance, made.reachable) == ("Restricted", "Unknown", "UnReachable")
    assert ("M1901", "it is busy") in case.steps()


def test_in_monitor_mode_it_is_what_would_be(using: Using) -> None:
    made = Case(using(MONITOR)).verdict().decision
    assert (made.profile, made.would_be_profile, made.would_be_rule) == ("Monitor", "Employee", "")
    assert (made.reason_code, made.exemption) == ("M1304", ONE.id)


def test_a_rule_that_is_tried_out_does_not_count(using: Using) -> None:
    made = Case(using(('name = "Quarantined"\n', 'name = "Quarantined"\nmode = "monitor"\n'))).verdict().decision
    assert (made.profile, made.would_be_profile) == ("Employee", "")


def test_a_line_of_an_earlier_version_can_be_read() -> None:
    line = json.loads(Decision("0" * 24, 1.0, Outcome.ACCEPT).to_json())
    assert line.pop("exemption") == ""
    assert Decision.from_json(json.dumps(line)).exemption == ""


def ended(at: float, by: str = "bob") -> Exemption:
    return replace(ONE, ended_at=at, ended_by=by, end_reason="device replaced")


# What is known, what is told, and whether that takes its place.
MERGES = [
    (None, ONE, True),
    (ONE, ONE, False),
    (ONE, ended(NOW), True),
    (ended(NOW), ONE, False),
    (ended(NOW), ended(NOW + 1), True),
    (ended(NOW + 1), ended(NOW), False),
    # Ended by a node whose clock is behind the one that made it.
    (ONE, ended(ONE.made_at - 5), True),
    (ended(ONE.made_at - 5), ONE, False),
    (ended(NOW, "alice"), ended(NOW, "bob"), True),
    (ended(NOW, "bob"), ended(NOW, "alice"), False),
]


@pytest.mark.parametrize(("known", "told", "wins"), MERGES)
def test_the_later_change_stays(known: Exemption | None, told: Exemption, wins: bool) -> None:
    assert newer(known, told) is wins


def test_the_order_in_which_nodes_hear_of_it_does_not_matter() -> None:
    told = (ONE, ended(NOW), ended(NOW + 1, "alice"), ended(NOW + 1, "bob"), ended(ONE.made_at - 5))
    for heard in itertools.permutations(told):
        known: Exemption | None = None
        for each in heard:
            known = each if newer(known, each) else known
        assert known == ended(NOW + 1, "bob")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"id": "0A1B2C3D4E5F"}, "12 hexadecimal digits"),
        ({"reason": "ab"}, "the reason is one line of 3 to 200 characters"),
        ({"reason": "two\nlines"}, "the reason is one line"),
        ({"reason": "\x1b[2J" + "x" * 5}, "the reason is one line"),
        ({"reason": "x" * 201}, "the reason is one line"),
        ({"author": ""}, "the author is one line"),
        ({"profile": ""}, "the profile is one line"),
        ({"until": NOW - 61}, "ends after it begins"),
        ({"until": float("inf")}, "ends after it begins"),
        ({"made_at": float("nan")}, "ends after it begins"),
        ({"until": NOW + 91 * 86400}, "90 days at most"),
        ({"ended_at": NOW}, "who ended it is one line"),
    ],
)
def test_what_no_exemption_can_be(changes: dict[str, object], says: str) -> None:
    check(ONE)
    check(ended(NOW))
    with pytest.raises(ValueError, match=says):
        check(replace(ONE, **changes))  # type: ignore[arg-type]
