"""The command line: a real subprocess that serves, commands against it, and a start table."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from freeradius_mdm.lab.microsoft import SimulatedMicrosoft
from freeradius_mdm.lab.microsoft.cli import main
from freeradius_mdm.lab.pki import AppCredential, LabPki
from tests.lab.microsoft.client import CLIENT, DEVICE, SECRET, TENANT, LabClient

START = """
[settings]
mac_answer = "instead"

[[tenants]]
tenant_id = "{tenant}"

[[tenants.applications]]
client_id = "{client}"
certificates = ["{certificate}"]
secret_files = ["secret"]

[[tenants.devices]]
intune_id = "{device}"
compliant = false
macs = ["00:50:56:a1:b2:c3"]
"""


@pytest.fixture
def start_file(tmp_path: Path, credential: AppCredential) -> Path:
    (tmp_path / "secret").write_text(SECRET + "\n")
    file = tmp_path / "start.toml"
    file.write_text(
        START.format(tenant=TENANT, client=CLIENT, certificate=credential.cert_file, device=DEVICE), encoding="utf-8"
    )
    return file


@dataclass
class Served:
    process: subprocess.Popen[str]
    tls: str
    control: str
    ca_file: Path


@pytest.fixture
def served(start_file: Path, pki: LabPki) -> Iterator[Served]:
    command = [sys.executable, "-m", "freeradius_mdm.lab.microsoft.cli", "serve"]
    command += ["--start", str(start_file), "--pki", str(pki.directory)]
    module = Path(__file__).parents[3] / "module"
    environment = {"PYTHONPATH": str(module)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        match = re.fullmatch(r"tls=(\S+) control=(\S+) proxy=\S+ ca=(\S+)\n", line)
        assert match, line
        try:
            yield Served(process, match[1], match[2], Path(match[3]))
        finally:
            process.kill()


def test_serve(served: Served) -> None:
    client = LabClient(served.tls, served.ca_file)
    text = client.mac().text
    client.http.close()

    assert "<status>false</status>" in text
    assert "<device><macaddress>005056A1B2C3</macaddress>" in text
    served.process.send_signal(signal.SIGTERM)
    assert served.process.wait(10) == 0


def run(sim: SimulatedMicrosoft, capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    assert main(["--control", sim.control_url, *arguments]) == code
    return capsys.readouterr().out


def test_device_commands(sim: SimulatedMicrosoft, client: LabClient, capsys: pytest.CaptureFixture[str]) -> None:
    shown = run(sim, capsys, "device", "set", DEVICE, "compliant=true", "macs=00:50:56:00:00:01,005056000002")
    assert json.loads(shown)["macs"] == ["005056000001", "005056000002"]
    assert "<status>true</status>" in client.device().text
    assert json.loads(run(sim, capsys, "device", "show", DEVICE))["compliant"] is True
    assert len(json.loads(run(sim, capsys, "device", "list"))) == 1
    run(sim, capsys, "device", "remove", DEVICE)
    assert "<deviceList/>" in client.device().text


def test_fault_commands(sim: SimulatedMicrosoft, client: LabClient, capsys: pytest.CaptureFixture[str]) -> None:
    run(sim, capsys, "fault", "on", "429-seconds", "--option", "seconds=3", "--nth", "1", "--times", "1")
    assert client.ask_token().headers["Retry-After"] == "3"
    assert json.loads(run(sim, capsys, "fault", "list"))[0]["acted"] == 1
    assert json.loads(run(sim, capsys, "fault", "off", "429-seconds")) == {"removed": 1}
    assert "503-once" in run(sim, capsys, "fault", "names")


def test_other_commands(sim: SimulatedMicrosoft, client: LabClient, capsys: pytest.CaptureFixture[str]) -> None:
    client.device()
    assert f"{DEVICE} -> noncompliant" in run(sim, capsys, "journal", "--operation", "device")
    assert json.loads(run(sim, capsys, "journal", "--format", "json", "--limit", "1"))[0]["subject"] == DEVICE
    assert json.loads(run(sim, capsys, "counters"))["devices"] == {DEVICE: 1}
    assert json.loads(run(sim, capsys, "clock", "--advance", "4h"))["offset"] == 14400
    assert "192.0.2.1\tgraph.microsoft.com\n" in run(sim, capsys, "hosts", "--address", "192.0.2.1")
    run(sim, capsys, "reset")
    assert json.loads(run(sim, capsys, "clock"))["offset"] == 0


def test_errors_go_to_stderr(sim: SimulatedMicrosoft, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--control", sim.control_url, "fault", "on", "nonsense"]) == 1
    assert "no personality 'nonsense'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no [[tenants]]"),
        ("[[tenants]]\ntenant_id='x'\ncloud='moon'", "no cloud 'moon'"),
        ("[[tenants]]\ntenant='x'", "tenants: no tenant;"),
        ("[settings]\nmac_answer='up'\n[[tenants]]\ntenant_id='x'", "beside, instead, guid-only"),
        ("[[tenants]]\ntenant_id='x'\n[[tenants.devices]]\nintune_id='y'\ncolour='red'", "no 'colour'"),
        ("[[tenants", "start.toml"),
    ],
)
def test_wrong_start_tables(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, problem: str) -> None:
    file = tmp_path / "start.toml"
    file.write_text(text, encoding="utf-8")

    assert main(["serve", "--start", str(file), "--pki", str(tmp_path / "pki")]) == 1
    assert problem in capsys.readouterr().err
