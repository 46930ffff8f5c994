"""`mdmctl live` into a pipe, and as JSON lines; the terminal is in test_live_terminal.py."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from freeradius_mdm.cli.main import main
from tests.operations.views.samples import NOW, Site, accepted, make_site, rejected

from .running import run
from .terminal import DEADLINE

ALL_COLUMNS = (
    "Time Status Details # Identity Endpoint ID Access Method Rule Profile IP Address NAS Port Source Compliance"
    " MDM Server Session Reason"
)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.delenv("COLUMNS", raising=False)
    time.tzset()
    made = make_site(tmp_path)
    made.put(
        *(accepted(n, NOW - 3600 + n) for n in range(1, 26)),
        rejected(26, NOW - 60),
        accepted(27, NOW - 30),
        accepted(28),
    )
    return made


def shown(out: str) -> list[str]:
    """The ids of a pipe's lines, which have the third place behind date, time and status."""
    return [line.split()[3] for line in out.splitlines()[1:]]


def test_into_a_pipe_goes_every_decision_with_every_column(site: Site) -> None:
    ran = run(site, "live", "--once", "--limit", "3", width=None)
    header, *lines = ran.out.splitlines()
    assert header.split() == ALL_COLUMNS.split()
    laptop = (
        "host/laptop 00-50-56-A1-B2-C3 wired EAP-TLS Compliant Employee sw-12 Gi1/0/7 certificate-uri Compliant Intune"
        " M1302 rule Compliant"
    )
    tablet = (
        "anna@contoso.example DA-11-19-00-00-01 wireless PEAP Reject wlc-1 none M1305 no rule matched, profile Reject"
    )
    assert [" ".join(line.split()) for line in lines] == [
        f"2026-11-23 13:59:00 reject 0000001a {tablet}",
        f"2026-11-23 13:59:30 accept 0000001b {laptop}",
        f"2026-11-23 14:00:00 accept 0000001c {laptop}",
    ]


def test_the_last_20_unless_told_otherwise(site: Site) -> None:
    assert shown(run(site, "live", "--once", width=None).out) == [f"{n:08x}" for n in range(9, 29)]
    assert shown(run(site, "live", "--once", "--since", "1m", width=None).out) == ["0000001a", "0000001b", "0000001c"]
    assert len(shown(run(site, "live", "--once", "--all", width=None).out)) == 28
    found = run(site, "live", "--once", "--all", "--outcome", "reject", width=None).out
    assert shown(found) == ["0000001a"]


def test_grouped_into_a_pipe(site: Site) -> None:
    out = run(site, "live", "--once", "--all", "--group", width=None).out
    assert [line.split()[3:6] for line in out.splitlines()[1:]] == [
        ["0000001c", "27", "host/laptop"],
        ["0000001a", "anna@contoso.example", "DA-11-19-00-00-01"],
    ]


def test_json_lines(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    run(site, "live", "--once", "--json", "--limit", "2")
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["seq"], first["id"][:8], first["reason_code"], first["outcome"]) == (
        27,
        "0000001b",
        "M1302",
        "accept",
    )
    assert second["id"][:8] == "0000001c"
    assert "repeat_count" not in first
    run(site, "live", "--once", "--json", "--all", "--group")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["id"][:8], line["repeat_count"], line["first_at"]) for line in lines] == [
        ("0000001c", 27, NOW - 3599),
        ("0000001a", 1, NOW - 60),
    ]


