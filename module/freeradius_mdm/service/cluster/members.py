"""Heartbeats: who is there, who is gone, and whether Redis is still the one it was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .protocol import Peer
from .reasons import NameTakenError
from .share import Load, Shares, from_text

_NO_REASON_TO_WORRY = 2.0  # seconds that the clocks of two machines may differ


@dataclass(frozen=True, slots=True)
class Row:
    """A node as Redis has it. `seen`: seconds since the epoch."""

    name: str
    seen: float
    load: Load


@dataclass(frozen=True, slots=True)
class Beat:
    """What Redis says to a heartbeat. `epoch` is another one after Redis was restarted, emptied or replaced."""

    now: float  # seconds since the epoch, by Redis's clock
    epoch: str
    notices: int  # the number of the latest one
    first: int  # the number of the latest one when the epoch began
    started: int  # ms
    given: int  # sessions given to this node that it has not acknowledged
    away: int  # sessions of this node that others took
    ended: int  # sessions of this node whose end others saw
    nodes: tuple[Row, ...]  # this one too

    @classmethod
    def read(cls, reply: Any, node: str) -> Beat:
        """From the script's reply. Raises NameTakenError."""
        if reply == b"taken":
            raise NameTakenError(f"another mdmd calls itself {node!r}")
        now, epoch, notices, first, started, given, away, ended, flat = reply
        nodes = zip(flat[::4], flat[1::4], flat[2::4], flat[3::4], strict=True)
        return cls(
            now / 1000,
            epoch.decode(),
            notices,
            first,
            started,
            given,
            away,
            ended,
            tuple(
                Row(name.decode(), seen / 1000, Load(sessions, from_text(load.decode(errors="replace"))))
                for name, seen, sessions, load in nodes
            ),
        )


class Members:
    """The other nodes, as the latest heartbeat saw them. `gone_after`: seconds."""

    def __init__(self, node: str, gone_after: float, monotonic: Callable[[], float]) -> None:
        self._node = node
        self._gone_after = gone_after
        self._monotonic = monotonic
        self._alive: dict[str, float] = {}  # when last known to be alive, by our own clock
        self.peers: tuple[Peer, ...] = ()
        self._shares = Shares()

    def learn(self, beat: Beat) -> list[tuple[str, bool]]:
        """The nodes that have come (True) and gone (False) since the last time."""
        changes = []
        now = self._monotonic()
        self.peers = tuple(
            Peer(row.name, beat.now - row.seen <= self._gone_after, row.seen, row.load.sessions)
            for row in sorted(beat.nodes, key=lambda row: row.name)
            if row.name != self._node
        )
        loads = {row.name: row.load for row in beat.nodes}
        self._shares.learn(loads.get(self._node, Load(0, {})), [loads[peer.name] for peer in self.peers if peer.alive])
        for peer in self.peers:
            if peer.alive:
                if peer.name not in self._alive:
                    changes.append((peer.name, True))
                self._alive[peer.name] = now
        dead = {peer.name for peer in self.peers if not peer.alive}
        for name, seen in list(self._alive.items()):
            # One that is not listed at all has not found a Redis yet that was emptied: it gets the time for it.
            if name in dead or now - seen > self._gone_after:
                del self._alive[name]
                changes.append((name, False))
        return changes

    def share(self, server: str) -> float:
        """See Cluster."""
        return self._shares.of(server)

    @property
    def orphans_expected(self) -> bool:
        """Whether a node is gone that has sessions."""
        return any(peer.sessions and not peer.alive for peer in self.peers)


class ClockCheck:
    """Tells once when this machine's clock differs from Redis's by more than answers can bear."""

    def __init__(self) -> None:
        self.skew = 0.0
        self._worried = False

    def compare(self, here: float, there: float) -> bool:
        """True when it is time to tell."""
        self.skew = here - there
        worried = abs(self.skew) > _NO_REASON_TO_WORRY
        changed, self._worried = worried and not self._worried, worried
        return changed
