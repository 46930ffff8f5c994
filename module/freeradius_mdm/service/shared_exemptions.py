"""Exemptions told to the other nodes, and learnt from them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from ..compliance import EndpointKey, IdKind
from ..exemption import LONGEST, Exemption, check
from .cluster.protocol import Cluster, SharedExemption
from .events import EventLog
from .exemptions import Exemptions

_TEXTS = ("id", "profile", "author", "reason", "ended_by", "end_reason")


class SharedExemptions:
    """Belongs to the event loop."""

    def __init__(self, cluster: Cluster, exemptions: Exemptions, events: EventLog) -> None:
        self._cluster = cluster
        self._exemptions = exemptions
        self._events = events
        self._complained = False
        self._work: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Tell of each that is made or ended here from now on."""
        self._exemptions.share.append(self._share)

    async def close(self) -> None:
        """Everything is on its way."""
        await asyncio.gather(*self._work)

    async def learn(self, texts: Sequence[str]) -> None:
        """See Inbox.exemptions. Raises StoreError."""
        told = []
        for text in texts:
            try:
                told.append(decode(text))
            except ValueError as error:
                if not self._complained:
                    self._complained = True
                    advice = "who else writes there?"
                    self._events.error("cluster_exemption_unreadable", text=text, error=error, next=advice)
        await self._exemptions.learn(told)

    def everything(self) -> list[SharedExemption]:
        """Every one that the others should know. Blocks; raises StoreError."""
        return [shared(each) for each in self._exemptions.everything()]

    def _share(self, exemption: Exemption) -> None:
        task = asyncio.create_task(self._cluster.put_exemption(shared(exemption)))
        self._work.add(task)
        task.add_done_callback(self._work.discard)


def shared(exemption: Exemption) -> SharedExemption:
    """Remembered until no earlier one of its endpoint can be in force any more: that one must not come back."""
    return SharedExemption(exemption.id, encode(exemption), exemption.changed_at, exemption.until + LONGEST)


def encode(exemption: Exemption) -> str:
    """JSON, the same text for the same exemption on every node."""
    key = [exemption.key.server, exemption.key.kind.value, exemption.key.value]
    texts = {name: getattr(exemption, name) for name in _TEXTS}
    times = {"made_at": exemption.made_at, "until": exemption.until, "ended_at": exemption.ended_at}
    return json.dumps({"key": key, **texts, **times}, separators=(",", ":"), sort_keys=True)


def decode(text: str) -> Exemption:
    """The reverse. What a later version has added is passed over. Raises ValueError."""
    try:
        found: dict[str, Any] = json.loads(text)
        server, kind, value = map(str, found["key"])
        ended_at = found["ended_at"]
        exemption = Exemption(
            key=EndpointKey(server, IdKind(kind), value),
            made_at=float(found["made_at"]),
            until=float(found["until"]),
            ended_at=None if ended_at is None else float(ended_at),
            **{name: str(found[name]) for name in _TEXTS},
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"no exemption: {text[:80]!r}") from error
    check(exemption)
    return exemption
