"""The whole walk: what it prints when everything is right and when it stops, its JSON, and what it leaves behind."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path

import pytest

from freeradius_mdm.compliance import UNREGISTERED_ANSWER, EndpointKey, IdKind
from freeradius_mdm.store.write import StoreWriter

from .bench import CLIENT, DEVICE, LOGIN_HOST, Site
from .names import resolve_to

# Written by hand from the order of the steps in the issue. MS: a time. The words in capitals differ from run to run.
PASSED = """\
Connection test of MDM server Intune
ok           Configuration             tenant 11111111-2222-3333-4444-555555555555, global cloud  MS
             file FILE
             client id aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee
ok           Credential file           KEY, mode 0600, owner OWNER  MS
             mdmd, as user OWNER, can read it
ok           Key and certificate       they belong together, RSA 2048 bit  MS
             certificate CERTIFICATE
ok           Certificate               CN=mdmd, valid until END, for DAYS d  MS
             SHA-1 SHA1
             SHA-256 SHA256
ok           DNS of the login host     login.microsoftonline.com has 127.0.0.1  MS
ok           TLS to the login host     trusted, root CN=Lab CA,O=freeradius-mdm lab  MS
             PRESENTED
ok           Clock                     the same as that of login.microsoftonline.com, measured to ACCURACY s  MS
ok           Graph token               valid for 60 min  MS
ok           Roles in the Graph token  Application.Read.All, DeviceManagementManagedDevices.Read.All  MS
ok           DNS and TLS of Graph      graph.microsoft.com: trusted, root CN=Lab CA,O=freeradius-mdm lab  MS
             graph.microsoft.com has 127.0.0.1
             PRESENTED
ok           Application entry         freeradius-mdm: our certificate is uploaded, displayName 'CN=mdmd' until END  MS
             secret 'lab secret' has ended on YESTERDAY
ok           Address of CRS            fef.msud01.manage.microsoft.com, one of 214 endpoints  MS
             https://fef.msud01.manage.microsoft.com/TrafficGateway/TrafficRoutingService/ResourceAccess/\
ComplianceRetrievalService
ok           DNS and TLS of CRS        fef.msud01.manage.microsoft.com: trusted, root CN=Lab CA,O=freeradius-mdm lab  MS
             fef.msud01.manage.microsoft.com has 127.0.0.1
             PRESENTED
ok           CRS token and its role    get_device_compliance, valid for 60 min  MS
             audience https://api.manage.microsoft.com/
ok           Server information        Microsoft Intune 5.0, API version 3, 100 devices a page  MS
             vendor Microsoft
             remediation page https://portal.manage.microsoft.com/networkaccesscontrol/index
ok           Look-up                   median MS of 3; Cisco expects 200 ms, above 300 ms users feel it  MS
             intune 0d9f6f0e-53a4-4f0b-9d25-2a7e6f1c4b11, named on the command line: Registered, Compliant
Intune passed in MS
"""

STOPPED = """\
FAILED       Graph token  MS
             M1210 Entra refused a token: HTTP 400 unauthorized_client; AADSTS7000112: Application \
'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee' is disabled.; correlation id GUID, timestamp TIME
             next: enable the application under Enterprise applications
