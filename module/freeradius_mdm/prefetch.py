"""Asking ahead: at the first EAP packet of a known MAC the query may start while the TLS handshake still runs.

That packet proves nothing yet, so all that comes of it is a question to the MDM server that would be asked anyway, and
how many of those one network device can cause is capped. Standard library only: radiusd imports this.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from . import mac
from .compliance import ComplianceRecord, EndpointKey
from .config.model import Config
from .errors import StoreError
from .identity.network_device import mac_texts
from .record_state import needs_answer
from .request import Request

_BURST = 2.0  # seconds' worth of a network device's questions that may come at once
_MOST_DEVICES = 10_000
_REMEMBERED = 30.0  # seconds; FreeRADIUS forgets a conversation after that long by default

ReadRecord = Callable[[EndpointKey], ComplianceRecord | None]


class Prefetch:
    """Counts per network device. Calls are serialised by rlm_python3, so there is no lock in here."""

    def __init__(self) -> None:
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()  # questions left, and as of when
        self._asked: OrderedDict[EndpointKey, float] = OrderedDict()

    def wanted(
        self,
        request: Request,
        config: Config,
        endpoint_of: Callable[[str], EndpointKey | None],
        read_record: ReadRecord,
        now: float,
    ) -> EndpointKey | None:
        """Whom to ask about now: the endpoint that last signed in with this MAC, if its record is due."""
        rate = config.service.prefetch_rate
        macs = [digits for text in mac_texts(request) if (digits := mac.parse(text))]
        if not rate or not macs:
            return None
        try:
            key = endpoint_of(macs[0])
            if key is None or not any(each.name == key.server and each.enabled for each in config.servers):
                return None
            if not needs_answer(read_record(key), config.server(key.server), now):
                return None
        except StoreError:
            return None  # the decision itself will tell
        client = request.first("MDM-Client-Address") or request.first("NAS-IP-Address")
        if not self._permitted(client, rate, now):
            return None
        self._remember(key, now)
        return key

    def asked_at(self, key: EndpointKey, now: float) -> float | None:
        """When that endpoint was last asked about ahead of a decision that may be this one; None: not lately."""
        at = self._asked.get(key)
        return at if at is not None and 0 <= now - at < _REMEMBERED else None

    def _remember(self, key: EndpointKey, now: float) -> None:
        self._asked.pop(key, None)
        self._asked[key] = now
        while len(self._asked) > _MOST_DEVICES or now - next(iter(self._asked.values())) >= _REMEMBERED:
            self._asked.popitem(last=False)

    def _permitted(self, client: str, rate: int, now: float) -> bool:
        most = rate * _BURST
        left, at = self._left.pop(client, (most, now))
        left = min(most, left + max(0.0, now - at) * rate)
        self._left[client] = (left - 1 if left >= 1 else left, now)
        if len(self._left) > _MOST_DEVICES:
            self._left.popitem(last=False)
        return left >= 1
