"""Sessions: who answers for which, and who takes them over when a node is gone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from .calls import Calls, CutOffError
from .line import Line
from .outbox import Outbox, Parcel
from .protocol import Orphan
from .scripts import Scripts

_AT_ONCE = 200  # sessions, so that the survivors share them
_GIVE_UP = 5.0  # seconds


class Sessions:
    """This node's sessions as Redis has them. `moved` is told about one that another node answers for."""

    def __init__(
        self,
        node: str,
        calls: Calls,
        outbox: Outbox,
        scripts: Scripts,
        moved: Callable[[str, str], Awaitable[None]],
    ) -> None:
        self._node = node
        self._calls = calls
        self._outbox = outbox
        self._scripts = scripts
        self._moved = moved
        self._given: set[str] = set()  # handed out by `orphaned`; the next `put` acknowledges it
        self._acknowledging: set[str] = set()
        self._spoken_of: set[str] = set()  # acknowledged, or about to be, since `orphaned` was called last
        self._telling = asyncio.Lock()  # so that nothing is told twice

    def put(self, id_: str, session_json: str) -> None:
        """See Cluster.put_session."""
        home = _home(session_json) or self._node
        acknowledge = id_ in self._given
        if acknowledge:
            self._acknowledge(id_)

        async def done(reply: Any) -> None:
            if acknowledge:
                self._given.discard(id_)
                self._acknowledging.discard(id_)
            owner = reply.decode()
            if owner != self._node:
                await self._moved(id_, owner)

        command = self._scripts.call("put", id_, session_json, home, int(acknowledge))
        self._outbox.add(f"s:{id_}", Parcel(lambda: command, done))

    def drop(self, id_: str) -> None:
        """See Cluster.drop_session."""
        if id_ in self._given:
            self._acknowledge(id_)

        async def done(_: Any) -> None:
            self._given.discard(id_)
            self._acknowledging.discard(id_)

        command = self._scripts.call("drop", id_)
        self._outbox.add(f"s:{id_}", Parcel(lambda: command, done))

    async def orphaned(self) -> list[Orphan]:
        """See Cluster.orphaned. Not for two callers at a time."""
        # The reply may have been on its way already when an acknowledgement arrived there.
        self._spoken_of = set(self._acknowledging)
        try:
            flat = await self._calls.ask(self._scripts.call("take", _AT_ONCE))
        except CutOffError:
            return []
        found = []
        for id_, value in zip(flat[::2], flat[1::2], strict=True):
            former, _, text = value.decode(errors="replace").partition(" ")
            if id_.decode() not in self._spoken_of:
                found.append(Orphan(former, id_.decode(), text))
        self._given.update(orphan.id for orphan in found)
        return found

    def _acknowledge(self, id_: str) -> None:
        self._acknowledging.add(id_)
        self._spoken_of.add(id_)

    async def reclaim(self) -> None:
        """Have back what others took while this node was away. Raises CutOffError."""
        while await self._calls.ask(self._scripts.call("reclaim", _AT_ONCE)):
            pass

    async def ended(self, tell: Callable[[str, str], Awaitable[None]]) -> None:
        """Tell which sessions of this node others saw end, once each. Raises CutOffError."""
        async with self._telling:
            flat = await self._calls.ask(self._scripts.call("ended"))
            pairs = [(id_.decode(), who.decode()) for id_, who in zip(flat[::2], flat[1::2], strict=True)]
            for start in range(0, len(pairs), _AT_ONCE):
                some = pairs[start : start + _AT_ONCE]
                for id_, who in some:
                    await tell(id_, who)
                await self._calls.ask(self._scripts.call("ended", *[id_ for id_, _ in some]))

    async def ids(self, line: Line) -> set[str]:
        """The sessions that Redis says are this node's."""
        members = await line.one(("SMEMBERS", self._scripts.key(f"of:{self._node}")), _GIVE_UP)
        return {id_.decode() for id_ in members}

    async def recall(self, line: Line, ids: Iterable[str]) -> None:
        """Have these come out of `orphaned`, unless this node has just spoken of them."""
        unspoken = [id_ for id_ in ids if f"s:{id_}" not in self._outbox]
        for start in range(0, len(unspoken), _AT_ONCE):
            await line.one(self._scripts.call("recall", *unspoken[start : start + _AT_ONCE]), _GIVE_UP)


def _home(session_json: str) -> str:
    """The node that authorized the session last."""
    try:
        node = json.loads(session_json).get("node", "")
    except (ValueError, AttributeError):
        return ""
    return node if isinstance(node, str) and node and not any(map(str.isspace, node)) else ""
