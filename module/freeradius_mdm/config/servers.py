"""The `[[servers]]` entries. Standard library only: radiusd imports this."""

from __future__ import annotations

import re
from dataclasses import replace

from .. import durations
from ..mdm.clouds import CLOUDS
from . import retired
from .codes import ConfigCode
from .model import AssertionMode, BulkIdentifier, Cloud, Server
from .suggest import meant
from .table import Table

GUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_DOMAIN = r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}"
_TENANT_ID = "Entra admin centre, Overview, Tenant ID"
_CLIENT_ID = "Entra admin centre, App registrations, the application, Application (client) ID"
_NEW_CERTIFICATE = "name both files; `mdmctl cert new` makes them when they are not there yet"
_SHORTEST_USE = 5.0  # seconds that an answer counts before it is due again
_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86400.0


def read_server(table: Table) -> Server:
    """One MDM server, as ISE's External MDM form has it (ise.md section 1.4)."""
    name = table.matching("name", r"[a-z0-9][a-z0-9._-]{0,63}", "letters, digits, '.', '_' and '-', at most 64")
    interval = table.duration("reauth_interval", 4 * _HOUR, 10, 30 * _DAY)
    if interval < 5 * _MINUTE:
        table.findings.warn(
            table.at("reauth_interval"),
            f"{durations.show(interval)}: every session comes back that often; ISE's own default of 1 minute "
            "is a cache age, not a session timer",
        )
    cloud_name, cloud = _cloud(table)
    server = Server(
        name=name,
        enabled=table.flag("enabled", True),
        cloud_name=cloud_name,
        cloud=cloud,
        tenant=_tenant(table),
        client_id=table.matching("client_id", GUID, "the application (client) id, a GUID", hint=_CLIENT_ID).lower(),
        certificate_file=table.path_of("certificate_file"),
        key_file=table.path_of("key_file"),
        key_passphrase_file=table.path_of("key_passphrase_file"),
        client_secret_file=table.path_of("client_secret_file"),
        assertion_mode=table.choice("assertion_mode", AssertionMode, AssertionMode.PS256),
        reauth_interval=interval,
        polling_interval=table.duration("polling_interval", 4 * _HOUR, 15 * _MINUTE, _DAY, zero=True),
        recheck_interval=table.duration("recheck_interval", 15 * _MINUTE, 1, _DAY, zero=True),
        recheck_rate=table.number("recheck_rate", 5.0, 0.1, 100.0, zero=True),
        bulk_identifier=_bulk_identifier(table),
        refresh_margin=_margin(table, interval),
        last_known_for=table.duration("last_known_for", _DAY, 0, 30 * _DAY, zero=True),
        unreachable_retry=table.duration("unreachable_retry", 10 * _MINUTE, 10, _DAY),
        connect_timeout=table.duration("connect_timeout", 2, 0.05, 60),
        read_timeout=table.duration("read_timeout", 5, 0.05, 120),
        max_concurrent=table.integer("max_concurrent", 128, 1, 1024),
        proxy=_proxy(table),
        ca_file=table.path_of("ca_file"),
        allowed_crs_hosts=_allowed_crs_hosts(table),
        connect_to=_connect_to(table),
    )
    _check_credential(table, server)
    if server.proxy and server.connect_to:
        what, hint = "stands beside proxy", "remove connect_to: a proxy is itself where connections go"
        table.problem(ConfigCode.CONTRADICTION, "connect_to", what, "one of the two", hint)
    retired.tell_unknown_settings(table)
    table.finish()
    return server


def _bulk_identifier(table: Table) -> BulkIdentifier:
    if retired.tell_device_key(table, "bulk_identifier", " or ".join(BulkIdentifier)):
        return BulkIdentifier.MACADDRESS
    return table.choice("bulk_identifier", BulkIdentifier, BulkIdentifier.MACADDRESS)


def _allowed_crs_hosts(table: Table) -> tuple[str, ...]:
    hosts = table.texts("allowed_crs_hosts")
    for host in hosts:
        retired.tell_address(table, "allowed_crs_hosts", host, "whole host names, for labs and relays")
    return tuple(host.lower() for host in hosts)


def _margin(table: Table, interval: float) -> float:
    """A tenth of the interval, at least 60 s, and never more than half of a very short interval."""
    default = min(max(interval / 10, 60.0), interval / 2)
    margin = table.duration("refresh_margin", default, 1, 30 * _DAY)
    if margin > interval - _SHORTEST_USE:
        allowed = f"at least {durations.show(_SHORTEST_USE)} less than reauth_interval, {durations.show(interval)}"
        what = f"{durations.show(margin)} leaves nothing of reauth_interval: no answer would ever count"
        hint = "lower it, or remove the line: the default is a tenth of reauth_interval"
        table.problem(ConfigCode.CONTRADICTION, "refresh_margin", what, allowed, hint)
        return default
    return margin


