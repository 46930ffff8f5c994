"""Under the real host names on port 443, a client written for the real service notices nothing.

In namespaces of its own (network, mount), so that neither port 443 nor /etc/hosts of this machine is touched.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from freeradius_mdm.lab.pki import LabPki

TENANT = "11111111-2222-3333-4444-555555555555"
CLIENT = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
COMPLIANT = "0d9f6f0e-53a4-4f0b-9d25-2a7e6f1c4b11"
NOT_COMPLIANT = "6b1f2d3c-8e4a-4b57-9c61-0f2e3d4c5b6a"
HERE = Path(__file__).parent

# $1: directory. Starts the simulator on 127.0.0.1:443, then asks it about two devices.
SCRIPT = """
set -eu
ip link set lo up
simulator="$PYTHON -m freeradius_mdm.lab.main microsoft"
$simulator serve --start "$1/start.toml" --pki "$1/pki" --tls-port 443 --control-port 9080 > "$1/ready" &
trap 'kill $!; wait' EXIT
for try in $(seq 300); do grep -q tls= "$1/ready" && break; sleep 0.1; done
$simulator hosts --address 127.0.0.1 > "$1/hosts"
mount --bind "$1/hosts" /etc/hosts
for device in {compliant} {not_compliant}; do
    "$PYTHON" {client} {tenant} {client_id} "$1/app.pem" "$1/app.key" $device
done
"""


def _may_unshare() -> bool:
    probe = ["unshare", "--net", "--mount", "true"]
    return os.getuid() == 0 and subprocess.run(probe, check=False, capture_output=True).returncode == 0


@pytest.mark.skipif(not _may_unshare(), reason="needs root and network namespaces")
def test_a_client_for_the_real_service(tmp_path: Path) -> None:
    pki = LabPki(tmp_path / "pki").create()
    application = pki.application("app")
    application.cert_file.rename(tmp_path / "app.pem")
    application.key_file.rename(tmp_path / "app.key")
    (tmp_path / "start.toml").write_text(
        f'[[tenants]]\ntenant_id = "{TENANT}"\n'
        f'[[tenants.applications]]\nclient_id = "{CLIENT}"\ncertificates = ["app.pem"]\n'
        f'[[tenants.devices]]\nintune_id = "{COMPLIANT}"\ncompliant = true\n'
        f'[[tenants.devices]]\nintune_id = "{NOT_COMPLIANT}"\ncompliant = false\n',
        encoding="utf-8",
    )
    script = SCRIPT.format(
        compliant=COMPLIANT,
        not_compliant=NOT_COMPLIANT,
        client=HERE / "real_names_client.py",
        tenant=TENANT,
        client_id=CLIENT,
    )
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHON": sys.executable,
        "PYTHONPATH": str(HERE.parents[2] / "module"),
        "REQUESTS_CA_BUNDLE": str(pki.ca_file),
    }
    done = subprocess.run(
        ["unshare", "--net", "--mount", "sh", "-c", script, "sh", str(tmp_path)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n") == ["true true", "true false", ""]
