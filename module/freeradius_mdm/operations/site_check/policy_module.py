"""The overlay's two modules: one python3 instance with every hook, rlm_rest for the wait (freeradius.md 2 to 4)."""

from __future__ import annotations

from collections.abc import Iterator

from ...raddb.tree import Section
from ..codes import OperationCode
from .finding import Finding, Findings, few
from .site import PYTHON_MODULE, Site, number, truth, value, where

_INSTANCES = Findings("raddb.python3", OperationCode.SITE_RADDB)
_HOOKS = Findings("raddb.hooks", OperationCode.SITE_RADDB)
_WAIT = Findings("raddb.wait", OperationCode.SITE_RADDB)
_NEEDED = ("instantiate", "detach", "authorize", "post_auth", "accounting")
_SEVERAL = (3, 2, 8)  # the first release that can have more than one instance


def check(site: Site) -> Iterator[Finding]:
    """Both."""
    yield from _instances(site)
    if (module := site.policy_module) is not None:
        yield from _hooks(module)
    yield from _wait(site)


def _instances(site: Site) -> Iterator[Finding]:
    found = list(site.modules("python3"))
    names = [each.name2 or each.name1 for each in found]
    others = [each for each in found if each is not site.policy_module]
    if site.policy_module is None:
        what = f"no enabled python3 instance has module = {PYTHON_MODULE}"
        yield _INSTANCES.error(what, "link mods-enabled/mdm_policy to ../mods-available/mdm_policy", str(site.raddb))
    for other in others:
        effect = (
            "both share one mutex, so that each waits for the other's calls"
            if site.version >= _SEVERAL
            else "FreeRADIUS 3.2.1 aborts at start with two, and releases before 3.2.8 are not known to bear it"
        )
        what = f"a second python3 instance, {other.name2 or other.name1}, is enabled: {effect}"
        yield _INSTANCES.error(what, "remove its link in mods-enabled, or run it in a server of its own", other.where)
    if not others and site.policy_module is not None:
        yield _INSTANCES.ok(f"one python3 instance, {names[0]}", site.policy_module.where)


def _hooks(module: Section) -> Iterator[Finding]:
    missing = [name for name in _NEEDED if not value(module, f"mod_{name}") or not value(module, f"func_{name}")]
    if missing:
        what = f"{few(missing)}: not both mod_ and func_ are set, so the hook is not called, and nothing says so"
        yield _HOOKS.error(what, "take mods-available/mdm_policy of this release of freeradius-mdm", module.where)
    if not truth(module, "pass_all_vps_dict"):
        what = "pass_all_vps_dict is not yes: the hooks see the request alone, and repeated attributes are lost"
        yield _HOOKS.error(what, "pass_all_vps_dict = yes", where(module, "pass_all_vps_dict"))
    if truth(module, "cext_compat", default=True) is False:
        what = "cext_compat = no: nobody has tried this policy with it"
        yield _HOOKS.warning(what, "remove the line", where(module, "cext_compat"))
    if not missing and truth(module, "pass_all_vps_dict"):
        yield _HOOKS.ok(f"{len(_NEEDED)} hooks are called with every list", module.where)


def _wait(site: Site) -> Iterator[Finding]:
    rest = next((each for each in site.modules("rest") if each.name2 == "mdm_wait"), None)
    if rest is None:
        what = "no enabled rest instance mdm_wait: FreeRADIUS does not start, or no request waits for an answer"
        yield _WAIT.error(what, "link mods-enabled/mdm_wait to ../mods-available/mdm_wait", str(site.raddb))
        return
    faults = list(_wait_faults(site, rest))
    yield from faults
    if not faults:
        yield _WAIT.ok(f"mdm_wait asks mdmd at {value(rest, 'mdmd') or 'the address in its uri'}", rest.where)


def _wait_faults(site: Site, rest: Section) -> Iterator[Finding]:
    calls, pool = rest.find("authorize"), rest.find("pool")
    if site.config is not None and calls is not None:
        service = site.config.service
        host = f"[{service.listen_host}]" if ":" in service.listen_host else service.listen_host
        address, uri = f"http://{host}:{service.listen_port}/", value(calls, "uri")
        if not uri.startswith(address):
            what = f"it asks {uri.split('/v1/')[0] or 'nobody'}, and mdmd listens on {host}:{service.listen_port}"
            yield _WAIT.error(what, f'mdmd = "{address[:-1]}" there, or service.listen in mdm.toml', rest.where)
        timeout = _seconds(value(calls, "timeout", "4.0"))
        if timeout <= service.wait:
            what = f"timeout = {timeout:g} s ends the wait before service.wait ({service.wait:g} s) does"
            advice = f"timeout = {service.wait + 0.5:g}"
            yield _WAIT.warning(what, advice, where(calls, "timeout"))
    if value(rest, "connect_uri"):
        what = "connect_uri: FreeRADIUS does not start while mdmd is down, and does not connect for retry_delay"
        yield _WAIT.warning(what, "remove the line", where(rest, "connect_uri"))
    if pool is not None and number(pool, "start", 0) > 0:
        what = "its pool has start above 0: FreeRADIUS does not start while mdmd is down"
        yield _WAIT.warning(what, "start = 0", where(pool, "start"))
    threads = site.top.find("thread", "pool") if site.top is not None else None
    most = number(threads, "max_servers", 32)
    if pool is not None and number(pool, "max", most) < most:
        what = f"its pool has max = {number(pool, 'max', most)} for up to {most} threads: some find no connection"
        yield _WAIT.warning(what, "max = ${thread[pool].max_servers}", where(pool, "max"))


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
