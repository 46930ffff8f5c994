"""The lists as a person sees them, in Berlin at 15:00 on 2026-11-23; expected tables are written by hand."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from freeradius_mdm.compliance import EndpointKey, IdKind
from freeradius_mdm.decision import Decision
from freeradius_mdm.exemption import Exemption
from freeradius_mdm.sessions.model import SessionState
from tests.builders import TOML
from tests.operations.views.samples import (
    COMPLIANT,
    LAPTOP,
    NONCOMPLIANT,
    NOW,
    PRINTER,
    TABLET,
    TABLET_MAC,
    UNREGISTERED,
    Site,
    accepted,
    make_site,
    rejected,
    session,
    waited,
)

from .running import run

# In 140 columns; the reasons are folded to what is left.
DECISIONS = """\
Time           Status   Details  Identity             Endpoint ID       Rule        Profile  NAS   Reason
11-23 14:58:55 accept!  c3d4e5f6 host/laptop          00-50-56-A1-B2-C3 Unreachable Employee sw-12 M1302 rule Unreachable (Intune
                                                                                                   unreachable)
11-23 14:55:00 reject   b2c3d4e5 anna@contoso.example DA-11-19-00-00-01             Reject   wlc-1 M1305 no rule matched, profile Reject
11-22 15:00:00 accept   a1b2c3d4 host/laptop          00-50-56-A1-B2-C3 Compliant   Employee sw-12 M1302 rule Compliant"""  # noqa: E501
HOSTILE = "eve\x1b[2J\r\n[bold]"


@pytest.fixture(autouse=True)
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """UTC + 1 h in November."""
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "Europe/Berlin")
        patched.delenv("COLUMNS", raising=False)
        time.tzset()
        yield
    time.tzset()


@pytest.fixture
def site(tmp_path: Path) -> Site:
    made = make_site(tmp_path)
    with made.writer() as writer:
        made.ingest(
            writer,
            accepted(0xA1B2C3D4, NOW - 86_400),
            rejected(0xB2C3D4E5, NOW - 300),
            accepted(0xC3D4E5F6, NOW - 65, reachable="UnReachable", rule="Unreachable", reason="rule Unreachable"),
        )
        writer.put_answer(LAPTOP, COMPLIANT, NOW - 3700)
        writer.put_answer(TABLET, NONCOMPLIANT, NOW - 20_000)
        writer.put_failure(TABLET, "M1202 no answer in 5 s", NOW - 60)
        writer.put_answer(PRINTER, UNREGISTERED, NOW - 100)
        writer.make_exemption(Exemption("0123456789ab", TABLET, "Employee", "root", "repair", NOW - 50, NOW + 3600))
        writer.put_sessions(
            [
                session(0xA1B2C3D4),
                session(0xB2C3D4E5, mac=TABLET_MAC, user="anna", framed_ip="", profile="Quarantine", coa_at=NOW - 60,
                        coa_result="M1601 push: ACK", timer_ends_at=NOW - 60),
                session(0xC3D4E5F6, state=SessionState.ENDED, end_cause="stop", ended_at=NOW - 5),
            ]
        )  # fmt: skip
    return made


def test_decisions(site: Site) -> None:
    ran = run(site, "decisions", width=140)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out == DECISIONS


def test_decisions_of_today_have_no_date_and_advice_is_on_demand(site: Site) -> None:
    site.put(rejected(0xD4E5F607, NOW - 10, reason_code="M1115", reason="a randomised MAC", rule=""))
    ran = run(site, "decisions", "--code", "m1115", "--advice", width=80)
    assert (
        ran.out
        == """\
Time     Status   Identity             Endpoint ID       Reason
14:59:50 reject   anna@contoso.example DA-11-19-00-00-01 M1115 a randomised MAC
                                                         next: use certificates,
                                                         or switch MAC
                                                         randomisation off for
                                                         this network"""
    )


def test_decisions_in_the_narrowest_terminal(site: Site) -> None:
    ran = run(site, "decisions", "--outcome", "reject", width=40)
    assert (
        ran.out
        == """\
