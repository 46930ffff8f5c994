"""Reading `mdm.toml` and the dACL files beside it: everything is checked, and every error is told at once.

Standard library only: radiusd imports this.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from .. import dacl
from ..dictionaries import Dictionary
from ..errors import ConfigError, Problem
from . import lines
from .cluster import read_cluster
from .coa import read_coa
from .codes import ConfigCode
from .identity import read_identity
from .model import Config, Service, SessionSettings
from .network_devices import read_network_devices
from .profile_results import Context
from .profiles import read_profiles
from .rules import read_policy
from .servers import read_server
from .table import Findings, Table, unique

DACL_DIRECTORY = "dacls"


def load(path: Path, dictionary: Dictionary | None = None, *, text: str | None = None) -> Config:
    """Read and check the whole configuration. Raises ConfigError with every problem found.

    `dictionary`: FreeRADIUS's, for free attributes; without it (mdmd) only their form is checked. `text`: what the
    file is to hold, checked in place of what it holds now.
    """
    data, text = _parse(path) if text is None else _parsed(path, text)
    findings = Findings(path, lines.index(text))
    top = Table(data, "", findings)
    directory = dacl.read_directory(path.parent / DACL_DIRECTORY)
    findings.problems += directory.problems
    findings.warnings += [f"{file}:{line}: {what}" for file, line, what in directory.warnings]

    server_tables = top.tables("servers")
    servers = tuple(read_server(table) for table in server_tables)
    unique(server_tables, lambda table: str(table.raw("name") or ""), "server")
    if not any(server.enabled for server in servers):
        allowed = "at least one [[servers]] entry with enabled = true"
        hint = "`mdmctl enable SERVER` tests a server and enables it" if servers else "add a [[servers]] entry"
        findings.problem(ConfigCode.POLICY_GAP, "servers", "no MDM server is enabled", allowed, hint)
    identity_tables = top.tables("identity")
    if not identity_tables:
        hint = 'add [[identity]] and below it source = "certificate-uri"'
        findings.problem(ConfigCode.MISSING, "identity", "is missing", "at least one [[identity]] entry", hint)
    network_devices = read_network_devices(top.table("network_devices"))
    profiles = read_profiles(top.table("profiles"), Context(directory.dacls, network_devices.families, dictionary))
    config = Config(
        file=path,
        service=_service(top.table("service")),
        servers=servers,
        identity=read_identity(identity_tables, servers),
        policy=read_policy(top.table("policy"), top.tables("rules"), profiles, servers),
        profiles=profiles,
        dacls=directory.dacls,
        network_devices=network_devices,
        cluster=None if top.raw("cluster") is None else read_cluster(top.table("cluster")),
        warnings=tuple(findings.warnings),
        sessions=_sessions(top.table("sessions")),
        coa=read_coa(top.table("coa")),
    )
    top.finish()
    if findings.problems:
        raise ConfigError(findings.problems)
    return config


def _parse(path: Path) -> tuple[dict[str, Any], str]:
    try:
        return _parsed(path, path.read_text(encoding="utf-8"))
    except OSError as error:
        what = f"can't be read: {error.strerror}"
        problem = Problem(
            ConfigCode.UNREADABLE, str(path), what, "a TOML file that radiusd's and mdmd's users can read"
        )
    except UnicodeDecodeError as error:
        number = error.object.count(b"\n", 0, error.start) + 1
        what, hint = f"is not UTF-8 text: byte {error.object[error.start]:#04x}", "save the file as UTF-8"
        problem = Problem(ConfigCode.UNREADABLE, f"{path}:{number}", what, "TOML in UTF-8", hint)
    raise ConfigError([problem])


def _parsed(path: Path, text: str) -> tuple[dict[str, Any], str]:
    try:
        return tomllib.loads(text), text
    except (ValueError, RecursionError) as error:  # the latter for brackets nested a thousand deep
        line = re.search(r"at line (\d+)", str(error))
        what = f"is no TOML: {error}"
        problem = Problem(ConfigCode.SYNTAX, f"{path}:{line[1] if line else 1}", what, "TOML, see toml.io")
    raise ConfigError([problem])


def _sessions(table: Table) -> SessionSettings:
    usual = SessionSettings()
    settings = SessionSettings(
        lost_after=table.duration("lost_after", usual.lost_after, 60, 30 * 86400),
        keep_ended=table.duration("keep_ended", usual.keep_ended, 86400, 3650 * 86400),
    )
    table.finish()
    return settings


def _service(table: Table) -> Service:
    allowed = "HOST:PORT on this machine, like 127.0.0.1:8650"
    listen = table.matching("listen", r"(?:\[[0-9a-f:]+\]|[^\s:/\[\]]+):\d{1,5}", allowed, "127.0.0.1:8650")
    host, _, port = listen.rpartition(":")
    if port.isdecimal() and not 1 <= int(port) <= 65535:
        table.problem(ConfigCode.OUT_OF_RANGE, "listen", f"port {port} is out of range", "a port from 1 to 65535")
    service = Service(
        listen_host=host.strip("[]"),
        listen_port=int(port) if port.isdecimal() else 0,
        state_directory=table.path_of("state_directory") or Path("/var/lib/freeradius-mdm"),
        wait=table.duration("wait", 2, 0.05, 30),
        audit_required=table.flag("audit_required", False),
        dacl_key_file=table.path_of("dacl_key_file"),
        download_packet_size=table.integer("download_packet_size", 3800, 1000, 4000),
        prefetch_rate=table.integer("prefetch_rate", 20, 0, 1000),
        timer_jitter_percent=table.integer("timer_jitter_percent", 0, 0, 50),
        keep_old_dacls=table.duration("keep_old_dacls", 7 * 86400, 60, 365 * 86400),
        control_group=table.matching("control_group", r"[^\s:,]{1,64}", "the name of a group on this machine", ""),
    )
    table.finish()
    return service
