"""FreeRADIUS's EAP: no session resumption, and the decision inside EAP-TLS and inside tunnels (freeradius.md 6, 7)."""

from __future__ import annotations

from collections.abc import Iterator

from ...raddb.tree import Section
from ..codes import OperationCode
from .finding import Finding, Findings
from .policy_calls import calls
from .site import Site, truth, value, where

_RESUMPTION = Findings("raddb.resumption", OperationCode.SITE_RADDB)
_DECISION = Findings("raddb.eap", OperationCode.SITE_RADDB)
_TUNNELS = ("ttls", "peap", "teap")


def check(site: Site) -> Iterator[Finding]:
    """Every enabled instance of eap."""
    for eap in site.modules("eap"):
        name = eap.name2 or eap.name1
        yield from _resumption(eap, name)
        faults = [*_eap_tls(site, eap, name), *_tunnels(site, eap, name)]
        yield from faults
        if not faults and eap.find("tls"):
            yield _DECISION.ok(f"{name} decides inside EAP-TLS and inside tunnels", eap.where)


def _resumption(eap: Section, name: str) -> Iterator[Finding]:
    settings = [*eap.all("tls-config"), *eap.all("tls")]
    on = [cache for each in settings for cache in each.all("cache") if truth(cache, "enable")]
    for cache in on:
        what = (
            "TLS session resumption is on: a resumed session shows no certificate or skips the tunnel, and is refused, "
            "so that devices fail to come back"
        )
        yield _RESUMPTION.warning(f"{name}: {what}", "cache { enable = no }", where(cache, "enable"))
    if settings and not on:
        yield _RESUMPTION.ok(f"{name}: TLS session resumption is off", settings[0].where)


def _eap_tls(site: Site, eap: Section, name: str) -> Iterator[Finding]:
    tls = eap.find("tls")
    if tls is None:
        return
    server = value(tls, "virtual_server")
    if not server:
        what = "tls has no virtual_server: there is no decision inside EAP-TLS, and every certificate is refused"
        yield _DECISION.error(f"{name}: {what}", "tls { virtual_server = mdm-eap-tls }", tls.where)
    elif not _calls(site, server, "authorize", "mdm_decide"):
        what = f"tls has virtual_server = {server}, which does not call mdm_decide: every certificate is refused"
        advice = "virtual_server = mdm-eap-tls, or move that server's authorize section to the end of your own"
        yield _DECISION.error(f"{name}: {what}", advice, where(tls, "virtual_server"))


def _tunnels(site: Site, eap: Section, name: str) -> Iterator[Finding]:
    for kind in _TUNNELS:
        method = eap.find(kind)
        server = value(method, "virtual_server") if method is not None else ""
        if method is None or (server and _calls(site, server, "post-auth", "mdm_inner_tunnel")):
            continue
        at = where(method, "virtual_server")
        if not server:
            what = f"{kind} has no virtual_server: its logins are not decided inside the tunnel, and are refused"
            yield _DECISION.error(f"{name}: {what}", 'virtual_server = "inner-tunnel"', at)
        else:
            what = f"{kind}'s server {server} does not call mdm_inner_tunnel in post-auth: its logins are refused"
            yield _DECISION.error(f"{name}: {what}", "call mdm_inner_tunnel last in its post-auth (stock.patch)", at)


def _calls(site: Site, server: str, section: str, name: str) -> bool:
    top = site.top
    if top is None:
        return False
    return any(
        call.name == name
        for each in top.all("server", server)
        for part in each.all(section)
        for call in calls(part, section, top)
    )