Time     Status   Identity
14:55:00 reject   anna@contoso.example
  M1305 no rule matched, profile Reject"""
    )


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--since", "5m"], ["c3d4e5f6", "b2c3d4e5"]),
        (["--since", "14:55", "--until", "14:56"], ["b2c3d4e5"]),
        (["--until", "2026-11-23"], ["a1b2c3d4"]),
        (["--mac", "0050.56a1.b2c3"], ["c3d4e5f6", "a1b2c3d4"]),
        (["--identity", LAPTOP.value.upper(), "--rule", "Compliant"], ["a1b2c3d4"]),
        (["--nas", "wlc-1"], ["b2c3d4e5"]),
        (["--limit", "1"], ["c3d4e5f6"]),
        (["--server", "Intune", "--profile", "Employee", "--outcome", "accept"], ["c3d4e5f6", "a1b2c3d4"]),
    ],
)
def test_filters_of_decisions(
    site: Site, arguments: list[str], expected: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(site, "decisions", "--json", *arguments).status == 0
    body = json.loads(capsys.readouterr().out)
    assert [each["id"][:8] for each in body["decisions"]] == expected
    assert body["more"] is ("--limit" in arguments)
    assert set(body["decisions"][0]) == {"seq", *(each.name for each in fields(Decision))}


def test_more_than_the_limit_is_told(site: Site) -> None:
    assert run(site, "decisions", "--limit", "2").err == "2 decisions; --limit shows more"
    assert run(site, "devices", "--limit", "1").err.splitlines()[-1] == "1 endpoints of 3; --limit shows more"
    assert run(site, "sessions", "--limit", "1").err == "1 sessions; --limit shows more"


def test_nothing_is_found(site: Site) -> None:
    ran = run(site, "decisions", "--user", "nobody")
    assert (ran.status, ran.out, ran.err) == (0, "", "no decisions match")
    assert run(site, "devices", "--state", "unknown").err == "no endpoints match"
    assert run(site, "sessions", "--user", "nobody").err == "no sessions match"
    assert run(site, "sessions", "--user", "nobody", "--by", "nas").err == "no sessions match"


def cells(out: str) -> list[dict[str, str]]:
    """The rows of a table, by the names of its columns."""
    header, _, *rows = out.splitlines()
    names = re.split(r"\s{2,}", header.strip())
    starts = [header.index(name) for name in names]
    ends = [*starts[1:], None]
    return [
        {name: row[start:end].strip() for name, start, end in zip(names, starts, ends, strict=True)} for row in rows
    ]


def test_devices(site: Site) -> None:
    laptop, printer, tablet = sorted(cells(run(site, "devices", width=300).out), key=lambda row: row["State"])
    assert laptop == {
        "Identity": LAPTOP.value,
        "Kind": "intune",
        "MDM Server": "Intune",
        "State": "compliant",
        "Registration": "Registered",
        "Compliance": "Compliant",
        "Managed": "True",
        "Age": "1 h 1 min",  # 3700 s
        "Due": "in 2 h 58 min",  # 14400 s after the answer
        "User": "host/laptop",
        "NAS": "sw-12",
        "Profile": "Employee",
        "Last Seen": "14:58:55",
        "Sessions": "2",
        "Exemption": "",
        "Last Failure": "",
    }
    assert (printer["Identity"], printer["State"]) == (TABLET.value, "noncompliant")
    assert (printer["Due"], printer["Exemption"]) == ("due", "Employee until 16:00:00")
    assert printer["Last Failure"] == "14:59:00 M1202 no answer in 5 s"
    assert (tablet["Identity"], tablet["Kind"], tablet["State"]) == ("00-1B-54-AA-00-01", "mac", "unregistered")
    assert (tablet["User"], tablet["Last Seen"], tablet["Sessions"]) == ("", "", "0")


def test_a_narrow_list_says_what_it_leaves_out(site: Site) -> None:
    ran = run(site, "devices", "--state", "compliant", width=100)
    assert list(cells(ran.out)[0]) == ["Identity", "State", "Age", "User", "NAS", "Profile"]
    assert ran.err == (
        "too narrow for Kind, MDM Server, Registration, Compliance, Managed, Due, Last Seen, Sessions;"
        " --json has everything"
    )


def test_a_pipe_has_every_column(site: Site) -> None:
    ran = run(site, "devices", "--state", "noncompliant", width=None)
    assert len(cells(ran.out)[0]) == 16
    assert ran.err == ""


def test_devices_as_json(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    run(site, "devices", "--identity", TABLET.value, "--json")
    body = json.loads(capsys.readouterr().out)
    assert body["total"] == 1
    (tablet,) = body["devices"]
    assert (tablet["server"], tablet["kind"], tablet["value"]) == ("Intune", "intune", TABLET.value)
    assert (tablet["state"], tablet["answered_at"], tablet["age"], tablet["due"]) == (
        "noncompliant",
        NOW - 20_000,
        20_000.0,
        True,
    )
    assert tablet["exemption"]["author"] == "root"
    assert tablet["last"] is None


def test_sessions(site: Site) -> None:
    rows = cells(run(site, "sessions", width=300).out)
    assert [row["Session"] for row in rows] == ["a1b2c3d4", "b2c3d4e5"]
    assert rows[0] == {
        "Session": "a1b2c3d4",
        "State": "started",
        "Endpoint": "00-50-56-A1-B2-C3",
        "User": "host/laptop",
        "NAS": "sw-12",
        "Port": "Gi1/0/7",
        "Access": "wired",
        "IP Address": "10.20.0.7",
        "Rule": "Compliant",
        "Profile": "Employee",
        "Since": "14:50:00",
        "Timer Left": "50 min",
        "Last CoA": "",
    }
    assert (rows[1]["Timer Left"], rows[1]["Last CoA"]) == ("over since 1 min", "M1601 push: ACK 1 min ago")


def test_sessions_of_a_state(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    (ended,) = cells(run(site, "sessions", "--state", "ended", width=300).out)
    assert (ended["Session"], ended["State"], ended["Timer Left"]) == ("c3d4e5f6", "ended: stop", "")
    assert len(cells(run(site, "sessions", "--state", "all").out)) == 3
    run(site, "sessions", "--profile", "Quarantine", "--json")
    (found,) = json.loads(capsys.readouterr().out)["sessions"]
    assert (found["user"], found["timer_left"], found["coa_result"], found["order"]) == (
        "anna",
        -60.0,
        "M1601 push: ACK",
        None,
    )


def test_sessions_counted(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    assert cells(run(site, "sessions", "--by", "profile").out) == [
        {"Profile": "Employee", "Sessions": "1", "Oldest": "10 min ago", "Newest": "10 min ago"},
        {"Profile": "Quarantine", "Sessions": "1", "Oldest": "10 min ago", "Newest": "10 min ago"},
    ]
    assert [row["Endpoint"] for row in cells(run(site, "sessions", "--by", "device").out)] == [
        "00-50-56-A1-B2-C3",
        "3C-22-FB-01-02-03",
    ]
    run(site, "sessions", "--by", "nas", "--json")
    assert json.loads(capsys.readouterr().out) == {
        "by": "nas",
        "counts": [{"name": "sw-12", "sessions": 2, "oldest": NOW - 600, "newest": NOW - 600}],
    }


def test_rules(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.put(accepted(7, NOW - 7200, rule="Old rule"))
    ran = run(site, "rules", width=160)
    policy, former = ran.out.split("\n\n")
    assert cells(policy) == [
        {
            "No.": "1",
            "Rule": "Compliant",
            "Conditions": "MDM:DeviceCompliantStatus equals Compliant and MDM:MDMServerReachable equals Reachable",
            "Profile": "Employee",
            "Hits": "1",
            "Last Hit": "1 d ago",
        },
        {
            "No.": "2",
            "Rule": "Quarantined",
            "Conditions": "MDM:DeviceCompliantStatus equals NonCompliant",
            "Profile": "Quarantine",
            "Hits": "0",
            "Last Hit": "never",
        },
        {
            "No.": "3",
            "Rule": "Unreachable",
            "Conditions": "MDM:MDMServerReachable equals UnReachable",
            "Profile": "Restricted",
            "Hits": "1",
            "Last Hit": "1 min 5 s ago",
        },
        {
            "No.": "",
            "Rule": "(no rule matches)",
            "Conditions": "",
            "Profile": "Reject",
            "Hits": "1",
            "Last Hit": "5 min ago",
        },
    ]
    assert (
        former
        == """\
