"""Microsoft Intune as a `ComplianceSource`: tokens, address, question, answer (intune.md sections 2 to 6).

A lookup takes at most connect_timeout + read_timeout, everything included: a token and the address when they are
missing, the question, its one repetition. Only name resolution, which the system bounds, is outside that cap.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from pathlib import Path

from ..compliance import UNREGISTERED_ANSWER, ComplianceAnswer, EndpointKey, IdKind
from ..config.model import Server
from ..errors import SourceError
from . import crs_answers
from .background import Background
from .bulk import LIST_LIMITS, closed, fetch
from .codes import MdmCode
from .crs import MDMINFO_PATH, Crs, CrsFailure, Remedy, bulk_path, device_path
from .crs_answers import CrsProtocolError, DeviceList, MdmInfo
from .crs_judge import WrongDevice, judge
from .crs_xml import XmlRefused
from .discovery import Discovery
from .failures import failure
from .graph_application import GraphApplication
from .graph_endpoints import GraphEndpoints
from .http import HttpClient
from .noncompliant import NonCompliantDevices
from .tokens import Tokens, TokenUse
from .turn import Hold

log = logging.getLogger(__name__)
_FIRST_PAUSE = 5.0  # seconds after a 429 without Retry-After, doubled each time
_LONGEST_PAUSE = 300.0
_RETRY_WAIT = (0.05, 0.25)  # seconds, so that threads that failed together do not ask together


class IntuneSource:
    """One tenant's CRS. Thread safe; nothing is sent before the first call. Raises SourceError, nothing else.

    `clock`: epoch seconds; `sleep` waits that many seconds; `jitter` gives a number from 0 to 1. The parts that the
    connection test takes one by one are `http`, `tokens`, `application`, `discovery`.
    """

    def __init__(
        self,
        server: Server,
        state_directory: Path,
        clock: Callable[[], float] = time.time,
        *,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.server = server
        self._clock = clock
        self._sleep = sleep
        self._jitter = jitter
        self.http = HttpClient(server)
        self.tokens = Tokens(server, self.http, clock)
        endpoints = GraphEndpoints(server.cloud.graph_host, self.http, self.tokens, clock)
        self.application = GraphApplication(server.cloud.graph_host, self.http, self.tokens, clock)
        self.discovery = Discovery(server, endpoints, state_directory, clock, jitter)
        self._crs = Crs(server.name, self.http, self.tokens, clock)
        self._background = Background()
        self._pause = Hold(clock)
        self._throttled = 0  # 429 answers in a row
        self._closed = False

    def lookup(self, key: EndpointKey) -> ComplianceAnswer:
        """Ask about one endpoint, by Intune device id or MAC. Never longer than connect plus read timeout."""
        if key.kind is IdKind.ENTRA:
            raise failure(MdmCode.KIND_UNSUPPORTED, f"an Entra device id, {key.value}", server_down=False)
        with self.http.budget(self.http.exchange_limit):
            try:
                listed = self._devices(device_path(key))
            except CrsFailure as error:
                if error.status == 404 and self._address_is_right():
                    return UNREGISTERED_ANSWER
                raise
        self._renew_ahead()
        try:
            return judge(key, listed.devices)
        except WrongDevice as error:
            raise failure(MdmCode.WRONG_DEVICE, str(error), server_down=False) from None

    def mdminfo(self) -> MdmInfo:
        """Ask CRS about itself: its remediation page and page size. Never longer than connect plus read timeout."""
        with self.http.budget(self.http.exchange_limit):
            return self._mdminfo()

    def noncompliant(self, cancelled: Callable[[], bool]) -> NonCompliantDevices:
        """Every page of the bulk list, one after the other, or SourceError: M1229 while it is closed. Takes minutes."""
        return fetch(self._page, self._clock, self._sleep, cancelled)

    def warm_up(self) -> None:
        """Get tokens and address, renew what is due, ask mdminfo. To be called at start and every minute or so.

        Each step has a time budget of its own, so that a slow start succeeds where a lookup would not wait.
        """
        self._check_open()
        for step in (
            lambda: self.tokens.get(TokenUse.CRS),
            lambda: self.tokens.renew(TokenUse.CRS),
            self.discovery.address,
            self._refresh_address,
            self._mdminfo,
        ):
            with self.http.budget(3 * self.http.exchange_limit):
                step()

    def close(self) -> None:
        """Release connections; a lookup under way may still end well."""
        self._closed = True
        self._background.close()
        self.http.close()

    def _devices(self, path: str) -> DeviceList:
        body = self._ask(path, crs_answers.SINGLE_LIMIT)
        try:
            listed = crs_answers.read_devices(body)
        except (XmlRefused, CrsProtocolError) as error:
            raise failure(MdmCode.PROTOCOL, str(error)) from None
        if listed.busy_wait > 0:
            seen = f"CRS is busy for {listed.busy_wait:.0f} s"
            self._pause.keep(failure(MdmCode.THROTTLED, seen, retry_after=listed.busy_wait), listed.busy_wait)
        return listed

    def _page(self, marker: str) -> bytes:
        with self.http.budget(3 * self.http.exchange_limit):
            path = bulk_path(marker, self.server.bulk_identifier.value)
            return self._ask(path, crs_answers.BULK_LIMIT, bulk=True)

    def _mdminfo(self) -> MdmInfo:
        body = self._ask(MDMINFO_PATH, crs_answers.SINGLE_LIMIT)
        try:
            return crs_answers.read_mdminfo(body)
        except (XmlRefused, CrsProtocolError) as error:
            raise failure(MdmCode.PROTOCOL, str(error)) from None

    def _ask(self, path: str, limit: int, *, bulk: bool = False) -> bytes:
        """One question, and one more attempt where that can help.

        `bulk`: a page of the list, whose limits are its own: a 503 or 429 there holds up no question about a device.
        """
        self._check_open()
        pausing = self._pause.current()
        if pausing is not None:
            raise pausing
        address = self.discovery.address()
        try:
            try:
                body = self._crs.ask(address, path, limit)
            except CrsFailure as first:
                if bulk and first.status in LIST_LIMITS:
                    raise
                again = self._remedied(first, address)
                if again is None:
                    raise
                body = self._crs.ask(again, path, limit)
        except CrsFailure as error:
            if bulk and error.status in LIST_LIMITS:
                raise closed(error) from None
            raise self._noted(error) from None
        self._throttled = 0
        return body

    def _remedied(self, error: CrsFailure, address: str) -> str | None:
        """Do what the failure calls for; the address for the second attempt, or None when there is to be none."""
        if error.remedy is Remedy.NEW_TOKEN:
            return address if self.tokens.drop(error.token) else None
        if error.remedy is Remedy.NEW_ADDRESS:
            found = self.discovery.rediscover(address)
            if found is not None and found != address:
                return found
            if error.status is not None:
                return None
        if error.code == MdmCode.CONNECT_TIMEOUT:
            # A host that moved may also just go silent; there is no time left to find out now.
            self._background.start("rediscover", lambda: self._rediscover(address))
        if error.remedy is Remedy.NONE:
            return None
        shortest, longest = _RETRY_WAIT
        self._sleep(shortest + (longest - shortest) * self._jitter())
        return address

    def _noted(self, error: CrsFailure) -> SourceError:
        """Let a failure have its effect on the questions that follow."""
        if error.status == 403:
            self.tokens.drop(error.token)
            self._pause.keep(error, error.retry_after or 0.0)
        elif error.status == 429:
            if error.retry_after is None:
                error.retry_after = min(_FIRST_PAUSE * 2.0**self._throttled, _LONGEST_PAUSE)
            self._throttled += 1
            self._pause.keep(error, error.retry_after)
        return error

    def _address_is_right(self) -> bool:
        """True when a 404 can only be about the device: Graph has just named this address, or mdminfo answers there."""
        if self.discovery.confirmed():
            return True
        try:
            self._mdminfo()
        except SourceError:
            return False
        return True

    def _renew_ahead(self) -> None:
        if self.tokens.due(TokenUse.CRS):
            self._background.start("renew-token", self._renew_token)
        if self.discovery.due():
            self._background.start("refresh-address", self._refresh_address)

    def _renew_token(self) -> None:
        with self.http.budget(3 * self.http.exchange_limit):
            self.tokens.renew(TokenUse.CRS)

    def _refresh_address(self) -> None:
        with self.http.budget(3 * self.http.exchange_limit):
            self.discovery.refresh()

    def _rediscover(self, address: str) -> None:
        with self.http.budget(3 * self.http.exchange_limit):
            self.discovery.rediscover(address)

    def _check_open(self) -> None:
        if self._closed:
            raise failure(MdmCode.CLOSED, "", server_down=False)
