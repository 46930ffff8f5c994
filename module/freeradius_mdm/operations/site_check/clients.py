"""FreeRADIUS's client sections: signatures are asked for, and vendor families are those of mdm.toml."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...config.model import NetworkDevices
from ...profiles.family import FAMILIES
from ...raddb.tree import Section
from ..codes import OperationCode
from .finding import Finding, Findings, few
from .site import Site, truth, value, where

_SIGNATURES = Findings("raddb.signatures", OperationCode.SITE_RADDB)
_LIMIT = Findings("raddb.proxy-state", OperationCode.SITE_RADDB)
_FAMILIES = Findings("raddb.families", OperationCode.SITE_RADDB)
_HAS_GLOBAL = (3, 2, 5)  # the first release with [security] require_message_authenticator


def check(site: Site) -> Iterator[Finding]:
    """Every client of every list."""
    if site.top is None:
        return
    listed = list(clients(site.top))
    yield from _signatures(site, listed)
    if site.config is not None:
        yield from _families(site.config.network_devices, listed)


def clients(top: Section) -> Iterator[Section]:
    """Every `client` section, wherever clients can stand."""
    yield from top.all("client")
    for section in top.sections:
        if section.name1 in ("server", "clients"):
            yield from section.all("client")
        if section.name1 == "server":
            for below in section.all("clients"):
                yield from below.all("client")


def listens_with_tls(site: Site) -> bool:
    """Whether some listener takes RadSec."""
    if site.top is None:
        return False
    listeners = [*site.top.all("listen"), *(listen for server in site.servers() for listen in server.all("listen"))]
    return any(listen.find("tls") is not None for listen in listeners)


def _signatures(site: Site, listed: Sequence[Section]) -> Iterator[Finding]:
    security = site.top.find("security") if site.top is not None else None
    has_global = security is not None and site.version >= _HAS_GLOBAL
    everywhere = has_global and truth(security, "require_message_authenticator")
    open_: list[Section] = []
    let_off: list[Section] = []
    for client in listed:
        if value(client, "proto") in ("tls", "tcp"):
            continue  # RadSec signs nothing inside TLS
        required = value(client, "require_message_authenticator").lower()
        if value(client, "mdm_message_authenticator") == "optional":
            let_off.append(client)
        elif required not in ("yes", "true", "1", "on") and not (everywhere and not required):
            open_.append(client)
    if open_:
        what = (
            f"Message-Authenticator is not required of {few([each.name2 for each in open_])}: the policy drops "
            "unsigned Access-Requests, but FreeRADIUS looks at them first (BlastRADIUS)"
        )
        advice = "require_message_authenticator = yes in each of these client sections, not auto"
        yield _SIGNATURES.warning(what, advice, where(open_[0], "require_message_authenticator"))
    if let_off:
        names = few([each.name2 for each in let_off])
        what = f"unsigned requests are taken from {names} (mdm_message_authenticator = optional)"
        advice = "remove the line as soon as these devices can sign: a Reject to them can be made an Accept on the way"
        yield _SIGNATURES.warning(what, advice, where(let_off[0], "mdm_message_authenticator"))
    if not open_ and not let_off:
        yield _SIGNATURES.ok(f"Message-Authenticator is required of every client ({len(listed)})")
    if security is not None and has_global and (open_ or let_off) and value(security, "limit_proxy_state") == "no":
        what = "limit_proxy_state = no: an unsigned request with Proxy-State is taken, which BlastRADIUS needs"
        yield _LIMIT.warning(what, "limit_proxy_state = auto, or yes", where(security, "limit_proxy_state"))


def _families(devices: NetworkDevices, listed: Sequence[Section]) -> Iterator[Finding]:
    faulty = False
    for client in listed:
        name = value(client, "mdm_family")
        if name and name not in devices.families:
            faulty = True
            place = where(client, "mdm_family")
            if name in FAMILIES:
                what, advice = "is not in use", f'families = ["{name}"] below [network_devices] in mdm.toml'
            else:
                what, advice = "is no vendor family", f"one of {', '.join(devices.families)}"
            what = f"client {client.name2}: mdm_family = {name} {what}: all its requests are rejected"
            yield _FAMILIES.error(what, advice, place)
    without = [client.name2 for client in listed if not value(client, "mdm_family")]
    vpn = f", on VPN {devices.default_vpn.name}" if devices.default_vpn else ", a VPN request is rejected"
    if without:
        yield _FAMILIES.ok(f"taken for {devices.default.name}{vpn}, having no mdm_family: {few(without)}")
    elif not faulty:
        yield _FAMILIES.ok("every client names its vendor family")
