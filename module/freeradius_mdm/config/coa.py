"""The `[coa]` table: whether and how network devices are told of a change. Standard library only: radiusd imports this.

mode = "on" | "dry-run" | "off"
grace = "0s"                                  a session is made worse only after that long
clients = "/etc/freeradius/3.0/clients.conf"  FreeRADIUS's client definitions, for the shared secrets
secrets_file = "/etc/freeradius-mdm/secrets.toml"
actions = { cisco-ios-xe = ["reauthenticate", "disconnect"] }
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from ..profiles.family import FAMILIES
from .codes import ConfigCode
from .model import CoaAction, CoaMode, CoaSettings
from .suggest import meant
from .table import Table

_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)")


def read_coa(table: Table) -> CoaSettings:
    """How changes of authorization are sent."""
    settings = CoaSettings(
        mode=table.choice("mode", CoaMode, CoaMode.ON),
        grace=table.duration("grace", 0, 1, 7 * 86400, zero=True),
        clients=table.path_of("clients") or clients_beside(table.findings.file),
        secrets_file=table.path_of("secrets_file"),
        freeradius_version=_version(table),
        rate=table.number("rate", 20.0, 0.1, 1000.0),
        in_flight=table.integer("in_flight", 8, 1, 64),
        timeout=table.duration("timeout", 30, 2, 120),
        actions=_actions(table.table("actions")),
    )
    table.finish()
    return settings


def clients_beside(mdm_toml: Path) -> Path:
    """`clients.conf` of the raddb that mdm.toml lies in, in mods-config/mdm; by name, since either can be a link."""
    return Path(*mdm_toml.absolute().parts[:-3]) / "clients.conf"


def _version(table: Table) -> tuple[int, ...]:
    if "freeradius_version" not in table:
        table.raw("freeradius_version")
        return ()
    allowed = 'a version like "3.2.1", as freeradius -v tells it'
    found = _VERSION.fullmatch(table.matching("freeradius_version", _VERSION.pattern, allowed))
    return tuple(map(int, found.groups())) if found else ()


def _actions(table: Table) -> Mapping[str, tuple[CoaAction, ...]]:
    found = {}
    for family in table:
        known = ", ".join(CoaAction)
        names = (value,) if isinstance(value := table.raw(family), str) else table.texts(family)
        if family not in FAMILIES:
            hint = meant(family, FAMILIES)
            table.problem(ConfigCode.UNKNOWN_REFERENCE, family, "is no vendor family", ", ".join(FAMILIES), hint)
        elif not names:
            allowed = f"one of {known}, or a list of them, the first one first"
            table.problem(ConfigCode.DOES_NOT_FIT, family, "names no action", allowed)
        elif wrong := [name for name in names if name not in tuple(CoaAction)]:
            hint = meant(wrong[0], CoaAction)
            table.problem(ConfigCode.UNKNOWN_VALUE, family, f"{wrong[0]!r} is no action", known, hint)
        else:
            found[family] = tuple(map(CoaAction, dict.fromkeys(names)))
    return found
