"""`mdmctl exempt`: made, listed, ended; by whom; and what it refuses."""

from __future__ import annotations

import json
import os
import pwd
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from freeradius_mdm.cli.command import Exit
from freeradius_mdm.cli.main import main
from freeradius_mdm.lab.radius.nas_request import Behaviour, Mood
from tests.operations.office import Office, office
from tests.service.fakes import until_now

ME = pwd.getpwuid(os.geteuid()).pw_name


@pytest.fixture
def o(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.delenv("SUDO_USER", raising=False)
    monkeypatch.setenv("COLUMNS", "400")
    with office(tmp_path) as made:
        yield made


def run(o: Office, *arguments: str) -> int:
    return main(["--config", str(o.config), "exempt", *arguments])


def test_made_listed_and_ended(o: Office, capsys: pytest.CaptureFixture[str]) -> None:
    o.set("noncompliant", o.key().value)
    o.starts()
    arguments = ("--until", "2d", "--profile", "Employee", "--reason", "replacement ordered", "--author", "Ann Op")
    began = time.time()
    assert run(o, o.mac(), *arguments) == Exit.DONE
    out = capsys.readouterr().out.splitlines()
    session = o.session()
    assert out[0].split(None, 1) == ["endpoint", f"{o.key()} (by the MAC of its live session)"]
    found = re.fullmatch(rf"exemption +([0-9a-f]{{12}}) by Ann Op \(by {ME}\): replacement ordered", out[1])
    assert found is not None, out
    assert out[2].split() == ["profile", "Employee"]
    assert re.fullmatch(r"until +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \S+, in (2 d|1 d 23 h)( .*)?", out[3]), out[3]
    assert re.fullmatch(
        rf"sessions +session {session.id[:8]} on switch, 00-50-56-00-00-01: "
        r"gets profile Employee instead of Quarantine; order [0-9a-f]{24}: .*",
        out[4],
    )
    until_now(lambda: o.session().profile == "Employee")

    assert run(o, "list", "--json") == Exit.DONE
    (listed,) = json.loads(capsys.readouterr().out)["exemptions"]
    assert (listed["id"], listed["state"], listed["author"]) == (found[1], "in force", f"Ann Op (by {ME})")
    assert abs(listed["until"] - began - 2 * 86400) < 60
    assert run(o, "list") == Exit.DONE
    table = capsys.readouterr().out
    assert f"{found[1]}   in force   {o.key()}   Employee" in table
    assert f"Ann Op (by {ME})   replacement ordered" in table

    assert run(o, "end", found[1], "--reason", "device replaced") == Exit.DONE
    out = capsys.readouterr().out.splitlines()
    assert out[0].split(None, 1) == ["exemption", f"{found[1]} is ended by {ME}: device replaced"]
    assert "gets profile Quarantine instead of Employee" in out[1]
    until_now(lambda: o.session().profile == "Quarantine")
    assert run(o, "list") == Exit.DONE
    assert "no exemptions" in capsys.readouterr().err
    assert run(o, "list", "--all") == Exit.DONE
    assert f"by {ME}: device replaced" in capsys.readouterr().out
    assert run(o, "end", found[1], "--reason", "again") == Exit.FAILED
    assert f"M1835 exemption {found[1]} has ended already" in capsys.readouterr().err
    assert run(o, "end", "000000000000", "--reason", "again") == Exit.NOT_FOUND
    assert capsys.readouterr().err == (
        "M1806 no exemption has the id '000000000000'\n"
        "  where: mdmd\n"
        "  allowed: the id of an exemption in force\n"
        "  next: mdmctl exempt list\n"
    )


def test_a_session_that_the_switch_no_longer_has(o: Office, capsys: pytest.CaptureFixture[str]) -> None:
    """RFC 5176 section 3.5: Error-Cause 503, Session-Context-Not-Found."""
    o.starts()
    session = o.session()
    o.nas.behaviour = Behaviour(Mood.NAK, 503)
    assert run(o, o.mac(), "--until", "2d", "--profile", "Quarantine", "--reason", "lost its lock") == Exit.DONE
    line = capsys.readouterr().out.splitlines()[4]
    assert re.fullmatch(
        rf"sessions +session {session.id[:8]} on switch, 00-50-56-00-00-01: "
        r"was to get profile Quarantine instead of Employee; order [0-9a-f]{24}: gone, reauthenticate, M1602, "
        r"the network device has no such session any more.*; ended, gone",
        line,
    ), line


def test_a_randomised_mac_is_refused_and_a_device_behind_one_is_not(
    o: Office, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(o, "02-00-00-00-00-01", *GIVEN) == Exit.FAILED
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("M1835 020000000001 is randomised (locally administered)")
    assert "\n  allowed: a device id, or a MAC that the maker gave" in told.err
    assert "\n  next: exempt the device by its device id" in told.err
    assert run(o, "list", "--json") == Exit.DONE
    assert json.loads(capsys.readouterr().out) == {"exemptions": []}
    # A certificate identifies the laptop, whatever MAC it has in the air.
    monkeypatch.setattr(o, "mac", lambda number=1: f"DA-11-19-00-00-{number:02X}")
    o.starts()
    assert run(o, "da1119000001", *GIVEN) == Exit.DONE
    assert capsys.readouterr().out.splitlines()[0].split(None, 1) == [
        "endpoint",
        f"{o.key()} (by the MAC of its live session)",
    ]


def test_who_called_sudo_is_named(
    o: Office, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SUDO_USER", "ann")
    arguments = ("--until", "8h", "--profile", "Employee", "--reason", "why not", "--json")
    assert run(o, o.key().value, *arguments) == Exit.DONE
    assert json.loads(capsys.readouterr().out)["author"] == (f"ann (by {ME})" if os.geteuid() == 0 else ME)


GIVEN = ("--until", "2d", "--profile", "Employee", "--reason", "why not")
PROFILES = "Employee, Quarantine, Restricted, Monitor, Reject"
# Arguments without one pair, what it says, what is allowed.
WRONG = [
    ((*GIVEN[:2], *GIVEN[4:]), "M1800 --profile is missing: an exemption names what it gives", PROFILES),
    (GIVEN[:4], "M1800 --reason is missing", "mdmctl exempt ID --until ... --reason ... --profile ..."),
    (GIVEN[2:], "M1800 --until is missing", "mdmctl exempt ID --until ... --reason ... --profile ..."),
    ((*GIVEN, "--all"), "M1800 --all does not belong there", "mdmctl exempt ID --until ... --reason ... --profile ..."),
    (("--until", "2x", *GIVEN[2:]), "M1836 '2x' is no time", "8h, 2d, 2026-12-01"),
    (("--until", "91d", *GIVEN[2:]), "M1836 '91d' is more than 90 days away", "90 days at most"),
    ((*GIVEN[:3], "Nobody", *GIVEN[4:]), "M1800 no authorization profile is named 'Nobody'", PROFILES),
    ((*GIVEN[:5], "x"), "M1800 --reason 'x' is no reason", "one line of 3 to 200 characters"),
    (
        (*GIVEN, "--author", "Ann (root)"),
        "M1800 --author 'Ann (root)' is no name",
        "1 to 80 characters without brackets",
    ),
]


def test_refused(o: Office, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, says, allowed in WRONG:
        assert run(o, o.key().value, *arguments) == Exit.USAGE, arguments
        told = capsys.readouterr().err
        assert "\n  next: " in told, arguments
        assert told.startswith(says), arguments
        assert allowed in told.partition("allowed: ")[2], arguments
    assert run(o, "end", "0" * 12, "--reason", "x") == Exit.USAGE
    for arguments in (("end",), ("end", "0" * 12), ("list", "--reason", "x"), ("list", "0" * 12)):
        assert run(o, *arguments) == Exit.USAGE, arguments
    capsys.readouterr()
    assert run(o, "list", "--all", "--json") == Exit.DONE
    assert json.loads(capsys.readouterr().out) == {"exemptions": []}


def test_without_mdmd_it_lists_and_says_how_to_start_it(o: Office, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(o, o.key().value, *GIVEN) == Exit.DONE
    assert o.end() == 0
    capsys.readouterr()
    assert run(o, "list") == Exit.DONE
    assert "in force" in capsys.readouterr().out
    assert run(o, o.key().value, *GIVEN) == Exit.UNREACHABLE
    assert "next: start it: systemctl start mdmd" in capsys.readouterr().err
