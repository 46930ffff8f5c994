"""Where this tenant's CRS is: found through Graph, checked, kept, found again when it moves (intune.md section 3).

The host carries the tenant's scale unit and can move. An address is kept for a day, on disk too, and looked up again
when the service is not there any more; a list that can't be had, or that holds nonsense, never replaces a good address.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from ..config.model import Server
from ..errors import SourceError
from ..log_line import quote
from . import crs_address
from .address_file import AddressFile, SavedAddress
from .codes import MdmCode
from .failures import failure
from .graph_endpoints import GraphEndpoints
from .turn import Hold, Turn

log = logging.getLogger(__name__)
_LIFETIME = 24 * 3600.0  # seconds, less up to a tenth so that many nodes do not ask at once
_AGAIN_AFTER = 60.0  # seconds between two looks because of trouble
_HOLD = 5.0  # seconds a failure is repeated while there is no address at all


@dataclass(frozen=True, slots=True)
class Address:
    """`uri` has no trailing slash and has been checked. Times: epoch seconds."""

    uri: str
    found_at: float
    stale_at: float


@dataclass(frozen=True, slots=True)
class Found:
    """What one look at the endpoint list gave: the address, and what else is odd there, one line each.

    `refused`: records of CRS whose address is not taken; `hosts`: the hosts of the good ones when they differ.
    """

    uri: str
    endpoints: int
    refused: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()


class Discovery:
    """Thread safe; one look at a time. `jitter` gives a number from 0 to 1. `found`: the last look that led to one."""

    def __init__(
        self,
        server: Server,
        endpoints: GraphEndpoints,
        state_directory: Path,
        clock: Callable[[], float],
        jitter: Callable[[], float],
    ) -> None:
        self._server = server
        self._endpoints = endpoints
        self._file = AddressFile(state_directory, server.name)
        self._owner = f"{server.cloud.login_host}/{server.tenant}/{server.cloud.graph_host}"
        self._clock = clock
        self._jitter = jitter
        self._turn = Turn("the address of CRS")
        self._hold = Hold(clock)
        self._current: Address | None = None
        self._looked_at = float("-inf")
        self.found: Found | None = None

    def address(self) -> str:
        """The address to use now; asks Graph only when none is known. Raises SourceError."""
        if self._current is not None:
            return self._current.uri
        with self._turn:
            if self._current is None:
                self._current = self._load()
            if self._current is None:
                failing = self._hold.current()
                if failing is not None:
                    raise failing
                self._look()
            assert self._current is not None
            return self._current.uri

    def due(self) -> bool:
        """True when the address is a day old and a look is allowed: to be refreshed in the background."""
        current = self._current
        return current is not None and self._clock() >= current.stale_at and self._may_look()

    def refresh(self) -> None:
        """Look again if that is due. Raises SourceError; the address known stays."""
        with self._turn:
            if self.due():
                self._look()

    def rediscover(self, unreachable: str) -> str | None:
        """The address after a look because `unreachable` did not serve: the same one, confirmed, or a new one.

        None when nothing could be learnt: Graph did not answer, or the minute since the last look is not over and
        that look failed.
        """
        with self._turn:
            if self._current is not None and self._current.uri != unreachable:
                return self._current.uri
            if self._may_look():
                try:
                    self._look()
                except SourceError as error:
                    log.warning("event=rediscovery_failed server=%s error=%s", self._server.name, quote(error))
            return self._current.uri if self._current is not None and self.confirmed() else None

    def confirmed(self) -> bool:
        """True when Graph has named the address in use within the last minute."""
        current = self._current
        return current is not None and abs(self._clock() - current.found_at) < _AGAIN_AFTER

    def _may_look(self) -> bool:
        return abs(self._clock() - self._looked_at) >= _AGAIN_AFTER

    def _look(self) -> None:
        """Ask Graph and take over what it says; the caller has its turn."""
        self._looked_at = self._clock()
        try:
            found = self._choose(self._endpoints.fetch())
        except SourceError as error:
            self._hold.keep(error, max(error.retry_after or 0.0, _HOLD))
            raise
        self._hold.clear()
        self._tell(found)
        dated = self._dated(found.uri, self._clock())
        if self._current is None or self._current.uri != found.uri:
            log.info("event=crs_address server=%s uri=%s", self._server.name, found.uri)
        self.found = found
        self._current = dated
        self._file.write(SavedAddress(self._owner, found.uri, dated.found_at))

    def _choose(self, records: list[object]) -> Found:
        uris = crs_address.pick(records)
        if not uris:
            raise self._not_listed(records)
        good: list[str] = []
        reasons: list[str] = []
        for uri in uris:
            try:
                good.append(self._check(uri))
            except crs_address.AddressRefused as refused:
                reasons.append(f"{uri[:120]!r}: {refused}")
        if not good:
            raise failure(MdmCode.ADDRESS_REFUSED, "; ".join(reasons))
        hosts = tuple(str(urlsplit(uri).hostname) for uri in good) if len(set(good)) > 1 else ()
        return Found(good[0], len(records), tuple(reasons), hosts)

    def _tell(self, found: Found) -> None:
        """Write down what is odd about a list that has a good address all the same."""
        for reason in found.refused:
            log.warning("event=crs_address_refused server=%s seen=%s", self._server.name, quote(reason))
        if found.hosts:
            hosts = ",".join(found.hosts)
            log.warning("event=crs_listed_twice server=%s taken=first hosts=%s", self._server.name, hosts)

    def _check(self, uri: str) -> str:
        return crs_address.check(uri, self._server.cloud.crs_host_suffixes, self._server.allowed_crs_hosts)

    def _not_listed(self, records: list[object]) -> SourceError:
        seen = f"{len(records)} endpoints, none of them {crs_address.SERVICE}"
        if crs_address.lists_only_nac_v1(records):
            advice = "only NAC 1.x is listed, which ended in March 2024: check the Intune licence, tenant and cloud"
            return failure(MdmCode.NOT_LISTED, seen, advice=advice)
        return failure(MdmCode.NOT_LISTED, seen)

    def _load(self) -> Address | None:
        saved = self._file.read(self._owner)
        if saved is None:
            return None
        try:
            return self._dated(self._check(saved.uri), min(saved.found_at, self._clock()))
        except crs_address.AddressRefused:
            return None

    def _dated(self, uri: str, found_at: float) -> Address:
        if crs_address.is_outside(uri, self._server.cloud.crs_host_suffixes):
            log.warning("event=crs_outside_cloud server=%s uri=%s allowed_by=allowed_crs_hosts", self._server.name, uri)
        return Address(uri, found_at, found_at + _LIFETIME * (1 - 0.1 * self._jitter()))
