"""The short form of `make fleet`: a few hundred sessions, three intervals, every scenario; and what it has to notice.

Half an hour with intervals of 10 and 2.5 minutes instead of nine hours with 60 and 15; the rest is as in the long form.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from freeradius_mdm.lab.fleet import promises, report
from freeradius_mdm.lab.fleet.day import Result, simulate
from freeradius_mdm.lab.fleet.scenario import SCENARIOS, Kill, KillAt, Scenario
from freeradius_mdm.lab.fleet.site import Settings
from freeradius_mdm.lab.fleet.tally import Fate

SHORT = Settings(
    sessions=100,
    hours=0.5,
    reauth_interval=600,
    recheck_interval=150,
    polling_interval=900,
    changing=0.3,
    signing_in=100,
    per_nas=10,
)

SHORTER = replace(SHORT, hours=0.35)  # two intervals, for what is to be noticed


def day(directory: Path, scenario: Scenario, settings: Settings = SHORT) -> Result:
    return simulate(scenario, settings, directory, lambda _: None)


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_promise_is_kept(name: str, tmp_path: Path) -> None:
    result = day(tmp_path, SCENARIOS[name])
    assert promises.broken(result) == [], report.render(result)
    assert result.tally.by_timer > SHORT.sessions
    assert sum(change.fate is Fate.BY_COA for change in result.tally.changes) > 20
    assert "every promise was kept" in report.render(result)


def said(result: Result) -> str:
    return "\n".join(promises.broken(result))


def test_without_rechecks_changes_are_noticed_late(tmp_path: Path) -> None:
    result = day(tmp_path, SCENARIOS["list-503"], replace(SHORTER, recheck_interval=0, rate=2.0))
    assert "noticed later than" in said(result)


def test_a_rate_that_is_too_small_leaves_records_due(tmp_path: Path) -> None:
    # 100 devices that have to be renewed once in 600 s less a margin of 60 s take 0.19 questions a second.
    result = day(tmp_path, SCENARIOS["steady"], replace(SHORTER, rate=0.1))
    assert "found a record that was due" in said(result)


def test_a_network_device_that_acts_on_retransmissions_is_noticed(tmp_path: Path) -> None:
    result = day(tmp_path, replace(SCENARIOS["steady"], forgetful=True, loss=0.3), SHORTER)
    assert Fate.SEVERAL in {change.fate for change in result.tally.changes}
    assert "SEVERAL EFFECTS" in said(result)


def test_orders_lost_at_a_kill_are_noticed(tmp_path: Path) -> None:
    kills = tuple(Kill(at, KillAt.TOLD) for at in (0.3, 0.5))
    result = day(tmp_path, replace(SCENARIOS["killed"], kills=kills, forgotten_orders=True), SHORTER)
    assert "from Intune's answer to what follows from it" in said(result)
