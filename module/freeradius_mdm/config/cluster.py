"""The `[cluster]` table. Standard library only: radiusd imports this.

redis = "redis://redis.example"                              plain, port 6379, database 0
redis = "rediss://redis.example:6380/2"                      TLS, another port, database 2
redis = "sentinel://one.example,two.example:26380/mymaster"  the Sentinels (port 26379) and the primary's name
redis = "sentinels://one.example/mymaster/2"                 TLS to the Sentinels and to Redis, database 2
"""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass

from .codes import ConfigCode
from .model import ClusterSettings
from .table import Table

_ALLOWED = "redis://HOST:PORT/DB, rediss:// for TLS, or sentinel://HOST:PORT,HOST:PORT/NAME, sentinels:// for TLS"
_HOST = r"(?:\[[0-9a-f:.]+\]|[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?)"
_HOSTS = re.compile(rf"({_HOST})(?::(\d{{1,5}}))?", re.IGNORECASE | re.ASCII)
_NAME = r"[a-z0-9][a-z0-9._-]{0,63}"
_NAME_ALLOWED = "letters, digits, '.', '_' and '-', at most 64"
_MOST_DB = 1023


@dataclass(frozen=True, slots=True)
class _Address:
    hosts: tuple[tuple[str, int], ...] = (("localhost", 6379),)
    sentinel: str = ""
    tls: bool = False
    db: int = 0


def read_cluster(table: Table) -> ClusterSettings:
    """One Redis or Valkey, and who we are to the other nodes."""
    address = _address(table)
    settings = ClusterSettings(
        node=_node(table),
        hosts=address.hosts,
        sentinel=address.sentinel,
        tls=address.tls,
        db=address.db,
        prefix=table.matching("prefix", _NAME, _NAME_ALLOWED, "mdm"),
        user=table.matching("user", r"[^\s:@]{1,128}", "a user of Redis's ACL", ""),
        password_file=table.path_of("password_file"),
        sentinel_password_file=table.path_of("sentinel_password_file"),
        ca_file=table.path_of("ca_file"),
        certificate_file=table.path_of("certificate_file"),
        key_file=table.path_of("key_file"),
        gone_after=table.duration("gone_after", 15, 3, 600),
    )
    _check(table, settings)
    table.finish()
    return settings


def _node(table: Table) -> str:
    if table.raw("node") is not None:
        return table.matching("node", _NAME, _NAME_ALLOWED)
    name = socket.gethostname()
    if not re.fullmatch(_NAME, name, re.IGNORECASE | re.ASCII):
        what = f"is missing, and the host name {name!r} does not fit"
        table.problem(ConfigCode.MISSING, "node", what, _NAME_ALLOWED, "give this node a name of its own: node = ...")
    return name


def _address(table: Table) -> _Address:
    text = table.text("redis", allowed=_ALLOWED)
    if not text:
        return _Address()
    if "@" in text or "?" in text:
        # Not repeated here: it may be a password.
        hint = "write the password into a file, name that as password_file, and the user as user"
        table.problem(ConfigCode.EXPOSED_SECRET, "redis", "holds a user, a password or options", _ALLOWED, hint)
        return _Address()
    found = re.fullmatch(r"(redis|sentinel)(s?)://([^/]*)((?:/[^/]*)*)", text, re.IGNORECASE)
    if found is None:
        table.problem(ConfigCode.DOES_NOT_FIT, "redis", f"{text!r} does not fit", _ALLOWED)
        return _Address()
    sentinel = found[1].lower() == "sentinel"
    hosts = _hosts(table, text, found[3], 26379 if sentinel else 6379)
    rest = found[4].strip("/").split("/") if found[4].strip("/") else []
    name = rest.pop(0) if sentinel and rest else ""
    db = rest.pop(0) if rest else "0"
    if sentinel and not re.fullmatch(_NAME, name, re.IGNORECASE | re.ASCII):
        hint = "the word after `sentinel monitor` in sentinel.conf"
        table.problem(ConfigCode.DOES_NOT_FIT, "redis", f"{text!r} names no primary", _ALLOWED, f"add {hint}")
    elif not sentinel and len(hosts) > 1:
        hint = "if they are Sentinels write sentinel://, else name one of them"
        table.problem(ConfigCode.DOES_NOT_FIT, "redis", f"{text!r} names several hosts", _ALLOWED, hint)
    elif rest or not (db.isascii() and db.isdecimal() and int(db) <= _MOST_DB):
        hint = f"end it with /0 to /{_MOST_DB}, or with nothing for database 0"
        table.problem(ConfigCode.DOES_NOT_FIT, "redis", f"{text!r} ends in no database number", _ALLOWED, hint)
    else:
        return _Address(hosts, name, bool(found[2]), int(db))
    return _Address()


def _hosts(table: Table, text: str, listed: str, port: int) -> tuple[tuple[str, int], ...]:
    hosts = []
    for item in listed.split(","):
        found = _HOSTS.fullmatch(item.strip())
        if found is None or not 1 <= int(found[2] or port) <= 65535:
            what, allowed = f"{item.strip()!r} in {text!r} is no host", "HOST or HOST:PORT, the port from 1 to 65535"
            table.problem(ConfigCode.DOES_NOT_FIT, "redis", what, allowed)
        else:
            hosts.append((found[1].strip("[]").lower(), int(found[2] or port)))
    return tuple(hosts) or _Address().hosts


def _check(table: Table, settings: ClusterSettings) -> None:
    for name in ("ca_file", "certificate_file", "key_file"):
        if getattr(settings, name) and not settings.tls:
            allowed, hint = "redis = rediss://... or sentinels://...", "write the s into redis, or remove this line"
            table.problem(ConfigCode.INCOMPLETE, name, "stands there without TLS", allowed, hint)
    if (settings.certificate_file is None) != (settings.key_file is None):
        missing = "key_file" if settings.certificate_file else "certificate_file"
        table.problem(
            ConfigCode.INCOMPLETE, missing, "is missing", "certificate_file and key_file together, or neither"
        )
    if settings.user and not settings.password_file:
        allowed = "a file that holds the password of user"
        table.problem(ConfigCode.INCOMPLETE, "password_file", "is missing", allowed, "name the file, or remove user")
    if settings.sentinel_password_file and not settings.sentinel:
        what = "stands there without Sentinels"
        table.problem(ConfigCode.NO_EFFECT, "sentinel_password_file", what, "redis = sentinel://... with it")
    if not (settings.password_file or settings.certificate_file or all(map(_is_here, settings.hosts))):
        table.findings.warn(
            table.at("redis"), "has no password_file: whoever reaches that Redis can call any device compliant"
        )


def _is_here(host: tuple[str, int]) -> bool:
    try:
        return ipaddress.ip_address(host[0]).is_loopback
    except ValueError:
        return host[0] == "localhost"
