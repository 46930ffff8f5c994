"""The files of a simulated site in containers, as an operator would lay them out for docker/compose.yaml.

config/   mdm.toml, dacls/, users, application.pem, tls/server.pem, tls/ca.pem: mounted as /etc/freeradius-mdm
secrets/  application.key, radius.key, clients.conf, dacl.key, redis.password, redis-admin.password: in /run/secrets
lab/      what only the lab has: start.toml and the PKI of the simulated Microsoft, radius.secret

Secrets belong to the user that reads them in its container, so `prepare` runs as root.
"""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path

from .. import mdm_toml
from ..cast import start_table
from ..mdm_toml import quoted
from ..pki import LabPki
from ..raddb import VPN_PASSWORD, VPN_USER
from ..site import CLIENT_ID, TENANT

# The users and groups of docker/Dockerfile.
FREERAD, MDM, REDIS = 950, 951, 952
SHARED = 950  # the group of radiusd and mdmd
_SETTINGS = {
    "tenant": quoted(TENANT),
    "client_id": quoted(CLIENT_ID),
    "key_file": quoted("/run/secrets/application.key"),
    "ca_file": quoted("/etc/freeradius-mdm/tls/ca.pem"),
    "dacl_key_file": quoted("/run/secrets/dacl.key"),
    "coa.freeradius_version": quoted("3.2.7"),
}
_CONNECT_TO = 'connect_to = "microsoft:8443"'
_CLUSTER = """
[cluster]
redis = "sentinel://sentinel1,sentinel2,sentinel3/mdm"
user = "mdm"
password_file = "/run/secrets/redis.password"
sentinel_password_file = "/run/secrets/redis.password"
"""


def prepare(directory: Path, network: str) -> None:
    """Write everything anew, unless it is there already for that network (a composition may be up on it)."""
    done = directory / "lab/network"
    if done.exists() and done.read_text(encoding="utf-8").strip() == network:
        return
    for part in ("config", "secrets", "lab"):
        shutil.rmtree(directory / part, ignore_errors=True)
    pki = LabPki(directory / "lab/pki").create()
    _lab(directory / "lab", pki)
    secret = secrets.token_urlsafe(24)
    _write(directory / "lab/radius.secret", secret)
    _config(directory / "config", pki)
    _secrets(directory / "secrets", pki, network, secret)
    _write(done, network)
    for path in (directory / "lab", *(directory / "lab").rglob("*")):
        os.chown(path, MDM, SHARED)


def _lab(directory: Path, pki: LabPki) -> None:
    pki.application("mdm")
    pki.server("radius", ["radius.lab.example"])
    lines = [
        "[[tenants]]",
        f"tenant_id = {quoted(TENANT)}",
        "[[tenants.applications]]",
        f"client_id = {quoted(CLIENT_ID)}",
        'certificates = ["pki/mdm.pem"]',
    ]
    for row in start_table():
        macs = ", ".join(map(quoted, row["macs"]))
        compliant = "true" if row["compliant"] else "false"
        lines += ["[[tenants.devices]]", f"intune_id = {quoted(row['id'])}", f"name = {quoted(row['name'])}"]
        lines += [f"compliant = {compliant}", f"macs = [{macs}]"]
    _write(directory / "start.toml", "\n".join(lines))


def _config(directory: Path, pki: LabPki) -> None:
    mdm_toml.write(directory / "mdm.toml", _SETTINGS, _CONNECT_TO)
    with (directory / "mdm.toml").open("a", encoding="utf-8") as file:
        file.write(_CLUSTER)
    _write(directory / "users", f'{VPN_USER} Cleartext-Password := "{VPN_PASSWORD}"')
    (directory / "tls").mkdir()
    shutil.copy(pki.directory / "mdm.pem", directory / "application.pem")
    shutil.copy(pki.directory / "radius.pem", directory / "tls/server.pem")
    shutil.copy(pki.ca_file, directory / "tls/ca.pem")
    for path in (directory, *directory.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _secrets(directory: Path, pki: LabPki, network: str, secret: str) -> None:
    clients = (
        f"client lab {{\n\tipaddr = {network}\n\tsecret = {secret}\n\tshortname = lab-switch\n"
        "\trequire_message_authenticator = yes\n}"
    )
    directory.mkdir(mode=0o700)
    for name, text, user, mode in (
        ("clients.conf", clients, FREERAD, 0o440),
        ("radius.key", (pki.directory / "radius.key").read_text(), FREERAD, 0o400),
        ("application.key", (pki.directory / "mdm.key").read_text(), MDM, 0o400),
        ("dacl.key", secrets.token_hex(32), FREERAD, 0o440),
        ("redis.password", secrets.token_hex(24), REDIS, 0o440),
        ("redis-admin.password", secrets.token_hex(24), REDIS, 0o400),
    ):
        file = directory / name
        file.touch(mode=0o600)
        _write(file, text)
        os.chown(file, user, SHARED)
        file.chmod(mode)


def _write(file: Path, text: str) -> None:
    file.write_text(text.rstrip("\n") + "\n", encoding="utf-8")
