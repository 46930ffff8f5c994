"""mdmctl as a program: exit status, where text goes, and a reader that goes away."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from freeradius_mdm.cli import parser
from freeradius_mdm.cli.command import Exit
from freeradius_mdm.cli.commands import COMMANDS
from tests.operations.views.samples import Site, accepted, make_site

MODULE = str(Path(__file__).parents[2] / "module")


def mdmctl(*arguments: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": MODULE, "MDM_CONFIG": "/nowhere/mdm.toml"}
    command = [sys.executable, "-m", "freeradius_mdm.cli.main", *arguments]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    made = make_site(tmp_path)
    made.put(*(accepted(number, 1_800_000_000.0 + number) for number in range(400)))
    return made


@pytest.mark.parametrize(
    ("arguments", "status", "first"),
    [
        ((), 2, "M1800 the following arguments are required: COMMAND"),
        (("nonsense",), 2, "M1800 argument COMMAND: invalid choice: 'nonsense'"),
        (("decisions",), 3, "M1801 there is no configuration file"),
        # Its value is not taken for a command, and a command is not asked for first.
        (
            ("--bogus",),
            2,
            "M1800 unrecognized arguments: --bogus\n  allowed: mdmctl [-h] [--config FILE] COMMAND ...; ",
        ),
        (("--bogus", "x", "sessions"), 2, "M1800 unrecognized arguments: --bogus\n"),
        (("--config", "/nowhere", "-x", "sessions"), 2, "M1800 unrecognized arguments: -x\n"),
        (("--config=/nowhere", "sessions"), 3, "M1801 there is no configuration file"),
        (("--conf", "/nowhere", "sessions"), 3, "M1801 there is no configuration file"),
        (("completion",), 2, "M1800 the following arguments are required: bash|zsh|servers|profiles\n"),
        (("cert",), 2, "M1800 the following arguments are required: new|show|switch\n"),
        (("exempt", "x", "--until", "2x", "--profile", "y", "--reason", "why"), 3, "M1801 "),
    ],
)
def test_errors_go_to_standard_error(arguments: tuple[str, ...], status: int, first: str) -> None:
    process = mdmctl(*arguments)
    out, err = process.communicate(timeout=60)
    assert out == ""
    assert process.returncode == status
    assert err.startswith(first)
    assert "\n  next: " in err


def test_an_unknown_option_is_answered_with_what_that_command_takes() -> None:
    _, err = mdmctl("sessions", "--since", "2h").communicate(timeout=60)
    what, allowed, following = err.splitlines()
    assert what == "M1800 unrecognized arguments: --since 2h"
    assert re.fullmatch(r"  allowed: mdmctl sessions \[-h\].*\[--mac MAC\].*", allowed)
    assert following == "  next: mdmctl sessions --help"


@pytest.mark.parametrize("columns", ["60", "80", "100", "200"])
def test_help_has_the_exit_statuses_and_breaks_no_path(columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.delenv("MDM_CONFIG", raising=False)
    monkeypatch.setattr(parser, "default_config", lambda: Path(parser.USUAL_PLACES[0]))
    text = parser.build(COMMANDS).format_help()
    assert "/etc/freeradius/3.0/mods-config/mdm/mdm.toml" in text
    statuses = text.partition("exit status:\n")[2].splitlines()
    assert [int(line.split()[0]) for line in statuses] == list(Exit)


def test_every_command_that_lists_or_orders_tells_its_exit_status() -> None:
    quiet = {"manual", "completion", "codes", "show", "explain", "disable", "cert"}
    assert {each.name for each in COMMANDS if "Exit status:" not in each.description} == quiet


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_a_reader_that_goes_away_is_no_error(form: tuple[str, ...], site: Site) -> None:
    process = mdmctl("--config", str(site.file), "decisions", "--limit", "400", *form)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait(60) == 0
    process.stderr.close()