No longer in the policy
Rule       Hits   Last Hit
──────────────────────────
Old rule      1   2 h ago"""
    )
    assert ran.err == "hits without a rule are of the last 90 d, as decisions are"
    run(site, "rules", "--json")
    body = json.loads(capsys.readouterr().out)
    assert [(each["name"], each["hits"]) for each in body["rules"]] == [
        ("Compliant", 1),
        ("Quarantined", 0),
        ("Unreachable", 1),
    ]
    assert body["default"] == {"profile": "Reject", "hits": 1, "last_hit": NOW - 300}
    assert body["former"] == [{"name": "Old rule", "hits": 1, "last_hit": NOW - 7200}]
    assert body["mode"] == "enforce"


def test_rules_in_monitor_mode(tmp_path: Path) -> None:
    made = make_site(tmp_path, TOML.replace("[policy]\n", '[policy]\nmode = "monitor"\n', 1))
    made.put()
    assert [row["Mode"] for row in cells(run(made, "rules", width=200).out)] == ["monitor", "monitor", "monitor", ""]


def test_servers_without_mdmd(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    former = EndpointKey("Former", IdKind.INTUNE, "00000000-0000-0000-0000-000000000009")
    with site.writer() as writer:
        writer.put_answer(former, COMPLIANT, NOW - 90_000)
        site.ingest(writer, waited(20, 150.0), waited(21, 250.0), waited(22, 400.0), waited(23, 2000.0, answered=False))
    ran = run(site, "servers", width=250)
    table, last = ran.out.rsplit("\n", 1)
    assert cells(table) == [
        {
            "Name": "Intune",
            "State": "not known",
            "Cloud": "global",
            "Tenant": "contoso.example",
            "Last Answer": "1 min 40 s ago",
            "Waited p50": "250 ms",
            "p99": "400 ms, 1 in vain",
            "Endpoints": "3",
            "Due": "1",
            "Failing": "1",
            "In Line": "",
            "Next Poll": "every 4 h",
            "Last Failure": "M1202 no answer in 5 s (1 min ago)",
        }
    ]
    assert last == "Former: no longer in the configuration, 1 endpoints"
    service = site.config.service
    where = f"{service.listen_host}:{service.listen_port}"
    assert ran.err == (
        f"mdmd does not answer at {where}: Connection refused; shown is what the store knows\n"
        "waited: by authentications; 200 ms are expected, 300 ms are felt"
    )
    run(site, "servers", "--json")
    body = json.loads(capsys.readouterr().out)
    assert body["trouble"] == f"mdmd does not answer at {where}: Connection refused"
    (server,) = body["servers"]
    assert (server["state"], server["live"], server["due"]) == ("not known", None, 1)
    assert server["waiting"] == {"answered": 3, "given_up": 1, "p50_ms": 250.0, "p99_ms": 400.0, "over_felt": 1}


def test_hostile_names_are_printed_and_do_nothing(site: Site) -> None:
    site.put(
        accepted(9, NOW, user=HOSTILE, nas_name=HOSTILE, reason=HOSTILE),
        sessions=(session(9, user=HOSTILE, nas_name=HOSTILE, rule=HOSTILE),),
    )
    shown = r"eve\x1b[2J\x0d\x0a[bold]"
    for command in (["decisions"], ["sessions"], ["devices"], ["sessions", "--by", "nas"], ["rules"]):
        out = run(site, *command, width=400).out
        assert "\x1b" not in out
        if command != ["rules"]:
            assert shown in out
