"""Leases and orders: what one node does and the others leave alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .calls import Calls, CutOffError
from .outbox import Outbox, Parcel
from .scripts import Scripts

_DRIFT = 0.01  # of a lease's time, by which two clocks may run apart in it
_DAY = 86400.0
_MOST_ORDERS = 50_000


@dataclass(frozen=True, slots=True)
class _Grip:
    token: int  # 0: held without asking, since nobody could be asked
    until: float  # by our own clock, reckoned from before the question: no later than Redis's own end of it


class Leases:
    """The leases of this node. `monotonic` goes on while the process is stopped."""

    def __init__(self, calls: Calls, scripts: Scripts, monotonic: Callable[[], float]) -> None:
        self._calls = calls
        self._scripts = scripts
        self._monotonic = monotonic
        self._grips: dict[str, _Grip] = {}

    async def hold(self, lease: str, ttl: float, *, alone: bool) -> bool:
        """See Cluster.hold."""
        before = self._monotonic()
        until = before + ttl * (1 - _DRIFT)
        claim = self.token(lease)
        try:
            granted, told = await self._calls.ask(self._scripts.call("hold", lease, _ms(ttl), claim))
        except CutOffError:
            if self.token(lease):  # it runs out when Redis says, whether Redis can be asked or not
                return True
            if alone:
                self._grips[lease] = _Grip(0, until)
            return alone
        if granted and self._monotonic() < until:
            self._grips[lease] = _Grip(int(told), until)
            return True
        self._grips.pop(lease, None)
        return False

    def holds(self, lease: str, *, cut_off: bool) -> bool:
        """See Cluster.holds; what was taken without asking counts for as long as nobody can be asked."""
        grip = self._grips.get(lease)
        return grip is not None and self._monotonic() < grip.until and (grip.token > 0 or cut_off)

    def token(self, lease: str) -> int:
        """See Cluster.token."""
        grip = self._grips.get(lease)
        return grip.token if grip is not None and self._monotonic() < grip.until else 0

    async def let_go(self) -> None:
        """Of all of them, so that nobody has to wait."""
        for lease in list(self._grips):
            if self.token(lease):
                await self._calls.ask(self._scripts.call("let_go", f"lease:{lease}"))
            del self._grips[lease]


class Orders:
    """Which orders this node has claimed and settled; told anew to a Redis that has forgotten."""

    def __init__(self, calls: Calls, outbox: Outbox, scripts: Scripts, monotonic: Callable[[], float]) -> None:
        self._calls = calls
        self._outbox = outbox
        self._scripts = scripts
        self._monotonic = monotonic
        self._settled: dict[str, tuple[str, float]] = {}  # result, until when; the oldest first

    async def claim(self, order_id: str, ttl: float, *, alone: bool) -> bool:
        """See Cluster.claim_order."""
        if order_id in self._settled:
            return False
        try:
            said = await self._calls.ask(self._scripts.call("claim", order_id, _ms(ttl)))
        except CutOffError:
            return alone
        return alone if said < 0 else bool(said)

    def settle(self, order_id: str, result: str) -> None:
        """See Cluster.settle_order."""
        now = self._monotonic()
        for old, (_, until) in list(self._settled.items())[:2]:
            if until < now or len(self._settled) >= _MOST_ORDERS:
                del self._settled[old]
        self._settled.setdefault(order_id, (result, now + _DAY))
        self._send(order_id)

    def tell_everything(self) -> None:
        """Every result once more."""
        for order_id in self._settled:
            self._send(order_id)

    def _send(self, order_id: str) -> None:
        result, until = self._settled[order_id]

        def make() -> tuple[str | int, ...] | None:
            left = until - self._monotonic()
            return self._scripts.call("settle", order_id, result, _ms(left)) if left > 0 else None

        self._outbox.add(f"o:{order_id}", Parcel(make))


def _ms(seconds: float) -> int:
    return max(1, int(seconds * 1000))
