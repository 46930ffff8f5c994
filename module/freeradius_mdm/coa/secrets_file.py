"""The extra file of shared secrets, for clients that FreeRADIUS does not have in its files (SQL, dynamic ones).

[[clients]]
address = "192.0.2.0/24"
secret = "..."
name = "branch switches"       # the rest may be left out
family = "cisco-ios-xe"
coa_port = 1700
coa_address = "192.0.2.1"      # where it takes CoA, if not where its requests come from
"""

from __future__ import annotations

import ipaddress
import re
import stat
import tomllib
from pathlib import Path

from ..config.codes import ConfigCode
from ..config.lines import index
from ..config.table import Findings, Table
from ..errors import Problem
from .clients import Client, Secret

_ALLOWED = 'an address or a prefix, for example "192.0.2.10" or "2001:db8::/32"'


def read(file: Path, problems: list[Problem]) -> list[Client]:
    """Its clients; what is wrong is added to `problems`. Nobody but owner and group may read the file."""
    try:
        with file.open("rb") as opened:
            mode = stat.S_IMODE(file.stat().st_mode)
            if mode & stat.S_IRWXO:
                what = f"others may use it, its mode is {mode:04o}"
                problems.append(Problem(ConfigCode.EXPOSED_SECRET, str(file), what, "0640 or less", f"chmod o= {file}"))
                return []
            text = opened.read().decode()
    except (OSError, UnicodeDecodeError) as error:
        what, hint = (
            f"can't be read: {getattr(error, 'strerror', '') or error}",
            "mdmd's user has to be able to read it",
        )
        problems.append(Problem(ConfigCode.UNREADABLE, str(file), what, "a TOML file in UTF-8", hint))
        return []
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        where = f"{file}:{line[1] if line else 1}"
        problems.append(Problem(ConfigCode.SYNTAX, where, f"is no TOML: {error}", "TOML, see toml.io"))
        return []
    findings = Findings(file, index(text))
    top = Table(data, "", findings)
    clients = [client for table in top.tables("clients") if (client := _client(table, findings)) is not None]
    top.finish()
    seen: set[object] = set()
    for client in clients:
        if client.network in seen:
            what, allowed = f"{client.network} stands here a second time", "each address or prefix once"
            problems.append(Problem(ConfigCode.DUPLICATE, client.where, what, allowed))
        seen.add(client.network)
    problems += findings.problems
    return clients


def _client(table: Table, findings: Findings) -> Client | None:
    address = table.text("address", allowed=_ALLOWED)
    secret = table.text("secret")
    name = table.text("name", address)
    family = table.text("family", "")
    port = table.integer("coa_port", 0, 1, 65535)
    coa_address = table.text("coa_address", "", allowed="an IPv4 or IPv6 address")
    table.finish()
    try:
        coa_address = str(ipaddress.ip_address(coa_address)) if coa_address else ""
    except ValueError as error:
        table.problem(ConfigCode.DOES_NOT_FIT, "coa_address", str(error), "an IPv4 or IPv6 address")
    try:
        network = ipaddress.ip_network(address)
    except ValueError as error:
        if address:
            table.problem(ConfigCode.DOES_NOT_FIT, "address", str(error), _ALLOWED)
        return None
    where = findings.where(table.path)
    if not secret:
        return None
    octets = Secret(secret.encode())
    return Client(name, network, octets, where, "secrets file", family, port, coa_address=coa_address)
