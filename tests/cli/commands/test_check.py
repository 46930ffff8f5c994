"""`mdmctl check` in the terminal: what it prints, as JSON too, its exit status, its progress."""

from __future__ import annotations

import argparse
import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from freeradius_mdm.cli.command import Exit
from freeradius_mdm.cli.commands import check
from freeradius_mdm.cli.context import Context
from freeradius_mdm.cli.main import main
from freeradius_mdm.cli.show.report import show_report
from freeradius_mdm.operations.site_check.finding import CheckReport, Finding, State
from tests.operations.site_check.sites import site

REPORT = CheckReport(
    (
        Finding("configuration.mdm-toml", State.OK, "3 rules", "/etc/mdm.toml"),
        Finding("release.version", State.OK, "FreeRADIUS 3.2.7 (freeradius)"),
        Finding("raddb.threads", State.WARNING, "few threads", "/etc/radiusd.conf:10", "start_servers = 64", "M1822"),
        Finding("loopback.profiles", State.ERROR, "profile A: \x1b[2J is missing", "", "see above", "M1826"),
        Finding("coa.devices", State.SKIPPED, "not tried", "", "mdmctl check --coa"),
    ),
    12.3,
)
TEXT = """\
mdm.toml and downloadable ACLs
  ok       3 rules
Release of FreeRADIUS
  ok       FreeRADIUS 3.2.7 (freeradius)
FreeRADIUS's configuration
  warning  M1822 few threads
           where: /etc/radiusd.conf:10
           next: start_servers = 64
Loopback request
  ERROR    M1826 profile A: \\x1b[2J is missing
           next: see above
Change of authorization
  skipped  not tried
           next: mdmctl check --coa
1 error, 1 warning, 1 skipped, 12 s
"""


def test_the_report() -> None:
    out = io.StringIO()
    show_report(Console(file=out, highlight=False, soft_wrap=True, markup=False), REPORT)
    assert out.getvalue() == TEXT


def test_a_report_without_anything_to_do() -> None:
    out = io.StringIO()
    show_report(Console(file=out, soft_wrap=True), CheckReport(REPORT.findings[:1], 0.5))
    assert out.getvalue().splitlines()[-1] == "no errors, no warnings, 0 skipped, 500 ms"


def test_the_report_as_json() -> None:
    body = check.as_json(REPORT)
    assert (body["passed"], body["seconds"]) == (False, 12.3)
    assert json.loads(json.dumps(body))["findings"][2] == {
        "subject": "raddb",
        "check": "raddb.threads",
        "state": "warning",
        "text": "few threads",
        "where": "/etc/radiusd.conf:10",
        "advice": "start_servers = 64",
        "code": "M1822",
    }


@pytest.fixture
def program(tmp_path: Path) -> str:
    """Something that tells a version as FreeRADIUS does, and finds no error."""
    file = tmp_path / "radiusd"
    file.write_text("#!/bin/sh\necho 'radiusd: FreeRADIUS Version 3.2.7, for host x86_64-pc-linux-gnu'\n")
    file.chmod(0o755)
    return str(file)


def test_errors_are_exit_status_1(tmp_path: Path, program: str, capsys: pytest.CaptureFixture[str]) -> None:
    """There is no mdmd, no state directory and no dictionary of ours."""
    made = site(tmp_path)
    status = main(["--config", str(made.config_file), "check", "--radiusd", program, "--no-loopback"])
    said = capsys.readouterr()
    assert status == 1
    assert said.err == ""
    lines = said.out.splitlines()
    assert f"  ok       FreeRADIUS 3.2.7 ({program})" in lines
    assert "  skipped  no reply is compared with what was meant" in lines
    assert any(line.startswith("  ERROR    M1825 mdmd does not answer at 127.0.0.1:8650 (") for line in lines)
    assert "           where: 127.0.0.1:8650" in lines
    assert "           next: systemctl status mdmd; journalctl -u mdmd" in lines
    assert lines[-1].startswith(f"{said.out.count('  ERROR ')} errors, ")


def test_json_is_one_document(tmp_path: Path, program: str, capsys: pytest.CaptureFixture[str]) -> None:
    made = site(tmp_path)
    status = main(["--config", str(made.config_file), "check", "--radiusd", program, "--no-loopback", "--json"])
    body = json.loads(capsys.readouterr().out)
    assert (status, body["passed"]) == (1, False)
    assert {each["state"] for each in body["findings"]} == {"ok", "warning", "error", "skipped"}


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_is_for_a_terminal(tmp_path: Path, program: str, terminal: bool) -> None:
    """On standard error, and nothing of it on standard output."""
    made = site(tmp_path)
    out, err = io.StringIO(), io.StringIO()
    context = Context(
        made.config_file,
        out=Console(file=out, soft_wrap=True, width=200),
        err=Console(file=err, force_terminal=terminal, width=200),
    )
    arguments = argparse.Namespace(raddb=None, no_loopback=True, coa=False, radiusd=program)
    assert check.COMMAND.run(context, arguments) is Exit.FAILED
    assert ("checking network devices" in err.getvalue()) is terminal
    assert "checking" not in out.getvalue()
    assert bool(err.getvalue()) is terminal


def test_a_faulty_mdm_toml_is_a_finding(tmp_path: Path, program: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The rest is checked all the same."""
    made = site(tmp_path)
    text = made.config_file.read_text()
    made.config_file.write_text(text.replace("vlan = 20", "vlan = 5000"))
    status = main(["--config", str(made.config_file), "check", "--radiusd", program, "--json"])
    found = {each["check"]: each for each in json.loads(capsys.readouterr().out)["findings"]}
    assert status == 1
    assert found["configuration.mdm-toml"]["code"] == "M1820"
    assert found["raddb.threads"]["state"] == "ok"
    assert found["loopback.server"]["text"] == "mdm.toml has errors"
    assert found["coa.secrets"]["state"] == "skipped"


def test_no_freeradius_at_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = site(tmp_path)
    (made.raddb / "radiusd.conf").unlink()
    status = main(["--config", str(made.config_file), "check", "--radiusd", "/no/such", "--json"])
    found = {each["check"]: each for each in json.loads(capsys.readouterr().out)["findings"]}
    assert status == 1
    assert found["release.version"]["text"] == "no FreeRADIUS is found here"
    assert found["raddb.read"]["text"] == "there is no FreeRADIUS configuration"
    assert found["syntax.radiusd"]["state"] == "skipped"
    assert found["loopback.server"]["state"] == "skipped"


def test_a_configuration_that_can_not_be_read(tmp_path: Path, program: str, capsys: pytest.CaptureFixture[str]) -> None:
    made = site(tmp_path)
    (made.raddb / "clients.conf").write_text("client x\n{\n}\n}\n")
    main(["--config", str(made.config_file), "check", "--radiusd", program, "--no-loopback", "--json"])
    found = {each["check"]: each for each in json.loads(capsys.readouterr().out)["findings"]}
    assert found["raddb.read"]["state"] == "error"
    assert found["raddb.read"]["where"].startswith(f"{made.raddb}/clients.conf:")
    assert found["syntax.radiusd"]["state"] == "ok"  # the program's own word


def test_no_mdm_toml(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--config", str(tmp_path / "mdm.toml"), "check"]) == 3
    assert capsys.readouterr().err.startswith("M1801 there is no configuration file")
