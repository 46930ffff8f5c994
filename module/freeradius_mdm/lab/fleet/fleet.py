"""The devices of a fleet and their day: they sign in, reauthenticate by timer and by CoA, leave and come back."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..radius.access import WiredPort, audit_session_id
from ..radius.nas_session import EffectKind, NasSession
from . import site
from .nas import Counts, FleetNas
from .network import Network
from .radiusd import Access, Radiusd, RadiusdGone
from .site import Settings
from .tally import Tally
from .tenant import Tenant
from .virtual_loop import VirtualLoop

_SLOW, _SLOWEST = 0.3, 12.0  # the share of supplicants that take their time, and seconds
_NO_REPLY = 5.0  # seconds until a network device asks another server
_RETRY = 10.0  # seconds until a rejected device tries again
_NAMES = {"Service-Type": {2: "Framed-User"}, "NAS-Port-Type": {15: "Ethernet"}}
_COMPLIANT_VLAN = "EMPLOYEES"


@dataclass(slots=True, eq=False)
class Endpoint:
    """A device and the session that it has, if any."""

    device: str
    number: int
    nas: FleetNas
    name: str = ""
    session: NasSession | None = None
    started_at: float = 0.0
    answer: Access | None = None
    timer: asyncio.TimerHandle | None = None
    busy: bool = False
    again: bool = False  # a CoA came while it was busy
    sessions: int = 0

    @property
    def as_compliant(self) -> bool:
        """What its session has."""
        return self.answer is not None and self.answer.value("Tunnel-Private-Group-Id") == _COMPLIANT_VLAN


class Fleet:
    """`radiusd` gives the server that a network device asks at this moment, for access or for accounting.

    `wall`: seconds since the epoch.
    """

    def __init__(
        self,
        settings: Settings,
        loop: VirtualLoop,
        network: Network,
        tenant: Tenant,
        radiusd: Callable[[str, bool], Radiusd],
        wall: Callable[[], float],
        chance: random.Random,
        tally: Tally,
        *,
        forgetful: bool = False,
    ) -> None:
        self._settings = settings
        self._loop = loop
        self._tenant = tenant
        self._radiusd = radiusd
        self._wall = wall
        self._chance = chance
        self._tally = tally
        self.counts = Counts()
        self.failed: list[BaseException] = []
        self._tasks: set[asyncio.Task[Any]] = set()
        self._of_session: dict[str, Endpoint] = {}  # by Acct-Session-Id
        self._nas: dict[str, FleetNas] = {}
        secret = site.SECRET.encode()
        self.endpoints: list[Endpoint] = []
        for number in range(settings.sessions):
            address = site.nas_address(number, settings.per_nas)
            if address not in self._nas:
                self._nas[address] = FleetNas(
                    address, secret, network, wall, self._coa, self.counts, forgetful=forgetful
                )
            device = str(uuid.UUID(int=chance.getrandbits(128), version=4))
            self.endpoints.append(Endpoint(device, number, self._nas[address], f"host/{number:05d}"))

    def begin(self) -> None:
        """Plan the day: sign-ins, leaves and changes."""
        end, chance, signing_in = self._settings.seconds, self._chance, self._settings.signing_in
        hour, recheck = self._settings.reauth_interval, self._settings.recheck_interval or 900
        for endpoint in self.endpoints:
            arrives = chance.uniform(0, signing_in)
            self._loop.call_at(arrives, self._do, self._sign_in, endpoint)
            if chance.random() < 0.05:  # a meeting, or lunch
                leaves = chance.uniform(2 * signing_in, max(3 * signing_in, end - hour))
                self._loop.call_at(leaves, self._leave, endpoint)
                self._loop.call_at(leaves + chance.uniform(hour / 30, hour / 1.5), self._do, self._sign_in, endpoint)
        count = max(2, round(self._settings.changing * len(self.endpoints)))
        # Nothing changes shortly before the end, so that whatever is to come of it can come.
        last = end - 2 * recheck
        for endpoint in chance.sample(self.endpoints, min(count, len(self.endpoints))):
            worse = chance.uniform(1.5 * signing_in, last)
            self._loop.call_at(worse, self._change, endpoint, False)
            better = worse + chance.uniform(0.8 * hour, 1.6 * hour)
            if better < last:
                self._loop.call_at(better, self._change, endpoint, True)

    def check_at_end(self) -> None:
        """Every session has to have what the truth gives it."""
        for endpoint in self.endpoints:
            truth = endpoint.device not in self._tenant.noncompliant
            if endpoint.session is not None and endpoint.as_compliant != truth:
                self._tally.wrong_at_end.append(endpoint.device)

    @property
    def live(self) -> int:
        """How many sessions there are."""
        return len(self._of_session)

    def close(self) -> None:
        """Nobody does anything any more."""
        for endpoint in self.endpoints:
            if endpoint.timer is not None:
                endpoint.timer.cancel()
        for task in self._tasks:
            task.cancel()

    def _do(self, what: Callable[..., Any], *arguments: Any) -> None:
        task = self._loop.create_task(what(*arguments))
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self.failed.append(task.exception() or RuntimeError())

    def _change(self, endpoint: Endpoint, compliant: bool) -> None:
        (self._tenant.noncompliant.discard if compliant else self._tenant.noncompliant.add)(endpoint.device)
        self._tally.changed(endpoint.device, self._loop.time(), compliant=compliant, absent=endpoint.session is None)

    async def _sign_in(self, endpoint: Endpoint) -> None:
        if endpoint.session is not None or endpoint.busy:
            return
        endpoint.busy = True
        endpoint.sessions += 1
        try:
            audit = audit_session_id(endpoint.nas.address, endpoint.number << 8 | endpoint.sessions, int(self._wall()))
            port = WiredPort(
                mac=f"0050{endpoint.number:08X}",
                session=audit,
                nas_address=endpoint.nas.address,
                port=f"GigabitEthernet{endpoint.number % 200 // 48 + 1}/0/{endpoint.number % 48 + 1}",
                nas_port=50_000 + endpoint.number % 200,
            )
            session = NasSession(endpoint.name, f"{endpoint.number:05X}-{endpoint.sessions:X}", port.dot1x())
            answer = await self._authenticate(endpoint, session)
        finally:
            endpoint.busy = False
        self._tally.sign_ins += 1
        if not answer.accepted:
            self._tally.rejected += 1
            self._loop.call_later(_RETRY, self._do, self._sign_in, endpoint)
            return
        endpoint.session, endpoint.started_at = session, self._loop.time()
        endpoint.nas.sessions.append(session)
        self._of_session[session.identifier] = endpoint
        self._tally.came(endpoint.device, self._loop.time())
        self._authorized(endpoint, answer)
        self._account(endpoint, "Start")

    def _leave(self, endpoint: Endpoint) -> None:
        session = endpoint.session
        if session is None:
            return
        self._tally.left(endpoint.device)
        self._account(endpoint, "Stop")
        endpoint.nas.sessions.remove(session)
        del self._of_session[session.identifier]
        endpoint.session = endpoint.answer = None
        if endpoint.timer is not None:
            endpoint.timer.cancel()

    def _coa(self, kind: EffectKind, session: NasSession) -> None:
        endpoint = self._of_session[session.identifier]
        self._tally.effect(endpoint.device, self._loop.time())
        if kind is EffectKind.REAUTHENTICATED:
            slow = self._chance.random() < _SLOW
            pause = self._chance.uniform(1.0, _SLOWEST) if slow else self._chance.uniform(0.05, 0.3)
            self._loop.call_later(pause, self._reauthenticate_if_there, endpoint, session)
            return
        self._leave(endpoint)
        self._loop.call_later(_RETRY, self._do, self._sign_in, endpoint)

    def _reauthenticate_if_there(self, endpoint: Endpoint, session: NasSession) -> None:
        if endpoint.session is session:
            self._reauthenticate(endpoint, "coa")

    def _reauthenticate(self, endpoint: Endpoint, cause: str) -> None:
        if endpoint.busy:
            endpoint.again = True
        else:
            endpoint.busy = True
            self._do(self._do_reauthenticate, endpoint, cause)

    async def _do_reauthenticate(self, endpoint: Endpoint, cause: str) -> None:
        session, tally = endpoint.session, self._tally
        assert session is not None
        try:
            answer = await self._authenticate(endpoint, session)
        finally:
            endpoint.busy = False
        if cause == "coa":
            tally.by_coa += 1
            tally.by_coa_fresh += answer.fresh
        else:
            tally.by_timer += 1
            tally.by_timer_fresh += answer.fresh
            if not answer.fresh:
                tally.stale_by_hour[int(self._loop.time() // 3600)] += 1
        if endpoint.session is not session:
            return  # it has left meanwhile
        if not answer.accepted:
            tally.rejected += 1
            self._leave(endpoint)
            self._loop.call_later(_RETRY, self._do, self._sign_in, endpoint)
            return
        self._authorized(endpoint, answer)
        if endpoint.again:
            endpoint.again = False
            self._reauthenticate(endpoint, "coa")

    async def _authenticate(self, endpoint: Endpoint, session: NasSession) -> Access:
        while True:
            radiusd, asked = self._radiusd(endpoint.nas.address, True), self._asked(endpoint, session)
            try:
                return await radiusd.authenticate(asked, endpoint.device)
            except RadiusdGone:
                await asyncio.sleep(_NO_REPLY)

    def _authorized(self, endpoint: Endpoint, answer: Access) -> None:
        endpoint.answer = answer
        self._tally.authorized(endpoint.device, self._loop.time(), as_compliant=endpoint.as_compliant)
        if endpoint.timer is not None:
            endpoint.timer.cancel()
        timeout = answer.value("Session-Timeout")
        if timeout:
            endpoint.timer = self._loop.call_later(int(timeout), self._reauthenticate, endpoint, "timer")

    def _asked(self, endpoint: Endpoint, session: NasSession) -> list[tuple[str, str]]:
        """An Access-Request's attributes as FreeRADIUS prints them, with what policy.d/mdm adds."""
        pairs = [("User-Name", endpoint.name)]
        for name, value in session.access:
            names = _NAMES.get(name, {})
            pairs.append((name, names.get(value, str(value)) if isinstance(value, int) else str(value)))
        return [*pairs, ("MDM-Client-Address", endpoint.nas.address), ("MDM-Client-Name", "fleet")]

    def _account(self, endpoint: Endpoint, status: str) -> None:
        session, answer = endpoint.session, endpoint.answer
        assert session is not None
        assert answer is not None
        pairs = [
            *self._asked(endpoint, session),
            ("Acct-Status-Type", status),
            ("Acct-Session-Id", session.identifier),
            ("Acct-Session-Time", str(int(self._loop.time() - endpoint.started_at))),
            *(("Class", value) for name, value in answer.pairs if name == "Class"),
        ]
        self._send_accounting(endpoint, pairs)

    def _send_accounting(self, endpoint: Endpoint, pairs: list[tuple[str, str]]) -> None:
        """Until it is acknowledged."""
        if not self._radiusd(endpoint.nas.address, False).account(pairs):
            self._loop.call_later(_NO_REPLY, self._send_accounting, endpoint, pairs)