@contextmanager
def following(site: Site, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "freeradius_mdm.cli.main", "--config", str(site.file), "live", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as process:
        try:
            yield process
        finally:
            process.kill()


def read_until(process: subprocess.Popen[bytes], enough: Callable[[str], bool]) -> str:
    assert process.stdout is not None
    text, end = b"", time.monotonic() + DEADLINE
    while not enough(text.decode()):
        left = end - time.monotonic()
        assert left > 0, f"not seen in time: {text!r}"
        if select.select([process.stdout], [], [], left)[0]:
            data = os.read(process.stdout.fileno(), 65536)
            assert data, f"ended: {text!r}"
            text += data
    return text.decode()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_follows_into_a_pipe_until_a_signal(site: Site, number: signal.Signals) -> None:
    with following(site, "--limit", "1") as process:
        assert shown(read_until(process, lambda text: text.count("\n") == 2)) == ["0000001c"]
        site.put(accepted(0x30, NOW + 1))
        assert "00000030" in read_until(process, lambda text: text.endswith("\n"))
        site.put(rejected(0x31, NOW + 2))
        assert "00000031" in read_until(process, lambda text: text.endswith("\n"))
        process.send_signal(number)
        out, err = process.communicate(timeout=DEADLINE)
    assert (process.returncode, out) == (0, b"")
    assert b"Traceback" not in err


def test_it_follows_within_a_second(site: Site) -> None:
    """Most of the time, for the machine may be busy with other tests."""
    took = []
    with following(site, "--json", "--limit", "1") as process:
        read_until(process, lambda text: text.endswith("\n"))
        for number in range(0x30, 0x35):
            site.put(accepted(number, NOW + number))
            stored = time.monotonic()
            assert f"{number:08x}" in read_until(process, lambda text: text.endswith("\n"))
            took.append(time.monotonic() - stored)
    assert sorted(took)[2] < 1.0


@pytest.mark.parametrize("arguments", [["--limit", "1"], ["--limit", "1", "--json"]])
def test_a_reader_that_goes_away_ends_it_quietly(site: Site, arguments: list[str]) -> None:
    with following(site, *arguments) as process:
        read_until(process, lambda text: "\n" in text)
        assert process.stdout is not None
        process.stdout.close()
        site.put(accepted(0x30, NOW + 1))
        process.wait(DEADLINE)
        assert process.stderr is not None
        assert b"Traceback" not in process.stderr.read()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (
            ["live", "--until", "14:00"],
            "M1800 --until has an end, following has none\n"
            "  allowed: --until together with --once\n"
            "  next: mdmctl decisions lists what was decided until then\n",
        ),
        (
            ["decisions", "--since", "1h", "--until", "2h"],
            "M1800 --since 1h is not before --until 2h\n"
            "  allowed: two moments, the earlier one for --since; each is how long ago (90s, 10m, 2h, 3d), 14:00,"
            " 2026-11-23, or '2026-11-23 14:00', in this terminal's time zone\n"
            "  next: exchange them, or leave one out\n",
        ),
        (
            ["decisions", "--since", "yesterday"],
            "M1800 'yesterday' is no moment\n"
            "  allowed: how long ago (90s, 10m, 2h, 3d), 14:00, 2026-11-23, or '2026-11-23 14:00', in this terminal's"
            " time zone\n"
            "  next: write it as one of these, in quotes where it has a blank\n",
        ),
        (
            ["sessions", "--mac", "00:50:56"],
            "M1800 '00:50:56' is not a MAC address\n"
            "  allowed: the address of one station, for example 00-50-56-A1-B2-C3\n"
            "  next: write all 12 digits; --user takes a name\n",
        ),
        (
            ["devices", "--identity", "laptop"],
            "M1800 'laptop' is not what an MDM server is asked about\n"
            "  allowed: a device id of 8-4-4-4-12 hexadecimal digits, or a MAC address\n"
            "  next: mdmctl devices lists them; --user takes a name\n",
        ),
        (
            ["devices", "--limit", "0"],
            "M1800 --limit '0' is no limit\n"
            "  allowed: 1 to 100000\n"
            "  next: leave it out for the usual one; --help says which one that is\n",
        ),
        (
            ["sessions", "--rule", "Guests"],
            "M1800 no rule is named 'Guests'\n"
            "  where: {file}\n"
            "  allowed: Compliant, Quarantined, Unreachable\n"
            "  next: mdmctl rules lists them\n",
        ),
        (
            ["sessions", "--profile", "Guests"],
            "M1800 no authorization profile is named 'Guests'\n"
            "  where: {file}\n"
            "  allowed: Employee, Quarantine, Restricted, Monitor, Reject\n"
            "  next: name one of these\n",
        ),
        (
            ["devices", "--server", "intune"],
            "M1800 no MDM server is named 'intune'\n"
            "  where: {file}\n"
            "  allowed: Intune\n"
            "  next: mdmctl servers lists them\n",
        ),
    ],
)
def test_wrong_values_name_what_is_allowed(
    site: Site, arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--config", str(site.file), *arguments]) == 2
    assert capsys.readouterr().err == expected.format(file=site.file)


@pytest.mark.parametrize(
    ("arguments", "allowed"),
    [
        (["decisions", "--outcome", "dropped"], "(choose from 'accept', 'reject')"),
        (
            ["devices", "--state", "ok"],
            "(choose from 'compliant', 'noncompliant', 'unregistered', 'unknown', 'due')",
        ),
        (["sessions", "--state", "open"], "(choose from 'live', 'authorized', 'started', 'ended', 'all')"),
        (["sessions", "--by", "user"], "(choose from 'device', 'nas', 'rule', 'profile')"),
        # M18xx are those of commands, which no decision has.
        (["live", "--code", "M0001"], "beginning of a code: M10, M11, M12, M13, M14, M15, M16, M17, M19\n"),
        (["decisions", "--code", "M9"], "M1800 'M9': no code of a decision begins so\n  allowed: M and four digits, "),
        (["decisions", "--code", "1115"], "M1800 '1115': not a code\n"),
    ],
)
def test_wrong_choices(site: Site, arguments: list[str], allowed: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--config", str(site.file), *arguments]) == 2
    assert allowed in capsys.readouterr().err


def test_a_former_rule_and_profile_can_be_asked_for(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.put(accepted(0x40, NOW, rule="Old rule", profile="Old profile"))
    assert main(["--config", str(site.file), "decisions", "--json", "--rule", "Old rule"]) == 0
    assert main(["--config", str(site.file), "decisions", "--profile", "Old profile"]) == 0
    assert "Old profile" in capsys.readouterr().out


def test_a_code_by_its_beginning(site: Site) -> None:
    assert shown(run(site, "live", "--once", "--all", "--code", "m130", width=None).out) == [
        f"{n:08x}" for n in range(1, 29)
    ]
    assert shown(run(site, "live", "--once", "--all", "--code", "M1305", width=None).out) == ["0000001a"]
    assert shown(run(site, "live", "--once", "--all", "--code", "M11", width=None).out) == []


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_once_says_when_nothing_matches(site: Site, form: tuple[str, ...]) -> None:
    for more in (("--all",), ("--since", "1h"), ()):
        assert run(site, "live", "--once", "--user", "nobody", *more, *form, width=None).err == "no decisions match"
        assert run(site, "live", "--once", "--user", "host/laptop", *more, *form, width=None).err == ""


WITHOUT = (("explain", "00-50-56-00-00-01"), ("show", "4f1c02"), ("exempt", "list"))


@pytest.mark.parametrize(
    "command", [*((each,) for each in ("live", "devices", "sessions", "decisions", "servers", "rules")), *WITHOUT]
)
def test_without_a_store(tmp_path: Path, command: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    made = make_site(tmp_path)
    assert main(["--config", str(made.file), *command]) == 4
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == (
        f"M1803 store {made.store} can't be read: unable to open database file\n"
        "  allowed: the store that mdmd has made, read by root, or as mdmd's or radiusd's user\n"
        "  next: start mdmd, which makes and upgrades the store; else run mdmctl as one of these users\n"
    )
