"""`mdm-lab fleet`: what it takes."""

from __future__ import annotations

import pytest

from freeradius_mdm.lab.fleet import cli
from freeradius_mdm.lab.fleet.scenario import SCENARIOS


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--scenario", "sunny"], "'steady'"),
        (["--sessions", "0"], "--sessions is 1 or more"),
        (["--hours", "2"], "--hours 2.5 or more"),
    ],
)
def test_wrong_arguments(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        cli.main(arguments)
    assert end.value.code == 2
    assert said in capsys.readouterr().err


def test_help_names_every_scenario(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        cli.main(["--help"])
    assert end.value.code == 0
    text = capsys.readouterr().out
    assert all(name in " ".join(text.split()) for name in SCENARIOS)