not reached  Roles in the Graph token
not reached  DNS and TLS of Graph
not reached  Application entry
not reached  Address of CRS
not reached  DNS and TLS of CRS
not reached  CRS token and its role
not reached  Server information
not reached  Look-up
Intune FAILED at Graph token: M1210
"""


def masked(text: str, site: Site) -> str:
    """The same with what differs from run to run put in capitals."""
    end = f"{site.app.certificate.not_valid_after_utc:%Y-%m-%d}"
    plain = (
        (str(site.file), "FILE"),
        (str(site.app.key_file), "KEY"),
        (str(site.app.cert_file), "CERTIFICATE"),
        (site.app.sha1, "SHA1"),
        (site.app.sha256, "SHA256"),
        (end, "END"),
    )
    for value, word in plain:
        text = text.replace(value, word)
    patterns = (
        (r"CN=\S+ issued by CN=Lab CA,O=freeradius-mdm lab, SHA-256 [0-9A-F]+, valid until \S+ \S+ \S+", "PRESENTED"),
        (r"measured to \d\.\d s", "measured to ACCURACY s"),
        (r"for 36[45] d", "for DAYS d"),
        (r"ended on \d{4}-\d\d-\d\d", "ended on YESTERDAY"),
        (r"correlation id [0-9a-f-]{36}", "correlation id GUID"),
        (r"timestamp 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d \S+", "timestamp TIME"),
        (rf"(?<=owner ){site.app.key_file.owner()}\b", "OWNER"),
        (rf"(?<=as user ){site.app.key_file.owner()}\b", "OWNER"),
        (r"(?<=median )\d+ ms", "MS"),
        (r"(?<=passed in )\d+ m?s", "MS"),
        (r" {2,}\d+ m?s\n", "  MS\n"),
    )
    for pattern, word in patterns:
        text = re.sub(pattern, word, text)
    return text


@pytest.fixture
def names(site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    resolve_to(site.sim, monkeypatch)
    site.write(connect_to=None)
    return site


def test_everything_is_right(names: Site) -> None:
    said = names.test("--device", DEVICE)
    assert masked(said.out, names) == PASSED
    assert (said.status, said.err) == (0, "")


def test_it_stops_at_the_first_that_fails(site: Site) -> None:
    site.sim.change_application(CLIENT, disabled=True)
    said = site.test()
    assert masked(said.out[said.out.index("FAILED ") :], site) == STOPPED
    assert (said.status, said.err) == (1, "")


def test_times_stand_on_the_right(names: Site) -> None:
    lines = [line for line in names.test().out.splitlines() if line.startswith("ok ") and len(line) <= 120]
    assert len(lines) >= 10
    assert {len(line) for line in lines} == {120}
    assert all(re.search(r" \d+ m?s$", line) for line in lines)


def test_no_step_is_taken_behind_the_one_that_failed(site: Site) -> None:
    site.sim.fault("crs-missing")
    assert site.test().status == 1
    operations = {entry.operation for entry in site.sim.journal()}
    assert operations == {"oidc", "token", "applications", "endpoints", "other"}


def test_without_store_there_is_no_device_to_ask_about(site: Site) -> None:
    said = site.test()
    assert said.status == 0
    assert said.steps[-1] == (
        "skipped",
        "Look-up                   no store yet to take a device from: name one with --device",
    )


def test_the_newest_device_of_the_store(site: Site) -> None:
    state = site.directory / "state"
    older = "11111111-0000-4000-8000-000000000000"
    with closing(StoreWriter(state)) as writer:
        for server, device, at in (("Intune", older, 100.0), ("Intune", DEVICE, 200.0), ("Other", older, 300.0)):
            writer.put_answer(EndpointKey(server, IdKind.INTUNE, device), UNREGISTERED_ANSWER, at)
        never = EndpointKey("Intune", IdKind.INTUNE, "22222222-0000-4000-8000-000000000000")
        writer.put_failure(never, "M1201 nobody has answered about this one", 400.0)
    said = site.test()
    assert said.below("Look-up") == [f"intune {DEVICE}, the newest of the store: Registered, Compliant"]


def test_the_address_that_mdmd_remembers_is_not_touched(site: Site) -> None:
    saved = site.directory / "state" / "crs-address-Intune.json"
    saved.write_text('{"owner": "mine"}', encoding="utf-8")
    before = saved.stat().st_mtime_ns
    assert site.test().status == 0
    assert saved.read_text(encoding="utf-8") == '{"owner": "mine"}'
    assert saved.stat().st_mtime_ns == before
    assert [file.name for file in (site.directory / "state").iterdir()] == [saved.name]


def test_json(site: Site) -> None:
    said = site.test("--json", "--device", DEVICE)
    document = said.json
    assert said.status == 0
    assert document["passed"] is True
    (report,) = document["reports"]
    assert set(report) == {"passed", "server", "started_at", "seconds", "steps"}
    assert report["server"] == "Intune"
    assert report["started_at"] > 1_700_000_000
    assert set(report["steps"][0]) == {"name", "title", "state", "text", "seconds", "code", "advice"}
    assert [step["name"] for step in report["steps"]] == [
        "configuration", "key-file", "key-pair", "certificate", "login-dns", "login-tls", "clock", "graph-token",
        "graph-roles", "graph-host", "application", "discovery", "crs-host", "crs-token", "mdminfo", "look-up",
    ]  # fmt: skip
    # connect_to is warned of; nothing else is.
    assert [step["state"] for step in report["steps"]] == ["warning"] + ["ok"] * 15
    assert sum(step["seconds"] for step in report["steps"]) <= report["seconds"]


def test_json_of_a_failure(site: Site) -> None:
    site.sim.change_application(CLIENT, disabled=True)
    said = site.test("--json")
    assert said.status == 1
    steps = {step["name"]: step for step in said.json["reports"][0]["steps"]}
    assert said.json["passed"] is said.json["reports"][0]["passed"] is False
    assert steps["graph-token"]["state"] == "failed"
    assert steps["graph-token"]["code"] == "M1210"
    assert steps["graph-token"]["advice"] == "enable the application under Enterprise applications"
    assert steps["mdminfo"]["state"] == "not reached"


def test_the_step_under_way_is_shown_on_a_terminal(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    said = site.test()
    assert "Graph token ..." in said.err
    assert "Graph token ..." not in said.out
    assert "\x1b[32mok " in said.out
    assert "\x1b[33mwarning " in said.out


def test_text_from_the_network_can_not_act_on_the_terminal(site: Site) -> None:
    site.sim.change_application(CLIENT, key_name="\x1b[31mCN=mdmd\x07")
    out = site.test().out
    assert "\x1b" not in out
    assert "\x07" not in out


def test_a_connection_that_was_refused_leaves_no_files(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    temporary = site.directory / "tmp"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    site.sim.fault("refuse", host=LOGIN_HOST)
    assert site.test().status == 1
    assert list(Path(temporary).iterdir()) == []
