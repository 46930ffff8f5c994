"""All checks, in their order; what one needs of another is handed on in `Site`."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ...errors import ConfigError
from ...raddb import reader
from ...raddb.tree import Section
from ..codes import OperationCode
from . import (
    capacity,
    clients,
    coa,
    configuration,
    eap,
    freeradius,
    links,
    mdmd,
    permissions,
    policy_module,
    policy_places,
    releases,
    syntax,
)
from .finding import CheckReport, Finding, Findings, Progress
from .loopback import check as loopback
from .site import Site, raddb_of

_READ = Findings("raddb.read", OperationCode.SITE_RADDB)
_RELEASE = Findings("release.version", OperationCode.SITE_RELEASE)
_LOOPBACK = Findings("loopback.server", OperationCode.SITE_LOOPBACK)


@dataclass(frozen=True, slots=True)
class Options:
    """`raddb`: None for the directory that mdm.toml lies in. `ask_devices`: send each network device a CoA request.

    `command`: of FreeRADIUS, () for the one installed; `root`: the directory that it takes for `/`. `temporary`: where
    the temporary server's directory is made.
    """

    raddb: Path | None = None
    loopback: bool = True
    ask_devices: bool = False
    command: Sequence[str] = ()
    root: Path = Path("/")
    temporary: Path | None = None


def _silent(_: str) -> None:
    """Tell nobody."""


def run(config_file: Path, options: Options | None = None, progress: Progress = _silent) -> CheckReport:
    """Check everything. Nothing of the site is changed, and its running server gets nothing sent."""
    chosen = options or Options()
    started = time.monotonic()
    findings = list(_all(config_file, chosen, progress))
    return CheckReport(tuple(findings), round(time.monotonic() - started, 3))


def _all(config_file: Path, options: Options, progress: Progress) -> Iterable[Finding]:
    progress("the configuration")
    server = freeradius.find(options.command, options.root)
    raddb = (options.raddb or raddb_of(config_file)).absolute()
    top, unread = _tree(raddb, server.version if server else ())
    site = Site(config_file, None, raddb, server, top)
    config, found = configuration.read(config_file, links.dictionary_of(site) if top is not None else None)
    site = replace(site, config=config)
    yield from found
    yield from _release(site)
    yield from unread
    if top is not None:
        progress("FreeRADIUS's configuration")
        for part in (links, policy_module, policy_places, eap, capacity, clients):
            yield from part.check(site)
    progress("FreeRADIUS's own judgement of it: radiusd -C")
    yield from syntax.check(site)
    progress("permissions")
    yield from permissions.check(site)
    progress("mdmd")
    yield from mdmd.check(config)
    progress("loopback: starting a FreeRADIUS of our own")
    if options.loopback:
        yield from loopback.check(site, progress, options.temporary)
    else:
        yield _LOOPBACK.skipped("no reply is compared with what was meant", "leave out --no-loopback")
    progress("network devices")
    yield from coa.check(site, progress, ask=options.ask_devices)


def _tree(raddb: Path, version: tuple[int, ...]) -> tuple[Section | None, list[Finding]]:
    root = raddb / "radiusd.conf"
    if not root.exists():
        advice = "name FreeRADIUS's directory: mdmctl check --raddb DIR"
        return None, [_READ.error("there is no FreeRADIUS configuration", advice, str(root))]
    try:
        return reader.read(root, os.environ, version, deep=True).top, []
    except ConfigError as error:
        advice = "as root, where it is a question of permission; else see `radiusd -C` below"
        return None, [_READ.error(problem.what, advice, problem.where) for problem in error.problems]


def _release(site: Site) -> Iterable[Finding]:
    if site.server is not None:
        yield from releases.check(site.server, radsec=clients.listens_with_tls(site))
        return
    version = ".".join(map(str, site.version))
    what = f"no FreeRADIUS is found here{f', mdm.toml says {version}' if version else ''}"
    yield _RELEASE.error(what, "run it where FreeRADIUS is, or name it: mdmctl check --radiusd PROGRAM")
