"""The policy's rules with their hits."""

from __future__ import annotations

from pathlib import Path

from freeradius_mdm.decision import Outcome
from freeradius_mdm.operations.views.rules import DefaultRow, rules
from freeradius_mdm.store.query import RuleHits
from tests.builders import TOML

from .samples import NOW, accepted, make_site, rejected

ANY = """
[[rules]]
name = "Guests"
when = { "NAS:Kind" = "wireless" }
any = [{ "Radius:User-Name" = "guest" }, { "MDM:Managed" = "False", "MDM:IdentityProven" = "True" }]
profile = "Restricted"
mode = "monitor"

[profiles.Employee]
"""


def test_in_the_order_of_the_policy_with_what_is_gone_apart(tmp_path: Path) -> None:
    site = make_site(tmp_path, TOML.replace("[profiles.Employee]\n", ANY.lstrip("\n"), 1))
    site.put(
        accepted(1, NOW - 50),
        accepted(2, NOW - 10),
        accepted(3, NOW - 20),
        accepted(4, NOW - 5, rule="Quarantined", profile="Quarantine"),
        accepted(5, NOW - 90, rule="Old rule"),
        rejected(6, NOW - 30),
    )
    found = rules(site.config)
    shown = [(row.number, row.name, row.profile, row.monitor, row.hits, row.last_hit) for row in found.rules]
    assert shown == [
        (1, "Compliant", "Employee", False, 3, NOW - 10),
        (2, "Quarantined", "Quarantine", False, 1, NOW - 5),
        (3, "Unreachable", "Restricted", False, 0, None),
        (4, "Guests", "Restricted", True, 0, None),
    ]
    assert found.rules[0].when == (
        "MDM:DeviceCompliantStatus equals Compliant",
        "MDM:MDMServerReachable equals Reachable",
    )
    assert found.rules[3].conditions == (
        "NAS:Kind equals wireless and ((Radius:User-Name equals guest)"
        " or (MDM:Managed equals False and MDM:IdentityProven equals True))"
    )
    assert found.former == (RuleHits("Old rule", 1, NOW - 90),)
    assert found.default == DefaultRow("Reject", 1, NOW - 30)


def test_what_counts_as_the_default_profile(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    site.put(
        rejected(1, NOW - 9),
        # In monitor mode: would have been the default one, and another one.
        rejected(2, NOW - 8, outcome=Outcome.ACCEPT, profile="Monitor", reason_code="M1304", would_be_profile="Reject"),
        rejected(
            3, NOW - 7, outcome=Outcome.ACCEPT, profile="Monitor", reason_code="M1304", would_be_profile="Employee"
        ),
        rejected(4, NOW - 6, profile="", reason_code="M1110"),  # refused before the rules
        accepted(5, NOW - 5, rule="", profile="Reject", reason_code="M1307", exemption="0123456789ab"),
        accepted(6, NOW - 4, rule="Quarantined", profile="Reject"),
    )
    assert rules(site.config).default == DefaultRow("Reject", 2, NOW - 8)


def test_before_anything_was_decided(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    site.put()
    found = rules(site.config)
    assert [row.hits for row in found.rules] == [0, 0, 0]
    assert found.default == DefaultRow("Reject", 0, None)