def _cloud(table: Table) -> tuple[str, Cloud]:
    name = table.text("cloud", "global")
    cloud = CLOUDS.get(name)
    if cloud is None:
        hint = meant(name, CLOUDS)
        table.problem(ConfigCode.UNKNOWN_VALUE, "cloud", f"{name!r} is not known", " or ".join(CLOUDS), hint)
        cloud = CLOUDS["global"]
    cloud = replace(
        cloud,
        login_host=_host(table, "login_host", cloud.login_host),
        graph_host=_host(table, "graph_host", cloud.graph_host),
    )
    suffixes = table.texts("crs_host_suffixes") or cloud.crs_host_suffixes
    for suffix in suffixes:
        allowed = "a domain led by a dot, like .manage.microsoft.com"
        if retired.tell_address(table, "crs_host_suffixes", suffix, allowed):
            continue
        if not re.fullmatch(r"\." + _DOMAIN, suffix, re.IGNORECASE):
            table.problem(ConfigCode.DOES_NOT_FIT, "crs_host_suffixes", f"{suffix!r} does not fit", allowed)
    scope = _scope(table, cloud)
    return name, replace(cloud, scope=scope, crs_host_suffixes=tuple(s.lower() for s in suffixes))


def _host(table: Table, key: str, default: str) -> str:
    host = table.text(key, default)
    if retired.tell_address(table, key, host, f"a host name, for this cloud {default}"):
        return default
    if not re.fullmatch(_DOMAIN, host, re.IGNORECASE):
        allowed = f"a host name without https:// or path, like {default}"
        table.problem(ConfigCode.DOES_NOT_FIT, key, f"{host!r} is no host name", allowed)
    return host.lower()


def _scope(table: Table, cloud: Cloud) -> str:
    right = cloud.scope or "https://<the Intune API of this cloud>//.default"
    scope = table.text("scope", cloud.scope) if cloud.scope else table.text("scope", allowed=right)
    allowed = f"{right}, with two slashes before .default"
    if retired.tell_audience(table, "scope", scope, allowed) or retired.tell_address(table, "scope", scope, allowed):
        return right
    if scope and not re.fullmatch(r"https://[^/\s]+//\.default", scope):
        table.problem(
            ConfigCode.DOES_NOT_FIT,
            "scope",
            f"{scope!r} is another audience",
            allowed,
            "write both slashes: the resource's own name ends in one, and a single one asks for another resource",
        )
    return scope


def _tenant(table: Table) -> str:
    """A tenant id or domain; a pasted Entra address is reduced to its tenant."""
    allowed = "the directory (tenant) id, a GUID, or the tenant's domain"
    value = table.text("tenant", allowed=allowed, hint=_TENANT_ID)
    if retired.tell_address(table, "tenant", value, allowed):
        return ""
    pasted = re.match(r"https://[^/]+/([^/]+)", value)
    value = (pasted[1] if pasted else value).strip("/")
    if value.lower() in {"common", "organizations", "consumers"}:
        hint = f"name the one directory that the application is registered in: {_TENANT_ID}"
        table.problem(ConfigCode.DOES_NOT_FIT, "tenant", f"{value!r} is no tenant", allowed, hint)
    elif value and not re.fullmatch(f"{GUID}|{_DOMAIN}", value, re.IGNORECASE):
        table.problem(ConfigCode.DOES_NOT_FIT, "tenant", f"{value!r} does not fit", allowed, _TENANT_ID)
    return value.lower()


def _proxy(table: Table) -> str | None:
    if table.raw("proxy") is None:
        return None
    return table.matching("proxy", r"https?://[^\s/]+/?", "http://HOST:PORT") or None


def _connect_to(table: Table) -> str | None:
    if table.raw("connect_to") is None:
        return None
    table.findings.warn(table.at("connect_to"), "every connection of this server goes there: for labs only")
    return table.matching("connect_to", r"(?:\[[0-9a-f:]+\]|[^\s:/\[\]]+):\d{1,5}", "HOST:PORT") or None


def _check_credential(table: Table, server: Server) -> None:
    pair = (server.certificate_file, server.key_file)
    allowed = "certificate_file and key_file together, or client_secret_file"
    if any(pair) and server.client_secret_file:
        what, hint = "stands beside a certificate", "remove one of the two; a certificate is the safer one"
        table.problem(ConfigCode.CONTRADICTION, "client_secret_file", what, allowed, hint)
    elif any(pair) and not all(pair):
        missing = "key_file" if server.certificate_file else "certificate_file"
        table.problem(ConfigCode.INCOMPLETE, missing, "is missing", allowed, _NEW_CERTIFICATE)
    elif not any(pair) and not server.client_secret_file:
        table.problem(ConfigCode.MISSING, "certificate_file", "no credential is configured", allowed, _NEW_CERTIFICATE)
