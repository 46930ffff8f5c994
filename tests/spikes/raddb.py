"""Builds a raddb: a copy of a stock one, a few edits, the files under `raddb/` beside this file on top."""

from __future__ import annotations

import re
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Options:
    """What differs from spike to spike."""

    rest_port: int
    tls13: bool = False
    cache: bool = False
    copy_to_tunnel: bool = False


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def _edit(path: Path, *edits: tuple[str, str]) -> None:
    """Apply each (pattern, replacement); one that matches nothing is an error, for stock files change."""
    text = path.read_text(encoding="utf-8")
    for pattern, replacement in edits:
        text, count = re.subn(pattern, replacement, text, count=1, flags=re.MULTILINE)
        if not count:
            raise RuntimeError(f"{path}: nothing matches {pattern!r}")
    path.write_text(text, encoding="utf-8")


def build(work: Path, stock: Path, pki: Path, options: Options) -> int:
    """Write WORK/raddb and WORK/hooks; the port of its auth listener is returned."""
    raddb = work / "raddb"
    shutil.copytree(stock, raddb, symlinks=True)
    for site in (raddb / "sites-enabled").iterdir():
        site.unlink()
    shutil.copytree(HERE / "raddb", raddb, dirs_exist_ok=True)
    (work / "hooks").mkdir()
    shutil.copy(HERE / "hooks_spike.py", work / "hooks")

    port = free_port()
    variables = f"mdm_work = {work}\nmdm_auth_port = {port}\nmdm_rest_port = {options.rest_port}\n"
    _edit(
        raddb / "radiusd.conf",
        (r"\A", variables),
        (r"^raddbdir = .*", f"raddbdir = {raddb}"),
        (r"^localstatedir = .*", f"localstatedir = {work}"),
        (r"^logdir = .*", f"logdir = {work}"),
        (r"^run_dir = .*", f"run_dir = {work}"),
        (r"^\tuser = .*", ""),
        (r"^\tgroup = .*", ""),
        (r"^\treject_delay = .*", "\treject_delay = 0"),
        (r"^\tauth = no", "\tauth = yes"),
        # The threads that may wait in mdm_wait at the same time.
        (r"^\tstart_servers = .*", "\tstart_servers = 64"),
        (r"^\tmax_servers = .*", "\tmax_servers = 128"),
    )
    _edit(
        raddb / "mods-available/eap",
        (r"^\t\tprivate_key_password = .*", ""),
        (r"^\t\tprivate_key_file = .*", f"\t\tprivate_key_file = {pki}/server.key"),
        (r"^\t\tcertificate_file = .*", f"\t\tcertificate_file = {pki}/server.pem"),
        (r"^\t\tca_file = .*", f"\t\tca_file = {pki}/ca.pem"),
        (r"^\t#\tvirtual_server = check-eap-tls", "\t\tvirtual_server = check-eap-tls"),
    )
    if options.tls13:
        _edit(raddb / "mods-available/eap", (r'^\t\ttls_max_version = "1.2"', '\t\ttls_max_version = "1.3"'))
    if options.cache:
        (work / "tlscache").mkdir()
        _edit(
            raddb / "mods-available/eap",
            (r"(cache \{(?:\n.*?)*?\n\t\t\tenable = )no", r"\1yes"),
            (r'^\t\t#\tname = "EAP module"', '\t\t\tname = "spike"'),
            (r"^\t\t#\tpersist_dir = .*", f'\t\t\tpersist_dir = "{work}/tlscache"'),
        )
    if options.copy_to_tunnel:
        # Twice: ttls, then peap.
        _edit(
            raddb / "mods-available/eap",
            *[(r"^\t\tcopy_request_to_tunnel = no", "\t\tcopy_request_to_tunnel = yes")] * 2,
        )
    _edit(raddb / "mods-config/files/authorize", (r"\A", 'DEFAULT\tCleartext-Password := "secret"\n\n'))
    _edit(raddb / "dictionary", (r"\Z", "\n$INCLUDE dictionary.mdm\n"))
    return port
