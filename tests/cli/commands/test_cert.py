"""mdmctl cert: a renewal as an operator does it, with the simulated Entra."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from freeradius_mdm.cli.main import main
from freeradius_mdm.lab.microsoft import Application, SimulatedMicrosoft, Tenant
from freeradius_mdm.lab.pki import LabPki

TENANT = "11111111-2222-3333-4444-555555555555"
CLIENT = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
TOML = """\
[[servers]]
name = "Intune"
enabled = {enabled}
tenant = "{tenant}"
client_id = "{client}"
certificate_file = "application.pem"
key_file = "application.key"
ca_file = "{ca}"
connect_to = "{address}"

[[identity]]
source = "certificate-uri"

[policy]
default_profile = "Reject"

[[rules]]
name = "Unreachable"
when = {{ "MDM:MDMServerReachable" = "UnReachable" }}
profile = "Reject"

[profiles.Reject]
access = "reject"
"""
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedMicrosoft]:
    pki = LabPki(tmp_path_factory.mktemp("pki")).create()
    with SimulatedMicrosoft(pki=pki, tenants=[Tenant(TENANT, applications=(Application(CLIENT),))]) as sim:
        yield sim


@pytest.fixture
def upload(simulator: SimulatedMicrosoft, tmp_path: Path) -> Callable[..., None]:
    def upload(*names: str) -> None:
        simulator.change_application(CLIENT, certificates=[(tmp_path / name).read_text() for name in names])

    return upload


@pytest.fixture
def run(
    simulator: SimulatedMicrosoft,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Run:
    simulator.reset()
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    values = {"tenant": TENANT, "client": CLIENT, "ca": simulator.ca_file, "address": simulator.address}
    # A new site's server is not enabled before its connection was tested.
    (tmp_path / "mdm.toml").write_text(TOML.format(enabled="false", **values))

    def run(*words: str) -> tuple[int, str, str]:
        status = main(["--config", str(tmp_path / "mdm.toml"), "cert", *words])
        captured = capsys.readouterr()
        return status, captured.out.replace(f"{tmp_path}/", ""), captured.err.replace(f"{tmp_path}/", "")

    return run


def enable(directory: Path) -> None:
    file = directory / "mdm.toml"
    file.write_text(file.read_text().replace("enabled = false", "enabled = true"))


def test_a_renewal(run: Run, upload: Callable[..., None], tmp_path: Path) -> None:
    status, out, err = run("new", "Intune", "--bits", "2048", "--name", "radius1")
    assert (status, err) == (0, "")
    first = out.splitlines()
    assert first[0] == "New key and certificate for Intune"
    assert first[3] == "  subject      CN=radius1"
    assert first[4].startswith("  valid until  ")
    assert first[4].endswith(" UTC, in 2 years")
    assert first[-1] == "  3. mdmctl test Intune"
    assert f"client id {CLIENT}" in out
    upload("application.pem")
    enable(tmp_path)

    status, out, err = run("show")
    assert (status, err) == (0, "")
    assert "  in use\n" in out
    assert "application.key, RSA 2048 bits, belongs to the certificate" in out
    assert "    issuer       itself\n" in out

    assert run("new", "Intune", "--bits", "2048")[0] == 0
    status, out, err = run("switch", "Intune")
    assert (status, out) == (1, "")
    assert err.startswith("M1842 Entra does not know application.next.pem: ")
    assert "\n  next: Entra admin centre, App registrations, " in err

    upload("application.pem", "application.next.pem")
    status, out, err = run("switch", "Intune")
    assert (status, err) == (0, "")
    assert out.startswith("Intune signs in with application.pem now; Entra has given tokens for it\n")
    assert "nothing is to be restarted" in out
    assert not (tmp_path / "application.next.pem").exists()


def test_a_key_that_mdmd_could_not_read_is_warned_of(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """systemctl(1) says NAME=VALUE; the unit names a user that nobody has made yet."""
    program = tmp_path / "systemctl"
    program.write_text("#!/bin/sh\necho LoadState=loaded; echo User=mdm-not-there\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    status, out, err = run("new", "Intune", "--bits", "2048")
    assert (status, err) == (0, "")
    (warning,) = (line for line in out.splitlines() if "M1844" in line)
    assert warning.startswith("  M1844 there is no user mdm-not-there, as which mdmd runs, so that application.key")
    assert warning.endswith("--ingroup freerad mdm-not-there, then chown mdm-not-there application.key")
    status, out, _ = run("new", "Intune", "--bits", "2048", "--json")
    assert (status, len(json.loads(out)["warnings"])) == (0, 1)


def test_nothing_to_show_yet(run: Run) -> None:
    status, out, _ = run("show", "Intune")
    assert status == 1
    assert "M1844 neither certificate nor key is there: make them with mdmctl cert new Intune" in out


def test_json(run: Run, upload: Callable[..., None]) -> None:
    status, out, _ = run("new", "Intune", "--bits", "2048", "--json")
    made = json.loads(out)
    assert (status, made["server"], made["next"], made["csr_file"]) == (0, "Intune", False, None)
    assert made["key_file"] == "application.key"
    status, out, _ = run("show", "Intune", "--json")
    ((view,),) = ([server["certificates"] for server in json.loads(out)],)
    assert (status, view[0]["sha256"], view[0]["belongs"]) == (0, made["sha256"], True)
    run("new", "Intune", "--bits", "2048", "--json")
    upload("application.pem", "application.next.pem")
    status, out, _ = run("switch", "Intune", "--json")
    assert (status, json.loads(out)["previous_sha1"]) == (0, made["sha1"])


def test_what_wants_attention_is_told_by_the_exit_status(run: Run, tmp_path: Path) -> None:
    run("new", "Intune", "--bits", "2048")
    (tmp_path / "application.key").chmod(0o644)
    status, out, _ = run("show", "Intune")
    assert status == 1
    assert "    M1844 application.key is open to others than " in out
    assert "(mode 0644): chmod 0400 application.key" in out


def test_a_server_that_is_not_there(run: Run, tmp_path: Path) -> None:
    enable(tmp_path)
    status, _, err = run("new", "Jamf")
    assert status == 5
    assert err.startswith("M1806 no MDM server is called 'Jamf'\n")


def test_a_size_entra_does_not_take(run: Run) -> None:
    status, _, err = run("new", "Intune", "--bits", "1024")
    assert (status, err.split()[0]) == (2, "M1800")


def test_a_subject_can_not_act_on_the_terminal(run: Run, tmp_path: Path) -> None:
    status, _, err = run("new", "Intune", "--name", "a\x1b[2J")
    assert status == 2
    assert "\x1b" not in err
