"""How many requests FreeRADIUS can have in hand: threads ready to wait, requests kept (freeradius.md section 3)."""

from __future__ import annotations

from collections.abc import Iterator

from ...raddb.tree import Section
from ..codes import OperationCode
from .finding import Finding, Findings
from .site import Site, number, where

_THREADS = Findings("raddb.threads", OperationCode.SITE_RADDB)
_REQUESTS = Findings("raddb.max-requests", OperationCode.SITE_RADDB)
_TIME = Findings("raddb.max-request-time", OperationCode.SITE_RADDB)
# What the packaged server has when the setting is missing (main/threads.c, main/mainconfig.c).
_START, _MOST, _SPARE, _REQUESTS_KEPT, _REQUEST_TIME, _CLEANUP = 5, 32, 10, 256, 30, 5
_FEW_THREADS, _FEW_REQUESTS = 32, 4096
_PATCH = "as freeradius/stock.patch has it: start_servers = 64, max_servers = 256, max_spare_servers = 64"


def check(site: Site) -> Iterator[Finding]:
    """All three."""
    if site.top is None:
        return
    yield _threads(site.top)
    yield _requests(site.top)
    if site.config is not None:
        yield _time(site.top, site.config.service.wait)


def _threads(top: Section) -> Finding:
    pool = top.find("thread", "pool")
    if pool is None:
        what = "there is no section `thread pool`: requests are worked on one at a time, and each waits for the others"
        return _THREADS.error(what, _PATCH, top.where)
    start, most = number(pool, "start_servers", _START), number(pool, "max_servers", _MOST)
    spare = number(pool, "max_spare_servers", _SPARE)
    ready = min(start, spare, most)
    if ready < _FEW_THREADS:
        name = min((start, "start_servers"), (spare, "max_spare_servers"), (most, "max_servers"))[1]
        what = (
            f"{name} = {ready}: with more requests than that waiting for Intune at once, the others stand in line, "
            "since the pool grows slowly"
        )
        return _THREADS.warning(what, _PATCH, where(pool, name))
    return _THREADS.ok(f"{ready} threads are ready, at most {most}", pool.where)


def _requests(top: Section) -> Finding:
    pair = top.pair("max_requests")
    kept = number(top, "max_requests", _REQUESTS_KEPT)
    cleanup = max(1, number(top, "cleanup_delay", _CLEANUP))
    if pair is None or kept < _FEW_REQUESTS:
        missing = " (max_requests is missing)" if pair is None else ""
        what = (
            f"{kept} requests are kept{missing}, answered ones for {cleanup} s: beyond {kept // cleanup} packets a "
            "second they are dropped"
        )
        return _REQUESTS.warning(what, "max_requests = 16384", pair.where if pair else top.where)
    return _REQUESTS.ok(f"max_requests = {kept}", pair.where)


def _time(top: Section, wait: float) -> Finding:
    limit = number(top, "max_request_time", _REQUEST_TIME)
    if wait >= limit:
        what = f"FreeRADIUS gives a request up after {limit} s, and service.wait is {wait:g} s"
        return _TIME.error(what, "set service.wait to about 2s: below the network device's time-out", top.where)
    return _TIME.ok(f"max_request_time = {limit} s, service.wait {wait:g} s", where(top, "max_request_time"))
