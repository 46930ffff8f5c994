"""A node's part of what all nodes together may do for one MDM server, such as its `recheck_rate`.

It goes by the endpoints of that server each node has to ask about, so that a server whose endpoints are all at one node
is wholly that node's. A tenth is shared out evenly among the nodes that have some: a node with few of them can still
ask about one that is pressing within seconds, though most of the endpoints are elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

# Downwards to a multiple of 2**-40: a float holds each of these, and each sum of them up to 1, exactly.
_STEPS = 2**40


@dataclass(frozen=True, slots=True)
class Load:
    """What a node has to do. `endpoints`: to be asked about, per MDM server's name.

    None for a node that does not tell, as an older mdmd during an update, which shares by sessions: it counts as having
    as many endpoints of every server as it has sessions.
    """

    sessions: int
    endpoints: Mapping[str, int] | None = None

    def of(self, server: str) -> int:
        """Its endpoints of that server."""
        return self.sessions if self.endpoints is None else self.endpoints.get(server, 0)


class Shares:
    """All nodes see the same loads, each a little later or earlier than the others.

    So a part shrinks at once and grows one heartbeat late, from nothing too: while sessions move and nodes come, the
    parts don't add up to more than one.
    """

    def __init__(self) -> None:
        self._before: tuple[Load, Collection[Load]] | None = None
        self._latest: tuple[Load, Collection[Load]] | None = None

    def learn(self, mine: Load, others: Collection[Load]) -> None:
        """A heartbeat has shown the load of this node and that of each other one that is alive."""
        self._before, self._latest = self._latest, (mine, others)

    def of(self, server: str) -> float:
        """This node's part of that server, 0 to 1."""
        if self._before is None or self._latest is None:
            return 0.0
        return min(
            part(mine.of(server), [each.of(server) for each in others]) for mine, others in (self._before, self._latest)
        )


def part(mine: int, others: Sequence[int]) -> float:
    """Of a node with so many endpoints, while the others have these. All nodes' parts add up to 1, and never to more.

    0 without endpoints when others have some, and an even part of it while nobody has any, so that whoever gets the
    first one can begin.
    """
    everybody = mine + sum(others)
    if not everybody:
        above, below = 1, 1 + len(others)
    elif mine:
        having = 1 + sum(count > 0 for count in others)
        above, below = 9 * mine * having + everybody, 10 * everybody * having  # 0.9 * mine/everybody + 0.1/having
    else:
        return 0.0
    return _STEPS * above // below / _STEPS


def to_text(endpoints: Mapping[str, int]) -> str:
    """For other nodes."""
    return json.dumps(dict(endpoints), separators=(",", ":"))


def from_text(text: str) -> Mapping[str, int] | None:
    """What another node wrote; None when it wrote nothing, or something of a later version that means nothing here."""
    try:
        told = json.loads(text)
    except ValueError:
        return None
    if not isinstance(told, dict) or not all(type(count) is int and count >= 0 for count in told.values()):
        return None
    return told
