"""One mdmd with nobody to share with."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ...compliance import ComplianceAnswer, EndpointKey
from .protocol import ClusterMode, ClusterState, Inbox, Orphan, SharedAnswer, SharedExemption


class Alone:
    """A `Cluster` of one: everything is permitted, there is nobody to tell. `wall`: seconds since the epoch."""

    def __init__(self, node: str, wall: Callable[[], float]) -> None:
        self._node = node
        self._since = wall()

    @property
    def node(self) -> str:
        """This node's name."""
        return self._node

    async def start(self, inbox: Inbox) -> None:
        """Nobody will ever write to that inbox."""

    async def close(self) -> None:
        """Nothing to let go of."""

    def state(self) -> ClusterState:
        """Alone since the start."""
        return ClusterState(ClusterMode.ALONE, self._node, self._since)

    def tell_load(self, load: Callable[[], Mapping[str, int]]) -> None:
        """Nobody to tell."""

    def share(self, server: str) -> float:
        """All of it."""
        return 1.0

    async def share_answer(self, key: EndpointKey, answer: ComplianceAnswer, at: float) -> None:
        """Nobody to tell."""

    async def newer_answer(self, key: EndpointKey, than: float) -> SharedAnswer | None:
        """Nobody else asks."""
        return None

    async def may_ask(self, key: EndpointKey, ttl: float) -> bool:
        """Always."""
        return True

    async def answer_failed(self, key: EndpointKey) -> None:
        """Nobody waits."""

    async def hold(self, lease: str, ttl: float, *, alone: bool) -> bool:
        """Always: there is only one."""
        return True

    def holds(self, lease: str) -> bool:
        """Always: there is only one."""
        return True

    def token(self, lease: str) -> int:
        """Nobody to be fenced off."""
        return 0

    async def put_session(self, session_json: str, id_: str) -> None:
        """Nobody to tell."""

    async def drop_session(self, id_: str) -> None:
        """Nobody to tell."""

    async def orphaned(self) -> list[Orphan]:
        """Nobody can be gone."""
        return []

    async def claim_order(self, order_id: str, ttl: float, *, alone: bool) -> bool:
        """Always: the outbox in the store sees to it that an order is carried out once."""
        return True

    async def settle_order(self, order_id: str, result: str) -> None:
        """Nobody to tell."""

    async def put_exemption(self, exemption: SharedExemption) -> None:
        """Nobody to tell."""

    async def announce(self, topic: str, text: str) -> None:
        """Nobody to tell."""
